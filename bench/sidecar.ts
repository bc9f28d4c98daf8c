// SPDX-License-Identifier: Apache-2.0
// Asks everything about the sidecar, prints the tables, and writes the figures beside this file; with
// `--print`, it only prints. `--quick` asks less often, and `--only WORD` only that part:
// start, throughput, memory, scaling or gpus.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gpuCollection } from './gpu-collection.js'
import { memory } from './memory.js'
import { setting } from './print.js'
import { type Section, table } from './report.js'
import { scaling } from './scaling.js'
import { scalingChart } from './scaling-chart.js'
import { Workshop } from './servers.js'
import { start } from './start.js'
import { throughput } from './throughput.js'

const { values } = parseArgs({
  options: {
    print: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
})
const effort = values.quick ? { rounds: 1, seconds: 3 } : { rounds: 5, seconds: 5 }
const here = setting(new Date())
console.log(`${here.machine}; Node ${here.node}; ${here.date}; commit ${here.commit}\n`)

const PARTS = { start, throughput, memory, scaling, gpus: gpuCollection }
const sections: Section[] = []
const workshop = await Workshop.open()
try {
  for (const [name, part] of Object.entries(PARTS)) {
    if (values.only !== '' && name !== values.only) continue
    for await (const section of part(workshop, effort)) {
      console.log(`${table(section)}\n`)
      sections.push(section)
    }
  }
} finally {
  workshop.close()
}
if (!values.print) {
  const results = { ...here, sections }
  writeFileSync('bench/sidecar-results.json', `${JSON.stringify(results, undefined, 2)}\n`)
  const points = sections.flatMap(({ points = [] }) => points)
  if (points.length > 0) writeFileSync('bench/sidecar-chart.svg', scalingChart(points, here))
}
