// SPDX-License-Identifier: Apache-2.0
// The guest as the lab hands it over: busybox, kernel modules, and firmware in a process of its own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import type { Clock } from '../../../src/service/clock.js'

export const CONFIGFS = '/sys/kernel/config'
export const REPORT = `${CONFIGFS}/tsm/report`
export const SEV_GUEST = '/dev/sev-guest'
export const CORE = 'tsm-core'

/** The host prints what follows `@@ `. */
const say = (line: string): void => {
  writeSync(1, `@@ ${line}\n`)
}

/** One thing that must hold; what it throws is told, and the next one has its turn. */
export async function check(title: string, run: () => unknown): Promise<void> {
  try {
    await run()
    say(`ok ${title}`)
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    say(`not ok ${title}: ${text.replace(/\s+/g, ' ')}`)
  }
}

/** Runs busybox, or says how it failed. */
export function sh(...argv: string[]): void {
  const { status, stderr } = spawnSync('/bin/busybox', argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr.trim()}`)
}

export const insmod = (name: string, ...parameters: string[]): void =>
  sh('insmod', `/modules/${name}.ko`, ...parameters)

const PARAMETERS = '/sys/module/tsm_sim/parameters'
/** What the simulated provider does instead of answering well. */
const DEFAULTS = {
  delay_ms: 0,
  fail_errno: 0,
  out_len: 1184,
  certs_len: 3000,
  vmm_error: 0,
  fw_status: 0,
}
export type Parameters = Partial<typeof DEFAULTS>

export function set(parameters: Parameters): void {
  for (const [name, value] of Object.entries(parameters)) {
    writeFileSync(`${PARAMETERS}/${name}`, `${value}`)
  }
}

/** `run` while the provider behaves in this way. */
export async function during<T>(parameters: Parameters, run: () => Promise<T>): Promise<T> {
  set(parameters)
  try {
    return await run()
  } finally {
    if (existsSync(PARAMETERS)) set(DEFAULTS)
  }
}

/** Firmware requests so far. */
export const calls = (): number => Number(readFileSync(`${PARAMETERS}/calls`, 'utf8'))

export const directories = (): string[] => readdirSync(REPORT)

/** The simulated provider, and the process that signs for it. */
export interface Provider {
  readonly key: KeyObject
  readonly firmware: ChildProcess
}

export async function loadProvider(floor = 0): Promise<Provider> {
  insmod('tsm_sim', 'backend=1', `floor=${floor}`)
  const firmware = spawn('/bin/node', ['/guest/psp.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let line = ''
  while (!line.includes('\n')) line += (await once(firmware.stdout, 'data'))[0]
  return { key: createPublicKey({ key: JSON.parse(line), format: 'jwk' }), firmware }
}

export async function unloadProvider({ firmware }: Provider): Promise<void> {
  firmware.kill('SIGKILL')
  await once(firmware, 'exit')
  sh('rmmod', 'tsm_sim')
}

/** The guest's own time, but nobody is left to wait for long. */
export const clock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms / 20)
    return () => clearTimeout(timer)
  },
}
