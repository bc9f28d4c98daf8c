// SPDX-License-Identifier: Apache-2.0
// Certificate and key as files that somebody renews: what is there is put into use as soon as it can
// be, and until then what was there before is kept.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { pause } from '../service/lifetime.js'
import type { TlsCredentials } from '../service/server.js'
import type { CertificateState } from './health.js'
import type { ReloadCounts } from './metrics.js'

export interface TlsFileNames {
  /** PEM: the certificate, and after it those between it and its root. */
  readonly cert: string
  /** PEM, without a passphrase. */
  readonly key: string
  /** PEM: who signs the certificates of clients; null where they need none. */
  readonly clientCa: string | null
}

export interface TlsFilesOptions {
  readonly names: TlsFileNames
  readonly clock: Clock
  readonly log: Logger
}

interface Usable extends TlsCredentials {
  readonly notBefore: Date
  readonly notAfter: Date
}

/**
 * Kubernetes swaps a link two levels up when it renews a Secret, other tools write in place or rename:
 * of all of these only the content tells.
 */
export const LOOK_EVERY_MS = 1_000

export class TlsFiles {
  readonly #options: TlsFilesOptions
  #current: Usable | null = null
  #trouble: AttestationError | null = null
  #done = 0
  #failed = 0

  constructor(options: TlsFilesOptions) {
    this.#options = options
  }

  /** Waits for files that can be used; null when told to stop before there are any. */
  async first(stop: AbortSignal): Promise<TlsCredentials | null> {
    while (!stop.aborted) {
      await this.look()
      if (this.#current) return this.#current
      await pause(this.#options.clock, LOOK_EVERY_MS, stop)
    }
    return null
  }

  /** What is to be put into use now; null when nothing has changed, or not to something better. */
  async look(): Promise<TlsCredentials | null> {
    try {
      const next = await readTlsFiles(this.#options.names)
      if (this.#current !== null && isSame(next, this.#current)) {
        this.#trouble = null
        return null
      }
      const usable = checkTlsFiles(next)
      this.#prefer(usable)
      if (this.#current) this.#done++
      this.#current = usable
      this.#trouble = null
      this.#options.log.info({ notAfter: usable.notAfter }, 'certificate in use')
      return usable
    } catch (error) {
      this.#fail(error as AttestationError)
      return null
    }
  }

  /** Of the certificate in use; there must be one. */
  get state(): CertificateState {
    const { notBefore, notAfter } = this.#current as Usable
    return { notBefore, notAfter, trouble: this.#trouble }
  }

  get reloads(): ReloadCounts {
    return { done: this.#done, failed: this.#failed }
  }

  /** Files may be ahead of the clock, or forgotten: one that is in date is not given up for those. */
  #prefer(next: Usable): void {
    const now = this.#options.clock.now()
    if (this.#current === null || isInDate(next, now) || !isInDate(this.#current, now)) return
    throw unusable(
      `the certificate of --tls-cert is good from ${next.notBefore.toISOString()} to ${next.notAfter.toISOString()}, and not now`,
    )
  }

  #fail(error: AttestationError): void {
    this.#failed++
    const isNews = this.#trouble?.message !== error.message
    this.#trouble = error
    if (!isNews) return
    const kept = this.#current !== null
    const { code, message } = error
    this.#options.log.error({ code, kept }, message)
  }
}

const isInDate = ({ notBefore, notAfter }: Usable, now: Date): boolean =>
  now >= notBefore && now <= notAfter

const isSame = (one: TlsCredentials, other: TlsCredentials): boolean =>
  one.cert === other.cert && one.key === other.key && one.clientCa === other.clientCa

/** @throws {AttestationError} `ERR_TLS_FILES` */
export async function readTlsFiles(names: TlsFileNames): Promise<TlsCredentials> {
  const cert = await read(names.cert, '--tls-cert')
  const key = await read(names.key, '--tls-key')
  if (names.clientCa === null) return { cert, key }
  return { cert, key, clientCa: await read(names.clientCa, '--client-ca') }
}

async function read(name: string, flag: string): Promise<string> {
  try {
    return await readFile(name, 'latin1')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw unusable(`the file of ${flag} cannot be read (${code})`, cause)
  }
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/**
 * Whether an API server can accept them, short of whose they are.
 *
 * @throws {AttestationError} `ERR_TLS_FILES`
 */
export function checkTlsFiles({ cert, key, clientCa }: TlsCredentials): Usable {
  const chain = certificates(cert, '--tls-cert')
  const [leaf] = chain as [X509Certificate]
  if (!leaf.checkPrivateKey(privateKey(key))) {
    throw unusable('the key of --tls-key is not that of the first certificate of --tls-cert')
  }
  if (leaf.subjectAltName === undefined) {
    throw unusable(
      'the certificate of --tls-cert has no subjectAltName; nobody goes by CN any more',
    )
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(SERVER_AUTH)) {
    throw unusable('the certificate of --tls-cert is not for servers (serverAuth)')
  }
  if (clientCa !== undefined) certificates(clientCa, '--client-ca')
  try {
    createSecureContext({ cert, key, ...(clientCa !== undefined && { ca: clientCa }) })
  } catch (cause) {
    throw unusable(`TLS cannot use --tls-cert and --tls-key: ${(cause as Error).message}`, cause)
  }
  const times = (of: (one: X509Certificate) => string) => chain.map((one) => Date.parse(of(one)))
  return {
    cert,
    key,
    ...(clientCa !== undefined && { clientCa }),
    // One that signs the other may end first.
    notBefore: new Date(Math.max(...times(({ validFrom }) => validFrom))),
    notAfter: new Date(Math.min(...times(({ validTo }) => validTo))),
  }
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function certificates(pem: string, flag: string): X509Certificate[] {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0) throw unusable(`the file of ${flag} has no certificate in PEM`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (cause) {
    throw unusable(`the file of ${flag} has a certificate that cannot be read`, cause)
  }
}

function privateKey(pem: string) {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw unusable('the file of --tls-key has no private key in PEM without a passphrase', cause)
  }
}

const unusable = (message: string, cause?: unknown): AttestationError =>
  new AttestationError('ERR_TLS_FILES', message, { cause })
