// SPDX-License-Identifier: Apache-2.0
// The signature of an SNP report, started as early as its key can be guessed: verifying it takes
// longer than everything else, and runs while the certificate is parsed.

import type { SnpReport } from '../core/snp.js'
import { contentKey } from './cache.js'
import type { Bytes } from './pem.js'
import { p384Key, verifyP384 } from './signature.js'

/**
 * Start of the SubjectPublicKeyInfo of every P-384 key: id-ecPublicKey, secp384r1, and a BIT STRING
 * of one uncompressed point (RFC 5480, SEC 1).
 */
const SPKI_HEAD = contentKey(
  Uint8Array.of(
    ...[0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
    ...[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04],
  ),
)
const POINT_LEN = 96

/**
 * The first thing in a certificate that looks like a P-384 key. A guess: whoever uses it compares
 * it with the key that the parser finds.
 */
export function guessKey(der: Bytes): Bytes | undefined {
  const at = contentKey(der).indexOf(SPKI_HEAD)
  return at < 0 ? undefined : der.slice(at, at + SPKI_HEAD.length + POINT_LEN)
}

/** Verifications of one report, at most one per key. */
export class ReportSignature {
  readonly #report: SnpReport
  readonly #started = new Map<string, Promise<boolean>>()

  constructor(report: SnpReport) {
    this.#report = report
  }

  /** Resolves when the verification under this key runs by itself, beside whatever comes next. */
  async start(spki: Bytes): Promise<void> {
    this.under(spki)
    await p384Key(spki)
  }

  /** Whether the key signed the report. */
  under(spki: Bytes): Promise<boolean> {
    const key = contentKey(spki)
    let verdict = this.#started.get(key)
    if (verdict === undefined) {
      verdict = verifyP384(spki, this.#report.signature, this.#report.signedBytes)
      // A guess may never be asked for again; whoever asks still sees what went wrong.
      verdict.catch(() => undefined)
      this.#started.set(key, verdict)
    }
    return verdict
  }
}
