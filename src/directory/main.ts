// SPDX-License-Identifier: Apache-2.0
// The process of the image: flags, signals, exit code.

import { lastWords } from '../service/lifetime.js'
import { createLog, logTo } from '../service/log.js'
import { systemClock } from '../service/system-clock.js'
import { serve } from './service.js'
import { readSettings } from './settings.js'
import { openSource } from './sources.js'

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
  const settings = readSettings(process.argv.slice(2))
  log = createLog(settings.level, destination)
  const source = await openSource(settings.source, { clock: systemClock, log, env: process.env })
  // What is still to be written keeps the process until it is.
  await serve({ settings, clock: systemClock, log, source, stop: stop.signal })
}
main().catch(end)
