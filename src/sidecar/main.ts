// SPDX-License-Identifier: Apache-2.0
// The process of the image: environment, signals, exit code.

import { AttestationError } from '../errors.js'
import { createLog, logTo } from './log.js'
import { openPlatform } from './open.js'
import { serve } from './service.js'
import { readSettings } from './settings.js'
import { systemClock } from './system-clock.js'

/** As the command line of assay exits. */
const EXIT = { bug: 1, usage: 30 } as const

const destination = logTo(process.stderr.fd)
let log = createLog('info', destination)

function end(error: unknown): never {
  const refusal = error instanceof AttestationError ? error : null
  const code = refusal?.code ?? 'ERR_INTERNAL'
  if (refusal) log.fatal({ code }, refusal.message)
  else log.fatal({ code, err: error }, 'stopped by an error of its own')
  destination.flushSync()
  process.exit(refusal ? EXIT.usage : EXIT.bug)
}
process.on('uncaughtException', end)

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())

try {
  const settings = readSettings(process.argv.slice(2), process.env)
  log = createLog(settings.level, destination)
  await serve({
    settings,
    clock: systemClock,
    log,
    open: () => openPlatform({ clock: systemClock, log: (event) => log.info(event) }),
    stop: stop.signal,
  })
} catch (error) {
  end(error)
}
destination.flushSync()
// A device that never answered would keep the process.
process.exit()
