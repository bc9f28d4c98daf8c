// SPDX-License-Identifier: Apache-2.0
// What a run of `assay webhook-certs` came to: as text, and as one document.

import type { X509Certificate } from 'node:crypto'
import type { Outcome } from '../webhook/certs.js'
import { renewAfter } from '../webhook/certs-due.js'

export interface Told {
  readonly outcome: Outcome
  readonly namespace: string
  readonly secret: string
  readonly configuration: string
  readonly dryRun: boolean
}

const REASONS: Readonly<Record<NonNullable<Outcome['reason']>, string>> = {
  absent: 'there was none',
  forced: 'what was there was not made by this command',
  lifetime: 'a third of its lifetime or less was left',
  'not-yet-valid': 'it was made by a clock that is ahead of this one',
  names: 'it lacked a name',
  asked: 'as asked',
}

export function certsDocument({ outcome, namespace, secret, configuration, dryRun }: Told): object {
  const { held, bundles } = outcome
  return {
    dryRun,
    secret: { namespace, name: secret, state: outcome.secret, reason: outcome.reason },
    serving: {
      ...described(held.certificate),
      renewAfter: iso(renewAfter(held.certificate)),
      names: sans(held.certificate),
    },
    configuration: { name: configuration, state: outcome.configuration },
    caBundles: bundles.map(({ index, before, after }) => ({
      webhook: index,
      before: before.map(described),
      after: after.map(described),
    })),
  }
}

export function certsText({ outcome, namespace, secret, configuration, dryRun }: Told): string {
  const { held, reason, bundles } = outcome
  const why = reason === null ? '' : `: ${REASONS[reason]}`
  return [
    ...(dryRun ? ['Nothing was kept: this is what would be'] : []),
    `Secret ${namespace}/${secret}: ${outcome.secret}${why}`,
    `  ${line(held.certificate)}, renewed from ${iso(renewAfter(held.certificate))} on`,
    `MutatingWebhookConfiguration ${configuration}: ${outcome.configuration}`,
    ...bundles.flatMap(({ after }) => after.map((one) => `  ${line(one)}`)),
    '',
  ].join('\n')
}

const line = (one: X509Certificate): string => `${one.subject}, until ${iso(one.validTo)}`

const described = (one: X509Certificate) => ({
  subject: one.subject,
  sha256: one.fingerprint256.replaceAll(':', '').toLowerCase(),
  notBefore: iso(one.validFrom),
  notAfter: iso(one.validTo),
})

const iso = (date: string | Date): string => new Date(date).toISOString().replace(/\.\d+/, '')

/** As OpenSSL writes them: `DNS:a, IP Address:b`. */
const sans = ({ subjectAltName }: X509Certificate): string[] =>
  (subjectAltName as string).split(', ').map((one) => one.slice(one.indexOf(':') + 1))
