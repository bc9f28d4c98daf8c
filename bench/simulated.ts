// SPDX-License-Identifier: Apache-2.0
// The sidecar's process, as `src/sidecar/main.ts` is, over a simulated platform that somebody else has
// minted: minting needs memory and time that a sidecar on hardware does not.

import { readFileSync } from 'node:fs'
import { deserialize } from 'node:v8'
import { createLog, logTo } from '../src/service/log.js'
import { systemClock } from '../src/service/system-clock.js'
import { serve } from '../src/sidecar/service.js'
import { simulatePlatform } from '../src/simulate/platform.js'

/** What the parent says in the one argument, as JSON. */
export interface Simulated {
  /** A minted machine, as `node:v8` serializes it. */
  readonly machineFile: string
  readonly reportLatencyMs: number
  readonly signed: boolean
}

const { machineFile, reportLatencyMs, signed } = JSON.parse(process.argv[2] as string) as Simulated
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const destination = logTo(process.stdout.fd)

async function main(): Promise<void> {
  await serve({
    settings: {
      listen: { host: '127.0.0.1', port: 0 },
      rawQuotes: 'allow',
      plainHttp: false,
      gpus: 'attest',
      level: 'info',
      root: '/',
      warnings: [],
    },
    clock: systemClock,
    log: createLog('info', destination),
    open: () =>
      simulatePlatform({
        clock: systemClock,
        machine: deserialize(readFileSync(machineFile)),
        reportLatencyMs,
        signed,
      }),
    stop: stop.signal,
  })
  destination.flushSync()
  process.exit()
}
main()
