// SPDX-License-Identifier: Apache-2.0
// `assay webhook-certs`: one run of the job that makes and renews the certificate of the webhook.

import { isIP } from 'node:net'
import { Command } from 'commander'
import { AttestationError } from '../errors.js'
import { collect, once, parseCount, usage } from './arguments.js'
import type { Io } from './io.js'
import { certsDocument, certsText } from './webhook-certs-report.js'

const HELP = `
Makes the serving certificate of \`assay webhook\` in a Secret (tls.crt, tls.key, ca.crt), renews it when a
third of its lifetime is left, and puts its authority into the caBundle of the webhook configuration:
first the new one beside the old, then the certificate, and the old one goes when it has expired. Run it
at install and every hour or so; it may run twice at once, and be killed at any time. Nothing due: nothing
is written. The key of an authority signs once and is not kept anywhere.

Permissions (names as by default; RBAC cannot name what is created):
  Role in assay-system:  secrets: create; secrets "assay-webhook-tls": get, update
  ClusterRole:           mutatingwebhookconfigurations.admissionregistration.k8s.io
                         "akash-attestation-sidecar-injector": get, patch

Exit codes: 0 done; 20 something was missing (the API server, a permission, the webhook configuration), try
again; 30 the call is wrong, or the Secret holds what this command did not make.

Examples:
  assay webhook-certs
  assay webhook-certs --dry-run --kubeconfig ~/.kube/config
  assay webhook-certs --renew     and, when all pods serve the new certificate:
  assay webhook-certs --prune`

interface CertsFlags {
  readonly namespace: string
  readonly service: string
  readonly secret: string
  readonly configuration: string
  readonly san: readonly string[]
  readonly lifetime: string
  readonly settle: string
  readonly renew?: boolean
  readonly prune?: boolean
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly kubeconfig?: string
  readonly json?: boolean
}

const DAY_MS = 24 * 3_600_000
const LIFETIME_MAX_DAYS = 825
const SETTLE_MAX_SECONDS = 60
/** RFC 1123, as Kubernetes has it for names of objects and of hosts. */
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

export function webhookCertsCommand(io: Pick<Io, 'out' | 'now' | 'sleep'>): Command {
  return new Command('webhook-certs')
    .description('make or renew the certificate of the webhook in a Secret, and its caBundle')
    .option('--namespace <name>', 'of the webhook', 'assay-system')
    .option('--service <name>', 'by which the API server calls the webhook', 'assay-webhook')
    .option('--secret <name>', 'of the serving certificate', 'assay-webhook-tls')
    .option(
      '--configuration <name>',
      'MutatingWebhookConfiguration',
      'akash-attestation-sidecar-injector',
    )
    .option(
      '--san <name>',
      'another DNS name or IP address of the webhook; repeatable',
      collect,
      [],
    )
    .option('--lifetime <days>', 'of a certificate, 1 to 825', '90')
    .option('--settle <seconds>', 'for API servers to take up a new authority, 0 to 60', '10')
    .option('--renew', 'although nothing is due')
    .option('--prune', 'end the trust in every authority but that of the certificate in the Secret')
    .option('--force', 'replace a Secret that holds what this command did not make')
    .option('--dry-run', 'have the API server check everything, and keep nothing')
    .option(
      '--kubeconfig <file>',
      'else KUBECONFIG, ~/.kube/config, or that of the pod',
      once('--kubeconfig'),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((flags: CertsFlags) => webhookCerts(flags, io))
}

async function webhookCerts(
  flags: CertsFlags,
  io: Pick<Io, 'out' | 'now' | 'sleep'>,
): Promise<void> {
  const { namespace, service, secret, configuration, dryRun = false } = flags
  const names = sanNames(flags)
  const lifetimeMs = positive('--lifetime', flags.lifetime, LIFETIME_MAX_DAYS) * DAY_MS
  const settleMs = parseCount('--settle', flags.settle, SETTLE_MAX_SECONDS) * 1000
  if (flags.renew && flags.prune) {
    throw usage('--prune is for later than --renew: when all pods serve the new certificate')
  }
  // Only here: the client of Kubernetes takes longer to load than other commands to run.
  const [{ maintainCertificates }, { rehearsal }, { kubeApi }, { systemClock }] = await Promise.all(
    [
      import('../webhook/certs.js'),
      import('../webhook/certs-api.js'),
      import('../webhook/certs-kube.js'),
      import('../service/system-clock.js'),
    ],
  )
  const where = { namespace, secret, configuration }
  const api = await kubeApi({ ...where, kubeconfig: flags.kubeconfig, clock: systemClock })
  // Nobody ends a sleep: whoever ends this process may do so at any time.
  const { signal } = new AbortController()
  const outcome = await maintainCertificates({
    ...where,
    service,
    names,
    lifetimeMs,
    settleMs: dryRun ? 0 : settleMs,
    api: dryRun ? rehearsal(api) : api,
    renew: flags.renew ?? false,
    prune: flags.prune ?? false,
    force: flags.force ?? false,
    now: io.now,
    sleep: (ms) => io.sleep(ms, signal),
  })
  const told = { ...where, outcome, dryRun }
  io.out(flags.json ? `${JSON.stringify(certsDocument(told))}\n` : certsText(told))
  if (outcome.configuration === 'missing') {
    throw new AttestationError(
      'ERR_WEBHOOK_CONFIGURATION',
      `there is no MutatingWebhookConfiguration ${configuration}: apply it, and run this again`,
    )
  }
  if (outcome.configuration === 'unrelated') {
    throw new AttestationError(
      'ERR_WEBHOOK_CONFIGURATION',
      `no webhook of ${configuration} calls the service ${namespace}/${service}: name the right one`,
    )
  }
}

/** What the API server may call the webhook. */
function sanNames({ namespace, service, secret, configuration, san }: CertsFlags): string[] {
  for (const [flag, value] of Object.entries({ namespace, service, secret, configuration })) {
    if (!DNS_NAME.test(value)) throw usage(`--${flag} is not a name of Kubernetes: ${value}`)
  }
  const host = `${service}.${namespace}`
  const unfit = san.find((one) => isIP(one) === 0 && !DNS_NAME.test(one))
  if (unfit !== undefined) throw usage(`--san is neither a DNS name nor an IP address: ${unfit}`)
  return [`${host}.svc`, `${host}.svc.cluster.local`, host, ...san]
}

function positive(flag: string, text: string, most: number): number {
  const count = parseCount(flag, text, most)
  if (count === 0) throw usage(`${flag} takes a number from 1 to ${most}, got 0`)
  return count
}
