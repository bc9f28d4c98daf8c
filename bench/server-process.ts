// SPDX-License-Identifier: Apache-2.0
// A server under test in a process of its own, watched from outside: memory, processor time, open
// files.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { MemoryGroup } from './memory-group.js'

export interface ServerCommand {
  /** Flags of node, script and arguments. */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly group?: MemoryGroup
  /** Where it says on which port it listens; standard output unless told. */
  readonly says?: 'stdout' | 'stderr'
}

/** A process that has said where it listens. */
export interface ServerProcess {
  readonly port: number
  /** Milliseconds from its start until it said so. */
  readonly startedMs: number
  /** Whether it still runs. */
  readonly alive: boolean
  /** Processor time so far, in seconds. */
  cpuSeconds(): number
  /** Waits until it has said this, and returns what stands in the first brackets. */
  said(pattern: RegExp): Promise<string>
  /** All of its memory now, in bytes, with what it shares. */
  resident(): number
  /** Anonymous memory now, in bytes: what no page cache can give back. */
  anonymous(): number
  /** The most of it since the last call, looked at ten times a second. */
  anonymousMost(): number
  openFiles(): number
  /** Asks it to end, waits, and returns its exit code; null when it had to be killed. */
  stop(): Promise<number | null>
}

const LOOK_EVERY_MS = 100
const STOP_MS = 35_000
const LISTENING = /https?:\/\/[^\s"]+:(\d+)/
/** Of the clock in /proc. */
const TICKS_PER_SECOND = 100

export async function startServer({
  argv,
  env,
  group,
  says = 'stdout',
}: ServerCommand): Promise<ServerProcess> {
  const begin = performance.now()
  const child = spawn(
    // It joins before it becomes what it is, so that all of it counts.
    group ? 'sh' : process.execPath,
    group ? ['-c', 'echo $$ > "$0" && exec "$@"', group.procs, process.execPath, ...argv] : argv,
    { stdio: stdio(says), env: { ...process.env, ...env } },
  )
  const said = listen(child, says)
  const port = Number(await said(LISTENING))
  const startedMs = performance.now() - begin
  return { port, startedMs, said, ...watch(child) }
}

const stdio = (says: 'stdout' | 'stderr'): StdioOptions =>
  says === 'stdout' ? ['ignore', 'pipe', 'inherit'] : ['ignore', 'inherit', 'pipe']

/** More than anybody waits for; what comes later is read and forgotten. */
const SAID_LEN = 0x10000

function listen(child: ChildProcess, says: 'stdout' | 'stderr'): ServerProcess['said'] {
  let said = ''
  // It is read to the end, so that the server never waits for us.
  child[says]?.on('data', (chunk) => {
    if (said.length < SAID_LEN) said += chunk
  })
  return (pattern) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(said)?.[1]
        if (found === undefined) return
        child[says]?.off('data', look)
        resolve(found)
      }
      child[says]?.on('data', look)
      look()
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`a server under test ended at once: ${said}`)))
    })
}

function watch(child: ChildProcess): Omit<ServerProcess, 'port' | 'startedMs' | 'said'> {
  const pid = child.pid as number
  let alive = true
  const ended = once(child, 'exit').then(([code]) => {
    alive = false
    clearInterval(looking)
    return code as number | null
  })
  const anonymous = () => (alive ? memoryOf(pid, 'RssAnon') : 0)
  let most = 0
  const looking = setInterval(() => {
    most = Math.max(most, anonymous())
  }, LOOK_EVERY_MS)
  return {
    get alive() {
      return alive
    },
    cpuSeconds: () => cpuSecondsOf(pid),
    resident: () => memoryOf(pid, 'VmRSS'),
    anonymous,
    anonymousMost: () => {
      const seen = Math.max(most, anonymous())
      most = 0
      return seen
    },
    openFiles: () => readdirSync(`/proc/${pid}/fd`).length,
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      const code = await ended
      clearTimeout(timer)
      return code
    },
  }
}

function memoryOf(pid: number, kind: 'RssAnon' | 'VmRSS'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kib = new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(status)?.[1]
    return Number(kib ?? 0) * 1024
  } catch {
    return 0
  }
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the process stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
