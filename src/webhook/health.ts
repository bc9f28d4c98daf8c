// SPDX-License-Identifier: Apache-2.0
// Whether to send admissions here: only while the certificate is one that the API server can accept,
// and not any more once the process is to end.

import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'

/** What is known about the certificate in use. */
export interface CertificateState {
  readonly notBefore: Date
  readonly notAfter: Date
  /** Why the files that are there now are not in use; null when they are. */
  readonly trouble: AttestationError | null
}

const DAY_MS = 86_400_000
/** Renewal is overdue then, whoever does it. */
const WARN_MS = 7 * DAY_MS
/** Of a life that is short. */
const WARN_SHARE = 1 / 5

export class Readiness {
  #stopping = false

  constructor(
    private readonly clock: Clock,
    private readonly certificate: () => CertificateState,
  ) {}

  /** From now on, nobody new should come. */
  stop(): void {
    this.#stopping = true
  }

  get stopping(): boolean {
    return this.#stopping
  }

  /** Why nothing should be sent here; null when all is well. */
  get trouble(): AttestationError | null {
    if (this.#stopping) return new AttestationError('ERR_SHUTDOWN', 'the webhook is stopping')
    const now = this.clock.now()
    const { notBefore, notAfter } = this.certificate()
    if (now > notAfter) return validity(`ended at ${notAfter.toISOString()}; renew it`)
    if (now < notBefore) {
      return validity(`begins at ${notBefore.toISOString()}; check the clock of this node`)
    }
    return null
  }

  /** What will be trouble if nobody sees to it, in sentences. */
  get warnings(): readonly string[] {
    const { notBefore, notAfter, trouble } = this.certificate()
    const left = notAfter.getTime() - this.clock.now().getTime()
    const life = notAfter.getTime() - notBefore.getTime()
    const isEnding = left < Math.min(WARN_MS, life * WARN_SHARE)
    return [
      ...(trouble ? [`${trouble.code}: ${trouble.message}`] : []),
      ...(isEnding ? [`the certificate ends at ${notAfter.toISOString()}; renew it`] : []),
    ]
  }
}

const validity = (words: string) =>
  new AttestationError('ERR_TLS_VALIDITY', `the serving certificate ${words}`)
