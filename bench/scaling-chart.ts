// SPDX-License-Identifier: Apache-2.0
// Points by number of connections → one self-contained SVG: memory above, latency below, both over
// the same axis of powers of two.

import { CHART_STYLE, chartText } from './chart.js'
import type { Setting } from './print.js'
import { MIB } from './report.js'
import type { Point } from './scaling.js'

const WIDTH = 760
const LEFT = 60
const RIGHT = 110
const TOP = 44
const PANEL_HEIGHT = 170
const PANEL_STEP = 240
const NOTE_HEIGHT = 18
const HEIGHT = TOP + 2 * PANEL_STEP + 2 * NOTE_HEIGHT

interface Panel {
  readonly title: string
  readonly value: (point: Point) => number
  readonly label: (point: Point) => string
}

const PANELS: readonly Panel[] = [
  {
    title: 'Anonymous memory of the process (MiB); in brackets, KiB for each connection',
    value: ({ anonymous }) => anonymous / MIB,
    label: ({ anonymous, perConnection }) =>
      `${(anonymous / MIB).toFixed(0)}${perConnection === null ? '' : ` (${(perConnection / 1024).toFixed(0)})`}`,
  },
  {
    title: 'p99 of an answer (ms)',
    value: ({ p99 }) => p99,
    label: ({ p99 }) => p99.toFixed(0),
  },
]

export function scalingChart(
  points: readonly Point[],
  { date, machine, node, commit }: Setting,
): string {
  const panels = PANELS.map((panel, i) => draw(panel, points, TOP + i * PANEL_STEP))
  const notes = [
    'Batch mode over HTTPS, simulated firmware of 10 ms, one request under way on each connection.',
    `${machine}; Node ${node}; ${date}; commit ${commit}`,
  ]
  const first = HEIGHT - notes.length * NOTE_HEIGHT
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="The sidecar by number of connections">
<style>${CHART_STYLE}
  .line { fill: none; stroke: #0969da; stroke-width: 2 }
  .axis { stroke: #afb8c1 }
</style>
${panels.join('\n')}
${notes.map((note, i) => chartText(LEFT, first + i * NOTE_HEIGHT, 'note', note)).join('\n')}
</svg>
`
}

function draw({ title, value, label }: Panel, points: readonly Point[], top: number): string {
  const bottom = top + PANEL_HEIGHT
  const most = Math.max(...points.map(value))
  const octaves = Math.log2(points.at(-1)?.connections ?? 1) || 1
  const x = ({ connections }: Point) =>
    LEFT + (Math.log2(connections) / octaves) * (WIDTH - LEFT - RIGHT)
  const y = (point: Point) => bottom - (value(point) / most) * (PANEL_HEIGHT - NOTE_HEIGHT)
  const line = points.map((point) => `${x(point).toFixed(1)},${y(point).toFixed(1)}`).join(' ')
  return [
    chartText(LEFT, top - 12, 'title', title),
    `<line class="axis" x1="${LEFT}" y1="${bottom}" x2="${WIDTH - RIGHT}" y2="${bottom}"/>`,
    `<polyline class="line" points="${line}"/>`,
    ...points.flatMap((point) => [
      `<circle class="ours" cx="${x(point).toFixed(1)}" cy="${y(point).toFixed(1)}" r="3"/>`,
      chartText(x(point), y(point) - 8, '', label(point)),
      chartText(x(point), bottom + 16, 'note', `${point.connections}`),
    ]),
  ].join('\n')
}
