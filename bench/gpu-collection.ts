// SPDX-License-Identifier: Apache-2.0
// Does anything wait for a GPU but those who asked it? The sidecar runs in this process, over the real
// library calls into the tests' own NVML, whose report takes a second; the load is another process.

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { createLog } from '../src/service/log.js'
import { systemClock } from '../src/service/system-clock.js'
import { openLibrary } from '../src/sidecar/foreign.js'
import { openNvml } from '../src/sidecar/nvml.js'
import { type NvmlGpus, openNvmlGpus } from '../src/sidecar/nvml-gpus.js'
import { startSidecar } from '../src/sidecar/sidecar.js'
import { simulatePlatform } from '../src/simulate/platform.js'
import { BATCH } from './asks.js'
import { type Figure, ms, type Section } from './report.js'
import { FIRMWARE_MS, send, type Workshop } from './servers.js'
import type { Effort } from './throughput.js'

const REPORT_MS = 1000
const DELAY_BAR_MS = 20
const ROUNDS = 5
const CONNECTIONS = 64
/** Fewer would be hardly more than one report. */
const LEAST_SECONDS = 10
const SOURCE = 'test/sidecar/native/nvml.c'

export async function* gpuCollection(
  workshop: Workshop,
  { seconds }: Effort,
): AsyncGenerator<Section> {
  const gpus = await slowGpu(workshop.dir)
  if (gpus === null) {
    yield { title: 'GPU collection: skipped, gcc makes no library here', figures: [] }
    return
  }
  yield {
    title: `a GPU report of ${REPORT_MS} ms, nothing else`,
    figures: await delays(() => alone(gpus)),
  }
  yield {
    title: `the same, batch, ${CONNECTIONS} connections`,
    figures: await delays(() => loaded(workshop, gpus, Math.max(seconds, LEAST_SECONDS))),
  }
}

/** One GPU of the tests' library, as slow as the question has it; null where it cannot be built. */
async function slowGpu(dir: string): Promise<NvmlGpus | null> {
  const file = path.join(dir, 'nvml.so')
  const argv = ['-std=gnu11', '-O1', '-shared', '-fPIC', '-DREADY=1', '-o', file, SOURCE]
  if (spawnSync('gcc', argv).status !== 0) return null
  const become = (await openLibrary(file)).func('int assay_become(unsigned int, unsigned int)')
  const [COUNT, LATENCY_MS] = [0, 5]
  await become(COUNT, 1)
  await become(LATENCY_MS, REPORT_MS)
  const { value } = await openNvml(file)
  return value && openNvmlGpus(value, 1)
}

/** What the event loop was late by while it ran, above its figures. */
async function delays(run: () => Promise<readonly Figure[]>): Promise<Figure[]> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const figures = await run()
  delay.disable()
  const p99 = delay.percentile(99) / 1e6
  return [
    {
      name: 'event loop late by, p99',
      value: ms(p99),
      bar: `≤ ${DELAY_BAR_MS} ms`,
      met: p99 <= DELAY_BAR_MS,
    },
    { name: 'at most', value: ms(delay.max / 1e6) },
    ...figures,
  ]
}

async function alone(gpus: NvmlGpus): Promise<Figure[]> {
  const begin = performance.now()
  for (let round = 0; round < ROUNDS; round++) await gpus.collect(randomBytes(32))
  const each = (performance.now() - begin) / ROUNDS
  return [{ name: 'beyond the report itself', value: ms(each - REPORT_MS) }]
}

async function loaded(workshop: Workshop, gpus: NvmlGpus, seconds: number): Promise<Figure[]> {
  const { cpu } = await simulatePlatform({
    clock: systemClock,
    machine: workshop.machine,
    reportLatencyMs: FIRMWARE_MS,
  })
  const sidecar = await startSidecar({
    platform: { cpu, gpus },
    clock: systemClock,
    log: createLog('error', process.stderr),
    listen: { host: '127.0.0.1', port: 0 },
    rawQuotes: 'allow',
    plainHttp: false,
  })
  // The clock keeps no process alive, and at the end the CPU alone is waited for.
  const alive = setInterval(() => {}, 1000)
  const pressure = { connections: CONNECTIONS, depth: 1, warmUp: 2, sample: 0, patience: 0 }
  const { good, statuses } = await send({
    ...BATCH,
    ...pressure,
    seconds,
    port: Number(new URL(sidecar.url).port),
  })
  await sidecar.close()
  clearInterval(alive)
  return [
    { name: 'answers', value: `${good.perSecond.toFixed(1)}/s ${JSON.stringify(statuses)}` },
    { name: 'latency, p99', value: ms(good.p99) },
  ]
}
