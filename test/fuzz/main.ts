// SPDX-License-Identifier: Apache-2.0
// `npm run fuzz [-- --inputs N --seed N --only NAME]`: every parser in a process of its own, which is
// stopped and reported when it makes no progress.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fuzz, type Tally } from './run.js'
import { targets } from './targets.js'

/** No 10,000 inputs take this long, on any machine; a parser that is silent for longer hangs. */
const SILENCE_MS = 60_000

interface Job {
  readonly name: string
  readonly inputs: number
  readonly seed: number
}

async function work({ name, inputs, seed }: Job): Promise<void> {
  const target = (await targets()).find((one) => one.name === name)
  if (!target) throw new Error(`no parser ${name}`)
  const tally = fuzz(target, inputs, seed, (done) => process.send?.(done))
  process.send?.(tally, () => process.disconnect())
}

function supervise(job: Job): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), { env: process.env })
    const hang = () => {
      reject(new Error(`${job.name}: no progress for ${SILENCE_MS} ms, seed ${job.seed}`))
      child.kill('SIGKILL')
    }
    let timer = setTimeout(hang, SILENCE_MS)
    child.on('message', (message: number | Tally) => {
      clearTimeout(timer)
      if (typeof message === 'number') timer = setTimeout(hang, SILENCE_MS)
      else resolve(message)
    })
    child.on('exit', (status) => {
      clearTimeout(timer)
      if (status !== 0) reject(new Error(`${job.name}: exit ${status}, seed ${job.seed}`))
    })
    child.send(job)
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
  for (const { name, seeds } of await targets()) {
    if (values.only !== undefined && values.only !== name) continue
    const { accepted, refused, codes } = await supervise({ name, inputs, seed })
    console.log(`${name}: ${seeds.length} seeds, ${accepted} accepted, ${refused} refused`)
    for (const [code, count] of Object.entries(codes).sort(([, a], [, b]) => b - a)) {
      console.log(`  ${String(count).padStart(8)} ${code}`)
    }
  }
}

if (process.send) process.once('message', (job) => work(job as Job))
else await main()
