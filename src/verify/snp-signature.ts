// SPDX-License-Identifier: Apache-2.0
// The signature of an SNP report, started as early as its key can be guessed: verifying it takes
// longer than everything else, and runs while all of that is done.

import type { Bytes } from '../core/private-copy.js'
import type { SnpReport } from '../core/snp.js'
import { contentKey } from './cache.js'
import { guessP384 } from './p384.js'
import { p384Key, verifyP384 } from './signature.js'

/** Verifications of one report, at most one per key. */
export class ReportSignature {
  readonly #report: SnpReport
  readonly #started = new Map<string, Promise<boolean>>()

  constructor(report: SnpReport) {
    this.#report = report
  }

  /**
   * Starts under the first key in sight, which is nearly always the right one. Resolves when that
   * runs by itself, beside whatever comes next.
   */
  async start(endorsements: readonly Bytes[]): Promise<void> {
    for (const endorsement of endorsements) {
      const spki = guessP384(endorsement)
      if (spki === undefined) continue
      this.under(spki)
      await p384Key(spki)
      return
    }
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
