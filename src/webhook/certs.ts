// SPDX-License-Identifier: Apache-2.0
// The certificate job: one run, tried again where somebody else was faster or the API server was busy.

import { AttestationError, type Code } from '../errors.js'
import type { BundleChange } from './certs-bundle.js'
import type { Reason } from './certs-due.js'
import { CertsRun } from './certs-run.js'
import type { Held } from './certs-secret.js'
import type { TrustOptions, TrustState } from './certs-trust.js'

export interface CertsOptions extends TrustOptions {
  /** Name of the Secret. */
  readonly secret: string
  readonly lifetimeMs: number
  /** How long API servers are given to take up a changed configuration. */
  readonly settleMs: number
  /** Renews although nothing is due. */
  readonly renew: boolean
  /** Replaces a Secret that is not ours in form. */
  readonly force: boolean
  /** Ends the trust in every authority but that of the certificate in the Secret. */
  readonly prune: boolean
  now(): Date
  sleep(ms: number): Promise<unknown>
}

export interface Outcome {
  readonly secret: 'unchanged' | 'created' | 'renewed' | 'replaced' | 'pruned'
  readonly reason: Reason | null
  readonly held: Held
  readonly configuration: TrustState
  /** As they were found, and as they are now: one for each webhook that calls us. */
  readonly bundles: readonly Pick<BundleChange, 'index' | 'before' | 'after'>[]
}

const ATTEMPTS = 8
const RETRY_MS = 100
const RETRY_MAX_MS = 3000
const RETRIED: ReadonlySet<Code> = new Set([
  'ERR_KUBERNETES_CONFLICT',
  'ERR_KUBERNETES_UNAVAILABLE',
])

/**
 * Sees to it that the Secret holds a certificate that is far from its end, and that the API server
 * trusts it, and those that pods may still serve.
 *
 * @throws {AttestationError} `ERR_KUBERNETES_*`, `ERR_WEBHOOK_SECRET`, `ERR_WEBHOOK_CONFIGURATION`
 */
export const maintainCertificates = (options: CertsOptions): Promise<Outcome> =>
  attempts(new CertsRun(options), options, 1)

async function attempts(run: CertsRun, options: CertsOptions, nth: number): Promise<Outcome> {
  try {
    return await run.attempt()
  } catch (error) {
    if (nth === ATTEMPTS || !mayPass(error)) throw error
  }
  await options.sleep(Math.min(RETRY_MS * 2 ** (nth - 1), RETRY_MAX_MS))
  return attempts(run, options, nth + 1)
}

const mayPass = (error: unknown): boolean =>
  error instanceof AttestationError && RETRIED.has(error.code)
