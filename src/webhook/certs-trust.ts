// SPDX-License-Identifier: Apache-2.0
// What the API server trusts, in the course of one run: reads the webhook configuration, writes what has
// to change, and remembers what it was like at first.

import type { X509Certificate } from 'node:crypto'
import type { V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import { AttestationError } from '../errors.js'
import type { CertsApi } from './certs-api.js'
import {
  type BundleChange,
  bundleChanges,
  bundlePatch,
  type Target,
  type Trust,
} from './certs-bundle.js'

export type Configuration = V1MutatingWebhookConfiguration | null

/** `missing`: there is no configuration. `unrelated`: none of its webhooks calls us. */
export type TrustState = 'unchanged' | 'patched' | 'missing' | 'unrelated'

export interface TrustOptions extends Target {
  readonly api: CertsApi
  /** Name of the configuration. */
  readonly configuration: string
}

const CERT_MANAGER_INJECTS = 'cert-manager.io/inject-'

export class CertsTrust {
  readonly #options: TrustOptions
  #state: TrustState = 'unchanged'
  /** By the position of the webhook. */
  readonly #first = new Map<number, readonly X509Certificate[]>()
  #last: readonly BundleChange[] = []

  constructor(options: TrustOptions) {
    this.#options = options
  }

  get state(): TrustState {
    return this.#state
  }

  /** One for each webhook that calls us: as found at first, and as it is now. */
  get bundles(): readonly Pick<BundleChange, 'index' | 'before' | 'after'>[] {
    return this.#last.map(({ index, after }) => ({
      index,
      before: this.#first.get(index) as readonly X509Certificate[],
      after,
    }))
  }

  /** @throws {AttestationError} `ERR_WEBHOOK_CONFIGURATION` where somebody else writes caBundle */
  async read(): Promise<Configuration> {
    const { api, configuration: name } = this.#options
    const configuration = await api.configuration()
    const annotations = Object.keys(configuration?.metadata?.annotations ?? {})
    const injected = annotations.find((one) => one.startsWith(CERT_MANAGER_INJECTS))
    if (injected === undefined) return configuration
    throw new AttestationError(
      'ERR_WEBHOOK_CONFIGURATION',
      `cert-manager writes the caBundle of ${name}: remove its annotation ${injected}, or this job`,
    )
  }

  /** @returns whether the API server has to learn something that it did not know */
  async write(configuration: Configuration, trust: Trust): Promise<boolean> {
    const { api } = this.#options
    const changes = configuration === null ? [] : bundleChanges(configuration, this.#options, trust)
    for (const { index, before } of changes) {
      if (!this.#first.has(index)) this.#first.set(index, before)
    }
    this.#last = changes
    const due = changes.filter((change) => change.due)
    if (configuration === null) this.#state = 'missing'
    else if (changes.length === 0) this.#state = 'unrelated'
    else if (due.length > 0) {
      // Before the answer: where none comes it may have been done.
      this.#state = 'patched'
      await api.patchConfiguration(bundlePatch(configuration, due), { dryRun: false })
    } else if (this.#state !== 'patched') this.#state = 'unchanged'
    return due.length > 0
  }
}
