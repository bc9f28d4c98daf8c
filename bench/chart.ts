// SPDX-License-Identifier: Apache-2.0
// Answers → one self-contained SVG: a group of bars per question, each group on its own scale.

import type { Answer, Timing } from './harness.js'
import { duration, type Setting } from './print.js'

const WIDTH = 760
const LABEL_WIDTH = 210
const VALUE_WIDTH = 150
const BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH
const ROW_HEIGHT = 24
const BAR_HEIGHT = 14
const TITLE_HEIGHT = 34
const NOTE_HEIGHT = 18
const MARGIN = 16

/** Follows the reader's colour scheme. */
export const CHART_STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .note { font-size: 11px; fill: #59636e }
  .bar { fill: #afb8c1 }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .bar { fill: #656c76 }
    .ours { fill: #4493f8 }
  }`

/** The chart, which follows the reader's colour scheme. */
export function chart(
  answers: readonly Answer[],
  { date, machine, node, commit }: Setting,
): string {
  let y = MARGIN
  const parts = answers.map((answer) => {
    const group = drawGroup(answer, y)
    y += TITLE_HEIGHT + answer.timings.length * ROW_HEIGHT
    return group
  })
  const notes = [
    'Median time; shorter is better. Every group has its own scale; in brackets, time ÷ ours.',
    `${machine}; Node ${node}; ${date}; commit ${commit}`,
  ]
  const height = y + notes.length * NOTE_HEIGHT + MARGIN
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Benchmark of assay">
<style>${CHART_STYLE}
</style>
${parts.join('\n')}
${notes.map((note, i) => chartText(MARGIN, y + (i + 1) * NOTE_HEIGHT, 'note', note)).join('\n')}
</svg>
`
}

function drawGroup({ title, timings }: Answer, top: number): string {
  const longest = Math.max(...timings.map(({ median }) => median))
  const rows = timings.map((timing, i) =>
    drawRow(timing, i === 0, timing.median / longest, top + TITLE_HEIGHT + i * ROW_HEIGHT),
  )
  return [chartText(MARGIN, top + 20, 'title', title), ...rows].join('\n')
}

function drawRow(timing: Timing, ours: boolean, share: number, top: number): string {
  const width = Math.max(1, share * BAR_WIDTH)
  const factor = ours ? '' : ` (${timing.ratio.toFixed(2)})`
  return [
    chartText(MARGIN, top + 12, '', timing.name),
    `<rect class="bar${ours ? ' ours' : ''}" x="${LABEL_WIDTH}" y="${top + 1}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
    chartText(LABEL_WIDTH + width + 8, top + 12, '', `${duration(timing.median)}${factor}`),
  ].join('\n')
}

export function chartText(x: number, y: number, style: string, content: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const attribute = style === '' ? '' : ` class="${style}"`
  return `<text${attribute} x="${x.toFixed(1)}" y="${y}">${escaped}</text>`
}
