// SPDX-License-Identifier: Apache-2.0
// `assay demo`: a real sidecar on a simulated machine, a tenant who verifies it, and two attacks that
// must fail. No hardware, no network, no configuration.

import { Command } from 'commander'
import { appraise } from '../verify/index.js'
import { once, parseCount } from './arguments.js'
import type { Io } from './io.js'
import type { Answer } from './runner.js'

const GPUS = 2
const GPUS_MOST = 8

export function demoCommand(io: Io, answer: Answer): Command {
  return new Command('demo')
    .description('run a sidecar on a simulated machine, verify its evidence, refuse two attacks')
    .option(
      '--gpus <n>',
      `GPUs of the machine, 0 to ${GPUS_MOST} (default: ${GPUS})`,
      once('--gpus'),
    )
    .action(async (flags: { gpus?: string }) => {
      const gpus = parseCount('--gpus', flags.gpus ?? `${GPUS}`, GPUS_MOST)
      // Only here: a sidecar takes longer to load than most commands take to run.
      const { demo } = await import('./demo-run.js')
      answer(await demo(io, appraise, gpus))
    })
}
