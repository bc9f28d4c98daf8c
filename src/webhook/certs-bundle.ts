// SPDX-License-Identifier: Apache-2.0
// Which authorities the API server must trust: those in the Secret, and those that a run somewhere may
// be about to put there. Everything here is a pure function of what is there and of the time.

import type { X509Certificate } from 'node:crypto'
import type { V1MutatingWebhook, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import type { Operation } from 'rfc6902'
import { isOurs, madeAt, notAfter } from './certs-issue.js'
import { certificates, encoded } from './certs-secret.js'

const MINUTE_MS = 60_000
/** Clocks differ. */
const SKEW_MS = 60 * MINUTE_MS
/** After this long nobody is about to use an authority any more: it is in use, or was given up. */
const IN_FLIGHT_MS = 15 * MINUTE_MS
/** Kept this long although no Secret names it: longer than any run, and than a Secret takes to pods. */
const FORGOTTEN_MS = 60 * MINUTE_MS

/** Whose `caBundle` is ours to write. */
export interface Target {
  /** A service that a webhook calls. */
  readonly namespace: string
  readonly service: string
  /** Names of the certificate; a webhook may call one of them by URL instead. */
  readonly names: readonly string[]
}

export interface Trust {
  /** From before anything was read. */
  readonly now: Date
  /** Authorities that the Secret names. */
  readonly held: readonly X509Certificate[]
  /** Authorities that this run has made, and no Secret will ever name. */
  readonly abandoned: readonly X509Certificate[]
  /** Drops whatever the Secret does not name. */
  readonly prune: boolean
}

/** One `caBundle`, and what it should be. */
export interface BundleChange {
  /** Position of the webhook. */
  readonly index: number
  readonly before: readonly X509Certificate[]
  readonly after: readonly X509Certificate[]
  /** Whether there is anything to write. */
  readonly due: boolean
}

/** @returns one entry for each webhook that calls us */
export function bundleChanges(
  configuration: V1MutatingWebhookConfiguration,
  target: Target,
  trust: Trust,
): readonly BundleChange[] {
  return ours(configuration, target).map(({ index, bundle: { readable: before, damaged } }) => {
    const after = wanted(before, trust)
    return { index, before, after, due: damaged || !same(before, after) }
  })
}

/** Authorities of ours that pods may be serving under, newest first, where there is no Secret to ask. */
export function authoritiesInUse(
  configuration: V1MutatingWebhookConfiguration | null,
  target: Target,
  now: Date,
): readonly X509Certificate[] {
  const found = configuration === null ? [] : ours(configuration, target)
  const all = unique(found.flatMap(({ bundle }) => bundle.readable))
  return unexpired(all, now)
    .filter((one) => isOurs(one) && age(one, now) > IN_FLIGHT_MS)
    .sort((one, other) => age(one, now) - age(other, now))
}

export const unexpired = (all: readonly X509Certificate[], now: Date): readonly X509Certificate[] =>
  all.filter((one) => !expired(one, now))

/** JSON Patch; refused by the server when somebody has written the configuration meanwhile. */
export function bundlePatch(
  configuration: V1MutatingWebhookConfiguration,
  changes: readonly BundleChange[],
): Operation[] {
  const resourceVersion = configuration.metadata?.resourceVersion
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ...changes.map(
      ({ index, after }): Operation => ({
        op: 'add',
        path: `/webhooks/${index}/clientConfig/caBundle`,
        value: encoded(after),
      }),
    ),
  ]
}

function calls(
  { clientConfig }: V1MutatingWebhook,
  { namespace, service, names }: Target,
): boolean {
  if (clientConfig.url !== undefined) {
    // The server has seen to it that it is a URL.
    return names.includes(new URL(clientConfig.url).hostname.replace(/^\[(.*)\]$/, '$1'))
  }
  return clientConfig.service?.name === service && clientConfig.service.namespace === namespace
}

/** What the webhooks that call us trust. */
const ours = ({ webhooks = [] }: V1MutatingWebhookConfiguration, target: Target) =>
  webhooks.flatMap((webhook, index) => {
    if (!calls(webhook, target)) return []
    const text = Buffer.from(webhook.clientConfig.caBundle ?? '', 'base64').toString()
    return [{ index, bundle: certificates(text) }]
  })

/** What is there stays where it is, as long as anybody may need it; what is missing is added. */
function wanted(
  before: readonly X509Certificate[],
  { now, held, abandoned, prune }: Trust,
): readonly X509Certificate[] {
  const needed = (one: X509Certificate): boolean =>
    includes(held, one) ||
    (!prune && !includes(abandoned, one) && (!isOurs(one) || age(one, now) <= FORGOTTEN_MS))
  return unique([...before.filter(needed), ...held])
}

/** How long ago one of ours was made. */
export const age = (one: X509Certificate, now: Date): number =>
  now.getTime() - madeAt(one).getTime()

const expired = (one: X509Certificate, now: Date): boolean =>
  now.getTime() - notAfter(one).getTime() > SKEW_MS

export const includes = (all: readonly X509Certificate[], one: X509Certificate): boolean =>
  all.some((other) => other.fingerprint256 === one.fingerprint256)

const unique = (all: readonly X509Certificate[]): readonly X509Certificate[] =>
  all.filter((one, at) => !includes(all.slice(0, at), one))

const same = (some: readonly X509Certificate[], others: readonly X509Certificate[]): boolean =>
  some.length === others.length &&
  some.every((one, at) => one.fingerprint256 === others[at]?.fingerprint256)
