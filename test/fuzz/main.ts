// SPDX-License-Identifier: Apache-2.0
// `npm run fuzz [-- --inputs N --seed N --only NAME]`: every parser in a worker of its own, which is
// stopped and reported when it makes no progress.

import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { fuzz, type Tally } from './run.js'
import { targets } from './targets.js'

/** No 10,000 inputs take this long, on any machine; a parser that is silent for longer hangs. */
const SILENCE_MS = 60_000

interface Job {
  readonly name: string
  readonly inputs: number
  readonly seed: number
}

function work({ name, inputs, seed }: Job): void {
  const target = targets().find((one) => one.name === name)
  if (!target) throw new Error(`no parser ${name}`)
  parentPort?.postMessage(fuzz(target, inputs, seed, (done) => parentPort?.postMessage(done)))
}

function supervise(job: Job): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: job,
      execArgv: process.execArgv,
    })
    const hang = () => {
      reject(new Error(`${job.name}: no progress for ${SILENCE_MS} ms, seed ${job.seed}`))
      void worker.terminate()
    }
    let timer = setTimeout(hang, SILENCE_MS)
    worker.on('message', (message: number | Tally) => {
      clearTimeout(timer)
      if (typeof message === 'number') timer = setTimeout(hang, SILENCE_MS)
      else resolve(message)
    })
    worker.on('error', reject)
  })
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String((Date.now() & 0x7fff_ffff) | 1) },
      only: { type: 'string' },
    },
  })
  const inputs = Number(values.inputs)
  const seed = Number(values.seed)
  console.log(`${inputs} inputs per parser, seed ${seed}`)
  for (const { name, seeds } of targets()) {
    if (values.only !== undefined && values.only !== name) continue
    const { accepted, refused, codes } = await supervise({ name, inputs, seed })
    console.log(`${name}: ${seeds.length} seeds, ${accepted} accepted, ${refused} refused`)
    for (const [code, count] of Object.entries(codes).sort(([, a], [, b]) => b - a)) {
      console.log(`  ${String(count).padStart(8)} ${code}`)
    }
  }
}

if (isMainThread) await main()
else work(workerData as Job)
