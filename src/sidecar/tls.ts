// SPDX-License-Identifier: Apache-2.0
// The keys of one run of the sidecar, and a certificate that is always in date: the key that is bound
// into evidence stays what it is, and only the certificate around it is renewed.

import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { joinBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { toPem } from '../pem.js'
import type { Clock } from '../service/clock.js'
import type { TlsCredentials } from '../service/server.js'

const generate = promisify(generateKeyPair)

export interface MintedKeys {
  /** Private, P-384. */
  readonly tls: KeyObject
  /** DER SubjectPublicKeyInfo of `tls`. */
  readonly tlsSpki: Bytes
  /** Private, X25519. */
  readonly hpkePrivate: KeyObject
  /** Claim 0x03 (protocol section 3): KEM id and public key. */
  readonly hpke: Bytes
}

/** DHKEM(X25519, HKDF-SHA256) of RFC 9180, section 7.1. */
const KEM_X25519 = Uint8Array.of(0x00, 0x20)
const X25519_LEN = 32

/** Keys of a process: they are never written down, and end with it. */
export async function mintKeys(): Promise<MintedKeys> {
  const [tls, hpke] = await Promise.all([
    generate('ec', { namedCurve: 'P-384' }),
    generate('x25519'),
  ])
  // The key itself is the last thing in its SubjectPublicKeyInfo (RFC 8410, section 4).
  const publicKey = spkiOf(hpke.privateKey).subarray(-X25519_LEN)
  return {
    tls: tls.privateKey,
    tlsSpki: spkiOf(tls.privateKey),
    hpkePrivate: hpke.privateKey,
    hpke: joinBytes([KEM_X25519, publicKey]),
  }
}

const spkiOf = (key: KeyObject): Bytes =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))

export interface RenewalOptions {
  readonly key: KeyObject
  readonly clock: Clock
  /** Puts a certificate into use. */
  readonly use: (credentials: TlsCredentials) => void
  /** A renewal that did not work; it is tried again. */
  readonly failed: (error: unknown) => void
  /** Writes the certificate; `selfSigned` unless a test says otherwise. */
  readonly issue?: typeof issue
}

export interface Renewal {
  /** Of the certificate in use. */
  readonly first: TlsCredentials
  expiry(): Date
  stop(): void
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** AEP-83. */
const VALIDITY_MS = 24 * HOUR_MS
/** Clocks of clients may be behind. */
const BACKDATED_MS = 5 * MINUTE_MS
/** Renewed this long before it ends: a client whose clock is ahead is still served, and there is time to fail. */
const RENEW_BEFORE_MS = 8 * HOUR_MS
const LOOK_EVERY_MS = MINUTE_MS

/**
 * Issues a certificate, and another one before it ends. It looks at the clock every minute instead of
 * once after so many hours, because the clock of a guest jumps: one that was paused wakes up past the
 * end, and one that booted with a wrong time finds that its certificate is not valid yet.
 */
export async function startRenewal(options: RenewalOptions): Promise<Renewal> {
  const { key, clock, use, failed } = options
  const write = options.issue ?? issue
  let current = await write(key, clock.now())
  let stopped = false
  const look = async () => {
    try {
      if (!fresh(current, clock.now())) {
        const next = await write(key, clock.now())
        if (stopped) return
        use(next)
        current = next
      }
    } catch (error) {
      failed(error)
    }
    wait()
  }
  const wait = () => {
    if (!stopped) cancel = clock.after(LOOK_EVERY_MS, look)
  }
  let cancel = clock.after(LOOK_EVERY_MS, look)
  return {
    first: current,
    expiry: () => current.notAfter,
    stop: () => {
      stopped = true
      cancel()
    },
  }
}

interface Issued extends TlsCredentials {
  readonly notBefore: Date
  readonly notAfter: Date
}

const fresh = ({ notBefore, notAfter }: Issued, now: Date): boolean =>
  now >= notBefore && now.getTime() < notAfter.getTime() - RENEW_BEFORE_MS

/** A certificate that is valid at `now`. */
export async function issue(key: KeyObject, now: Date): Promise<Issued> {
  // Only here: what writes X.509 costs time at the start, which nothing else needs.
  const { selfSigned } = await import('./certificate.js')
  // Seconds are all that a certificate says.
  const second = Math.floor(now.getTime() / 1000) * 1000
  const notBefore = new Date(second - BACKDATED_MS)
  const notAfter = new Date(notBefore.getTime() + VALIDITY_MS)
  const der = selfSigned({ key, notBefore, notAfter })
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: toPem(der),
    notBefore,
    notAfter,
  }
}
