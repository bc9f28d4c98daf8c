// SPDX-License-Identifier: Apache-2.0
// Answers → text: a table, and what is needed to repeat it.

import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, platform } from 'node:os'
import type { Answer, Timing } from './harness.js'

/** Where and with what the figures were made. */
export interface Setting {
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly commit: string
}

export function setting(now: Date): Setting {
  return {
    date: now.toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} CPUs, ${platform()} ${arch()}`,
    node: process.version,
    commit: commit(),
  }
}

/** The commit, with a plus when the tree differs from it in more than the bench's own output. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':!bench')
  return git('rev-parse', '--short', 'HEAD') + (changed === '' ? '' : '+')
}

/** Nanoseconds, with the unit that reads best. */
export function duration(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(0)} ns`
  return ns < 1e6 ? `${(ns / 1e3).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`
}

/** A Markdown table of one answer. */
export function table({ title, timings }: Answer): string {
  const rows = timings.map((timing) => [
    timing.name,
    duration(timing.median),
    `${duration(timing.min)} .. ${duration(timing.max)}`,
    `${timing.ratio.toFixed(2)}×`,
    verdict(timing),
  ])
  const head = [title, 'median', 'min .. max', 'time ÷ ours', 'bar']
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] as number, fill)).join(' | ')} |`
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n')
}

function verdict({ bar, met }: Timing): string {
  if (bar === undefined) return ''
  return `${bar} ${met ? 'met' : 'MISSED'}`
}
