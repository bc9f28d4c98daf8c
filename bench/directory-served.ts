// SPDX-License-Identifier: Apache-2.0
// A directory as its image starts it, over as many endpoints as its argument says, in leases of four.
// It says how many bytes of heap they took.

import { Writable } from 'node:stream'
import { serve } from '../src/directory/service.js'
import { readSettings } from '../src/directory/settings.js'
import type { Source } from '../src/directory/source.js'
import type { LeaseHints } from '../src/discovery/lease.js'
import { createLog } from '../src/service/log.js'
import { systemClock } from '../src/service/system-clock.js'
import { addressOf, endpointHint, leaseHints, leaseId } from '../test/fake/akash.js'

const OF_LEASE = 4
const endpoints = Number(process.argv[2])

function* leases(): Generator<LeaseHints> {
  const provider = addressOf(0x7fffffff)
  for (let number = 1; number <= endpoints / OF_LEASE; number++) {
    // As a provider's cluster has them: names of pods, and node ports.
    yield leaseHints({
      lease: leaseId(number),
      provider,
      endpoints: Array.from({ length: OF_LEASE }, (_, at) =>
        endpointHint({
          service: at < 2 ? 'api' : 'worker',
          replica: `${at < 2 ? 'api' : 'worker'}-5d9f8b6c5-${number.toString(36).padStart(4, '0')}${at}`,
          url: `https://node-${number % 100}.provider.example.com:${30000 + (number % 2768)}/`,
          expectations: [`sha256:${'ab'.repeat(32)}`],
        }),
      ).sort((a, b) => Number(a.replica > b.replica) - Number(a.replica < b.replica)),
    })
  }
}

const heap = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const source: Source = {
  connected: true,
  start: async (state) => {
    const before = heap()
    state.replaceLeases(leases())
    console.log(`heap ${heap() - before}`)
  },
  close: async () => {},
}
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const lines = new Writable({ write: (line, _encoding, done) => process.stdout.write(line, done) })
serve({
  // Every request is counted, and none is refused: all come from one address.
  settings: readSettings(['--listen', '127.0.0.1:0', '--rate-limit', '1000000']),
  clock: systemClock,
  log: createLog('info', lines),
  source,
  stop: stop.signal,
})
