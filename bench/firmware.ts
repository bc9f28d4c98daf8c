// SPDX-License-Identifier: Apache-2.0
// How many reports per second the simulated firmware gives to somebody who does nothing but ask. As a
// program, it takes a platform and a time in seconds as its two arguments.

import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { deserialize } from 'node:v8'
import { systemClock } from '../src/service/system-clock.js'
import { simulatePlatform } from '../src/simulate/platform.js'
import type { Simulated } from './simulated.js'

async function main(): Promise<void> {
  const { machineFile, ...options } = JSON.parse(process.argv[2] as string) as Simulated
  const machine = deserialize(readFileSync(machineFile))
  const { cpu } = await simulatePlatform({ clock: systemClock, machine, ...options })
  const reportData = new Uint8Array(64)
  // The clock keeps no process alive, and nothing else here does.
  const alive = setInterval(() => {}, 1000)
  const begin = performance.now()
  const end = begin + Number(process.argv[3]) * 1000
  let count = 0
  for (; performance.now() < end; count++) await cpu.collect(reportData, 0)
  clearInterval(alive)
  console.log((count * 1000) / (performance.now() - begin))
}
main()
