// SPDX-License-Identifier: Apache-2.0
// The process of the image: environment, signals, exit code.

import { lastWords } from '../service/lifetime.js'
import { createLog, logTo } from '../service/log.js'
import { systemClock } from '../service/system-clock.js'
import { serve } from './service.js'
import { readSettings } from './settings.js'

const destination = logTo(process.stderr.fd)
let log = createLog('info', destination)

function end(error: unknown): never {
  const { line, message, exit } = lastWords(error)
  log.fatal(line, message)
  destination.flushSync()
  process.exit(exit)
}
process.on('uncaughtException', end)

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env)
  log = createLog(settings.level, destination)
  await serve({ settings, clock: systemClock, log, stop: stop.signal })
  destination.flushSync()
}
main().catch(end)
