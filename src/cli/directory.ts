// SPDX-License-Identifier: Apache-2.0
// `assay directory`: where evidence of leases may be had, until it is told to stop.

import { Command } from 'commander'
import { once } from './arguments.js'
import type { Io } from './io.js'

const EXAMPLES = `
Serves /v1/leases, /v1/expectations, /v1/stream, /healthz, /readyz, /metrics and /openapi.json over
plain HTTP: an ingress or a CDN in front ends TLS, and whoever asks believes nothing of it anyway.
Without --source it serves one lease that nobody has, to look at. Files are read again when they
change; one that is wrong is refused in one line on standard error, and the last good one stays.

Examples:
  assay directory --listen 127.0.0.1:8791
  assay directory --source file:leases.json
  assay directory --source kube --node-host provider.example.com --trust-proxy 10.0.0.0/8`

interface DirectoryFlags {
  readonly source?: string
  readonly listen?: string
  readonly trustProxy?: string
  readonly rateLimit?: string
  readonly maxAge?: string
  readonly kubeconfig?: string
  readonly nodeHost?: string
  readonly gateway?: string
  readonly expectationsConfigMap?: string
  readonly logLevel?: string
}

export function directoryCommand(io: Pick<Io, 'err' | 'stop' | 'env'>): Command {
  return new Command('directory')
    .description('serve where evidence of leases may be had')
    .option('--source <kube|file:PATH>', 'where leases come from', once('--source'))
    .option('--listen <host:port>', 'where to listen (:8791, every address)', once('--listen'))
    .option('--max-age <seconds>', 'how long caches keep a lease without asking (30)')
    .option('--rate-limit <number>', 'requests a second of one address, 0 for any number (100)')
    .option('--trust-proxy <networks>', 'proxies whose X-Forwarded-For is believed, with commas')
    .option('--kubeconfig <file>', 'of --source kube outside of a cluster')
    .option('--node-host <host>', 'of --source kube, by what name node ports are reached')
    .option('--gateway <url>', "of --source kube, the provider's gateway")
    .option('--expectations-config-map <namespace/name>', 'of --source kube, the expectations')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (info)')
    .addHelpText('after', EXAMPLES)
    .action((flags: DirectoryFlags) => directory(flags, io))
}

async function directory(
  flags: DirectoryFlags,
  io: Pick<Io, 'err' | 'stop' | 'env'>,
): Promise<void> {
  // Only here: no other command needs a web server, and it takes longer to load than they to run.
  const [{ createLog }, { serve }, { settingsOf }, { openSource }, { systemClock }] =
    await Promise.all([
      import('../service/log.js'),
      import('../directory/service.js'),
      import('../directory/settings.js'),
      import('../directory/sources.js'),
      import('../service/system-clock.js'),
    ])
  const settings = settingsOf(flags)
  const log = createLog(settings.level, { write: (line) => io.err(line) })
  const source = await openSource(settings.source, { clock: systemClock, log, env: io.env })
  await serve({ settings, clock: systemClock, log, source, stop: io.stop() })
}
