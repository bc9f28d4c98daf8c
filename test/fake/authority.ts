// SPDX-License-Identifier: Apache-2.0
// A CA of the test world, and the certificates of servers and clients that it issues: good ones, unless
// a test asks for something else.

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { ExtendedKeyUsage, id_ce_extKeyUsage, id_kp_clientAuth } from '@peculiar/asn1-x509'
import { toPem } from '../../src/pem.js'
import {
  alternativeNames,
  caConstraints,
  commonName,
  derOf,
  ECDSA_SHA_256,
  extension,
  serialNumber,
  serverAuth,
  signed,
  toBeSigned,
} from '../../src/service/x509-write.js'

export interface Issued {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export interface Wanted {
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** Of a client instead of a server. */
  readonly client?: boolean
  /** Names of a server; none where null. */
  readonly dns?: string | null
  /** An RSA key of so many bits, in place of P-256. */
  readonly rsaBits?: number
}

const DAY_MS = 86_400_000

export class Authority {
  readonly #key = keyPair()
  /** PEM. */
  readonly cert: string

  constructor(private readonly name = 'a CA of the test world') {
    this.cert = this.#certificate(this.#key, name, [caConstraints()], {})
  }

  issue(wanted: Wanted = {}): Issued {
    const { client = false, dns = 'assay-webhook.assay-system.svc', rsaBits } = wanted
    const key = keyPair(rsaBits)
    const usage = client
      ? extension(id_ce_extKeyUsage, derOf(new ExtendedKeyUsage([id_kp_clientAuth])))
      : serverAuth()
    const names = dns === null ? [] : [alternativeNames([{ dns }, { ip: '127.0.0.1' }])]
    return {
      cert: this.#certificate(key, client ? 'a client' : 'a server', [usage, ...names], wanted),
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    }
  }

  #certificate(
    key: KeyObject,
    subject: string,
    extensions: ReturnType<typeof extension>[],
    { notBefore, notAfter }: Wanted,
  ): string {
    const tbs = toBeSigned({
      serial: serialNumber(),
      signature: ECDSA_SHA_256,
      issuer: commonName(this.name),
      subject: commonName(subject),
      notBefore: notBefore ?? new Date(Date.now() - DAY_MS),
      notAfter: notAfter ?? new Date(Date.now() + 365 * DAY_MS),
      spki: new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })),
      extensions,
    })
    const signature = sign('sha256', new Uint8Array(derOf(tbs)), this.#key)
    return toPem(signed(tbs, new Uint8Array(signature).buffer))
  }
}

const keyPair = (rsaBits?: number): KeyObject =>
  rsaBits === undefined
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: rsaBits }).privateKey
