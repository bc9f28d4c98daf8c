// SPDX-License-Identifier: Apache-2.0
// `assay sidecar`: the Attester on this machine's hardware, until it is told to stop.

import { Command } from 'commander'
import { once } from './arguments.js'
import type { Io } from './io.js'

const EXAMPLES = `
Serves AEP-83 (/quote, /info, /healthz), /v1/evidence, /metrics and /openapi.json over TLS, under a key
made at start. Without --listen it takes ATTESTATION_LISTEN_ADDR, and else :8790. Where there is no
device yet it waits for one, answers 503, and says why in /healthz and in the log, which is JSON on
standard error.

Examples:
  assay sidecar
  assay sidecar --listen 127.0.0.1:8790 --raw-quotes deny
  assay sidecar --listen 127.0.0.1:8080 --plain-http`

interface SidecarFlags {
  readonly listen?: string
  readonly rawQuotes?: string
  readonly plainHttp?: boolean
  readonly gpus?: string
  readonly logLevel?: string
  readonly root?: string
}

export function sidecarCommand(io: Pick<Io, 'err' | 'env' | 'stop'>): Command {
  return new Command('sidecar')
    .description('serve evidence of this machine')
    .option('--listen <host:port>', 'where to listen (:8790, every address)', once('--listen'))
    .option('--raw-quotes <allow|deny>', 'whether the hardware signs 64 bytes of a caller (allow)')
    .option('--plain-http', 'without TLS, on a loopback address only')
    .option('--gpus <attest|ignore>', 'GPUs of the guest: to attest all, or the CPU alone (attest)')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (info)')
    .option('--root <dir>', "where this machine's files begin (/)", once('--root'))
    .addHelpText('after', EXAMPLES)
    .action((flags: SidecarFlags) => sidecar(flags, io))
}

async function sidecar(flags: SidecarFlags, io: Pick<Io, 'err' | 'env' | 'stop'>): Promise<void> {
  // Only here: no other command needs a web server, and it takes longer to load than they to run.
  const [{ createLog }, { platformOpener }, { serve }, { settingsOf }, { systemClock }] =
    await Promise.all([
      import('../service/log.js'),
      import('../sidecar/open.js'),
      import('../sidecar/service.js'),
      import('../sidecar/settings.js'),
      import('../service/system-clock.js'),
    ])
  const settings = settingsOf(flags, io.env)
  const log = createLog(settings.level, { write: (line) => io.err(line) })
  const { root, gpus } = settings
  const open = platformOpener({ clock: systemClock, log: log.info.bind(log), root, gpus })
  await serve({ settings, clock: systemClock, log, open, stop: io.stop() })
}
