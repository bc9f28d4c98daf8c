// SPDX-License-Identifier: Apache-2.0
// `assay detect`: what this machine can attest with, and why not.

import { Command } from 'commander'
import type { Probed } from '../sidecar/probe.js'
import { advice } from './detect-advice.js'
import { type GpuVerdict, judgeGpus } from './detect-gpus.js'
import { lookAround, type Machine } from './detect-machine.js'
import { EXIT, type ExitCode } from './exit.js'
import type { Io } from './io.js'
import type { Answer } from './runner.js'

const EXAMPLES = `
Looks and changes nothing: no report is made, so "ready" is what it looks like.

Examples:
  assay detect
  assay detect --json | jq .surfaces`

const TEE_NAMES = { snp: 'SEV-SNP', tdx: 'TDX' } as const

const TEE_OF_CPU = { AMD: 'snp', Intel: 'tdx' } as const
/** To where the details of a row stand. */
const INDENT = ' '.repeat(26)

interface Row extends GpuVerdict {
  readonly name: string
  readonly tee: Probed['tee']
}

export function detectCommand(io: Io, answer: Answer): Command {
  return new Command('detect')
    .description(
      'say what this machine can attest with, and why not: exit 0 when there is a way, 20 when not',
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: { json?: boolean }) => {
      answer(detect(io, await lookAround('/'), flags.json === true))
    })
}

/** Says what was found, and whether any of it gives evidence of the CPU, without which there is none. */
export function detect(io: Pick<Io, 'out'>, machine: Machine, json: boolean): ExitCode {
  const verdict = judgeGpus(machine.gpus, machine.pciGpus)
  const usable = machine.surfaces.some(({ state }) => state === 'ready') && !isInTheWay(verdict)
  io.out(
    json
      ? `${JSON.stringify(documentOf(machine, verdict, usable), null, 2)}\n`
      : textOf(machine, verdict),
  )
  return usable ? EXIT.done : EXIT.undecided
}

/** A guest with GPUs attests all of them, or nothing. */
const isInTheWay = ({ state }: GpuVerdict): boolean => state !== 'absent' && state !== 'ready'

function documentOf(machine: Machine, verdict: GpuVerdict, usable: boolean): object {
  const { kernel, cpu, virtual, hosts, surfaces, gpus, pciGpus } = machine
  return {
    usable,
    machine: { kernel, cpu, virtual, hosts },
    surfaces,
    gpus: { ...verdict, onBus: pciGpus, ...gpus },
    advice: advice(machine),
  }
}

function textOf(machine: Machine, verdict: GpuVerdict): string {
  const ready = machine.surfaces.filter(({ state }) => state === 'ready')
  const rows: readonly Row[] = [
    ...machine.surfaces.map(({ surface, ...rest }) => ({ ...rest, name: surface })),
    { ...verdict, name: 'gpu', tee: null },
  ]
  const todo = advice(machine)
  const lines = [
    headline(ready, verdict),
    `kernel ${machine.kernel ?? 'unknown'}, ${kindOf(machine)}`,
    '',
    ...rows.flatMap((row) => formatRow(row, isPointless(row, machine))),
    ...machine.gpus.gpus.map(
      ({ index, uuid, architecture }) =>
        `${INDENT}${index}: ${architecture ?? 'unknown'}, ${uuid ?? 'no UUID'}`,
    ),
    ...(todo.length > 0 ? ['', 'what is missing:', ...todo.map((line) => `  ${line}`)] : []),
  ]
  // Names and reasons come from drivers, and those of GPUs from the host.
  return `${lines.map((line) => line.replaceAll(/[^ -~]/g, '?')).join('\n')}\n`
}

function headline(ready: Machine['surfaces'], gpus: GpuVerdict): string {
  const [best] = ready
  if (best === undefined) return 'this machine CANNOT attest'
  if (isInTheWay(gpus)) {
    return 'this machine CANNOT attest: its CPU could, but not its GPUs (assay sidecar --gpus ignore leaves them out)'
  }
  const tee = best.tee === null ? 'a TEE' : TEE_NAMES[best.tee]
  return `this machine can attest: ${tee}, through ${best.surface}`
}

function kindOf({ virtual, cpu }: Machine): string {
  const on = cpu === null ? '' : ` on ${cpu}`
  if (virtual === null) return `a machine${on}`
  return virtual ? `a virtual machine${on}` : `no virtual machine${on}`
}

/** Whether to enable it leads nowhere: something else serves, or the CPU is of another vendor. */
function isPointless({ state, tee }: Row, { cpu, surfaces }: Machine): boolean {
  if (state !== 'absent') return false
  const isServed = surfaces.some((surface) => surface.state === 'ready')
  const isForeign = tee !== null && cpu !== null && TEE_OF_CPU[cpu] !== tee
  return isServed || isForeign
}

function formatRow({ name, state, detail, remedy }: Row, pointless: boolean): string[] {
  const line = `  ${state.padEnd(8)}  ${name.padEnd(12)}  ${detail}`
  return remedy === null || pointless ? [line] : [line, `${INDENT}to enable: ${remedy}`]
}
