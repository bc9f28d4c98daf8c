// SPDX-License-Identifier: Apache-2.0
// All that the certificate job asks of a cluster, and with which permissions; and how to rehearse a run:
// the server checks every write, and keeps none.

import type { V1MutatingWebhookConfiguration, V1Secret } from '@kubernetes/client-node'
import type { Operation } from 'rfc6902'

export interface WriteOptions {
  /** The server checks everything, and keeps nothing. */
  readonly dryRun: boolean
}

/**
 * One Secret and one MutatingWebhookConfiguration, by name. Writes are refused with
 * `ERR_KUBERNETES_CONFLICT` where somebody else was faster; other refusals are `ERR_KUBERNETES_*`, too.
 */
export interface CertsApi {
  /** Verb get. Null where there is none. */
  secret(): Promise<V1Secret | null>
  /** Verb create. */
  createSecret(secret: V1Secret, options: WriteOptions): Promise<V1Secret>
  /** Verb update, of the version that the Secret says it is. */
  replaceSecret(secret: V1Secret, options: WriteOptions): Promise<V1Secret>
  /** Verb get. Null where there is none. */
  configuration(): Promise<V1MutatingWebhookConfiguration | null>
  /** Verb patch; JSON Patch. */
  patchConfiguration(
    patch: readonly Operation[],
    options: WriteOptions,
  ): Promise<V1MutatingWebhookConfiguration>
}

/** The same cluster, in which writes happen for this caller only. */
export function rehearsal(api: CertsApi): CertsApi {
  let secret: V1Secret | undefined
  let configuration: V1MutatingWebhookConfiguration | undefined
  const dry = { dryRun: true }
  return {
    secret: async () => secret ?? api.secret(),
    configuration: async () => configuration ?? api.configuration(),
    createSecret: async (given, { dryRun }) => {
      const made = await api.createSecret(given, dry)
      if (!dryRun) secret = made
      return made
    },
    replaceSecret: async (given, { dryRun }) => {
      const made = await api.replaceSecret(given, dry)
      if (!dryRun) secret = made
      return made
    },
    patchConfiguration: async (patch) => {
      configuration = await api.patchConfiguration(patch, dry)
      return configuration
    },
  }
}
