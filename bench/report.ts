// SPDX-License-Identifier: Apache-2.0
// Figures beside what was promised, as a Markdown table.

import type { Spread } from './contest.js'
import type { Point } from './scaling.js'

export interface Figure {
  readonly name: string
  readonly value: string
  /** `undefined` where nothing was promised. */
  readonly bar?: string
  readonly met?: boolean
}

export interface Section {
  readonly title: string
  readonly figures: readonly Figure[]
  /** For the chart. */
  readonly points?: readonly Point[]
}

export function table({ title, figures }: Section): string {
  const rows = figures.map(({ name, value, bar = '', met }) => [
    name,
    value,
    met === undefined ? bar : `${bar} ${met ? 'met' : 'MISSED'}`,
  ])
  const head = [title, '', 'bar']
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] as number, fill)).join(' | ')} |`
  const rule = line(['', '', ''], '-')
  return [line(head), rule, ...rows.map((row) => line(row))].join('\n')
}

export const MIB = 0x100000

export const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`
export const ms = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`
export const perSecond = (rate: number): string => `${Math.round(rate)}/s`

export const ratio = ({ median, min, max }: Spread): string =>
  `${median.toFixed(2)}× (${min.toFixed(2)} .. ${max.toFixed(2)})`
export const between = (show: (value: number) => string, { median, min, max }: Spread): string =>
  `${show(median)} (${show(min)} .. ${show(max)})`
