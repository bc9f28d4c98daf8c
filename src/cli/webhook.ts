// SPDX-License-Identifier: Apache-2.0
// `assay webhook`: the admission webhook, until it is told to stop.

import { Command } from 'commander'
import { once } from './arguments.js'
import type { Io } from './io.js'

const EXAMPLES = `
Serves AdmissionReview v1 at /mutate over TLS, and /healthz, /readyz and /metrics beside it. The files of
certificate and key are read again every second, and put into use when they have changed and fit together.
Flags that are not given are taken from ASSAY_WEBHOOK_SIDECAR_IMAGE, _PLATFORM, _CARVE_RESOURCES and
_NATIVE_SIDECAR. The log is JSON on standard error.

Example:
  assay webhook --tls-cert tls.crt --tls-key tls.key --platform snp --sidecar-image registry/sidecar@sha256:…`

interface WebhookFlags {
  readonly listen?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly clientCa?: string
  readonly sidecarImage?: string
  readonly platform?: string
  readonly carveResources?: boolean
  readonly nativeSidecar?: boolean
  readonly shutdownDelay?: string
  readonly logLevel?: string
}

export function webhookCommand(io: Pick<Io, 'err' | 'env' | 'stop'>): Command {
  return new Command('webhook')
    .description('give every confidential pod of a cluster its sidecar')
    .option('--listen <host:port>', 'where to listen (:9443, every address)', once('--listen'))
    .option('--tls-cert <file>', 'certificate and those that lead to its root', once('--tls-cert'))
    .option('--tls-key <file>', 'its private key', once('--tls-key'))
    .option('--client-ca <file>', 'take reviews only from clients of this CA', once('--client-ca'))
    .option('--sidecar-image <image>', 'what to inject, by digest', once('--sidecar-image'))
    .option('--platform <snp|tdx>', 'what the nodes attest with', once('--platform'))
    .option('--carve-resources', "take the sidecar's share out of the primary container")
    .option('--native-sidecar', 'inject an init container that restarts always')
    .option(
      '--shutdown-delay <seconds>',
      'how long to serve on after being told to stop (10)',
      once('--shutdown-delay'),
    )
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (info)')
    .addHelpText('after', EXAMPLES)
    .action((flags: WebhookFlags) => webhook(flags, io))
}

async function webhook(flags: WebhookFlags, io: Pick<Io, 'err' | 'env' | 'stop'>): Promise<void> {
  // Only here: no other command needs a web server, and it takes longer to load than they to run.
  const [{ createLog }, { serve }, { settingsOf }, { systemClock }] = await Promise.all([
    import('../service/log.js'),
    import('../webhook/service.js'),
    import('../webhook/settings.js'),
    import('../service/system-clock.js'),
  ])
  const settings = settingsOf(flags, io.env)
  const log = createLog(settings.level, { write: (line) => io.err(line) })
  await serve({ settings, clock: systemClock, log, stop: io.stop() })
}
