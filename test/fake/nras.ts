// SPDX-License-Identifier: Apache-2.0
// An attestation service of the test world: NVIDIA's answers in both versions, signed with a key
// minted on the spot. Every part of an answer can be made wrong.

import { createHash, randomBytes } from 'node:crypto'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import type { JwkSet, TokenAlgorithm } from '../../src/verify/jwk-set.js'
import { NRAS_ORIGIN } from '../../src/verify/nras.js'
import type { NrasClaimsVersion } from '../../src/verify/nras-claims.js'

type Json = Record<string, unknown>

/** As of when everything here is issued. */
export const ISSUED = new Date('2026-10-01T12:00:00Z')
const IAT = ISSUED.getTime() / 1000
/** Of the SDK's local wrapper, whose secret everybody knows. */
const PUBLIC_SECRET = new TextEncoder().encode('secret'.padEnd(32))

export class FakeIssuer {
  constructor(
    readonly algorithm: TokenAlgorithm,
    readonly kid: string,
    readonly privateKey: CryptoKey,
    readonly jwk: JsonWebKey & { kid: string },
  ) {}

  static async create(algorithm: TokenAlgorithm = 'ES384'): Promise<FakeIssuer> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
    const kid = `key-${randomBytes(4).toString('hex')}`
    return new FakeIssuer(algorithm, kid, privateKey, { ...(await exportJWK(publicKey)), kid })
  }

  get jwks(): JwkSet {
    return { keys: [{ ...this.jwk, x5c: ['MA=='] } as JsonWebKey] }
  }

  /** A token; `header` is added to algorithm and key name, or replaces them. */
  async sign(claims: Json | string, header: Json = {}): Promise<string> {
    const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
    const { alg, ...names }: Json = { alg: this.algorithm, kid: this.kid, ...header }
    return new CompactSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg, ...names } as never)
      .sign(alg === 'HS256' ? PUBLIC_SECRET : this.privateKey)
  }
}

/** What all tokens of an answer have. */
export const standard = (): Json => ({
  iss: NRAS_ORIGIN,
  iat: IAT,
  nbf: IAT,
  exp: IAT + 3600,
  jti: 'a535f8fa-a79e-42a7-a845-5add515c76c9',
})

const GOOD_CHAIN = {
  'x-nvidia-cert-status': 'valid',
  'x-nvidia-cert-ocsp-status': 'good',
  'x-nvidia-cert-expiration-date': '9999-12-31T23:59:59Z',
  'x-nvidia-cert-revocation-reason': null,
}

/** Claims of a device as the service writes them. Spelled out: they are an oracle of what we require. */
export function deviceClaims(
  ueid: string,
  nonce: Uint8Array,
  version: NrasClaimsVersion,
  kind: 'gpu' | 'switch' = 'gpu',
): Json {
  const p = `x-nvidia-${kind}`
  const rims = kind === 'gpu' ? ['driver', 'vbios'] : ['bios']
  const claims: Json = {
    ...standard(),
    eat_nonce: Buffer.from(nonce).toString('hex'),
    ueid,
    oemid: '5703',
    hwmodel: kind === 'gpu' ? 'GH100' : 'LS_10 A01 FSP BROM',
    measres: 'success',
    secboot: true,
    dbgstat: 'disabled',
    'x-nvidia-attestation-warning': null,
    [`${p}-arch-check`]: true,
    [`${p}-attestation-report-parsed`]: true,
    [`${p}-attestation-report-nonce-match`]: true,
    [`${p}-attestation-report-signature-verified`]: true,
  }
  if (kind === 'gpu') claims['x-nvidia-gpu-vbios-index-no-conflict'] = true
  if (kind === 'gpu') claims['x-nvidia-gpu-driver-version'] = '570.172.08'
  claims[kind === 'gpu' ? 'x-nvidia-gpu-vbios-version' : 'x-nvidia-switch-bios-version'] =
    '96.00.D0.00.03'
  for (const rim of rims) {
    claims[`${p}-${rim}-rim-fetched`] = true
    claims[`${p}-${rim}-rim-schema-validated`] = true
    claims[`${p}-${rim}-rim-signature-verified`] = true
    claims[`${p}-${rim}-rim-measurements-available`] = true
    if (version === '2.0') claims[`${p}-${rim}-rim-cert-validated`] = true
    else claims[`${p}-${rim}-rim-version-match`] = true
    if (version === '3.0') claims[`${p}-${rim}-rim-cert-chain`] = { ...GOOD_CHAIN }
  }
  if (version === '2.0') claims[`${p}-attestation-report-cert-chain-validated`] = true
  else claims[`${p}-attestation-report-cert-chain-fwid-match`] = true
  if (version === '3.0') claims[`${p}-attestation-report-cert-chain`] = { ...GOOD_CHAIN }
  return claims
}

/** What the service says of a device that it refuses. */
export const refusedClaims = (code: number, message: string): Json => ({
  ...standard(),
  'x-nvidia-error-details': { code, message, httpStatus: '400 BAD_REQUEST', fieldName: 'nonce' },
})

/** A request, and what is wrong with its answer. */
export interface Wish {
  readonly nonce: Uint8Array
  /** One device each, in the order of the request. */
  readonly devices: readonly Json[]
  readonly version?: NrasClaimsVersion
  readonly kind?: 'GPU' | 'SWITCH'
  /** Changes of the overall token. */
  readonly overall?: Json
  readonly header?: Json
  /** Signs the tokens of the devices, when it is somebody else. */
  readonly deviceIssuer?: FakeIssuer
}

/** `[["JWT", overall], {"GPU-0": token, …}]` */
export type Answer = [[string, string], Record<string, string>]

export async function nrasAnswer(issuer: FakeIssuer, wish: Wish): Promise<Answer> {
  const { nonce, devices, version = '2.0', kind = 'GPU', overall = {}, header = {} } = wish
  const tokens: Record<string, string> = {}
  for (const [at, claims] of devices.entries()) {
    tokens[`${kind}-${at}`] = await (wish.deviceIssuer ?? issuer).sign(claims)
  }
  const digests = Object.entries(tokens).map(([name, token]) => {
    const hex = createHash('sha256').update(token).digest('hex')
    return [name, ['DIGEST', ['SHA-256', hex]]]
  })
  const claims = {
    ...standard(),
    sub: 'NVIDIA-PLATFORM-ATTESTATION',
    'x-nvidia-ver': version,
    'x-nvidia-overall-att-result': true,
    eat_nonce: Buffer.from(nonce).toString('hex'),
    submods: Object.fromEntries(digests),
    ...overall,
  }
  return [['JWT', await issuer.sign(claims, header)], tokens]
}
