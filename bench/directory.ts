// SPDX-License-Identifier: Apache-2.0
// How fast does the directory answer beside a bare node:http, and how much memory does an endpoint take?
// Prints the tables and writes the figures beside this file; with `--print`, it only prints, and
// `--quick` asks less often.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { addressOf } from '../test/fake/akash.js'
import { lastStage } from '../test/image/dockerfile.js'
import { type Spread, spread } from './contest.js'
import type { Reads } from './directory-load.js'
import type { Loaded, Times } from './load-tally.js'
import { setting } from './print.js'
import {
  between,
  type Figure,
  MIB,
  mib,
  ms,
  perSecond,
  ratio,
  type Section,
  table,
} from './report.js'
import { type ServerProcess, startServer } from './server-process.js'

const { values } = parseArgs({
  options: {
    print: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})
const effort = values.quick ? { rounds: 1, seconds: 2 } : { rounds: 5, seconds: 5 }
const { env } = lastStage(readFileSync('deploy/directory.Dockerfile', 'utf8'))
const program = (name: string): string => path.join('build', 'bench', name)

const WARM_UP = 2
const CONNECTIONS = 64
const SIZES = [1_000, 10_000, 20_000, 100_000]
const USUAL = 20_000
const LEASE_RATE = 15_000
const KNOWN_RATE = 20_000
const P99_MS = 15
const RSS = 160 * MIB
/** Bytes per endpoint of the most endpoints, divided by those of the fewest. */
const LINEAR = 1.1

const directory = (endpoints: number): Promise<ServerProcess> =>
  startServer({ argv: ['--expose-gc', program('directory-served.cjs'), `${endpoints}`], env })

const leasePath = (number: number): string => `/v1/leases/${addressOf(number)}/1234567/1/1`

async function read(reads: Omit<Reads, 'warmUp' | 'seconds' | 'connections'>): Promise<Loaded> {
  const child = fork(program('directory-load.mjs'), { serialization: 'advanced' })
  child.send({ ...reads, connections: CONNECTIONS, warmUp: WARM_UP, seconds: effort.seconds })
  const [loaded] = (await once(child, 'message')) as [Loaded]
  return loaded
}

interface Question {
  readonly title: string
  readonly paths: readonly string[]
  readonly header: string
  readonly status: 200 | 304
  readonly rate?: number
}

async function rates(server: ServerProcess, question: Question): Promise<Section> {
  const { paths, header, status } = question
  const url = `http://127.0.0.1:${server.port}${paths[0]}`
  const length = status === 304 ? 0 : (await (await fetch(url)).arrayBuffer()).byteLength
  const bare = await startServer({ argv: [program('directory-bare.mjs'), `${length}`] })
  const ours: Loaded[] = []
  const theirs: Loaded[] = []
  for (let round = 0; round < effort.rounds; round++) {
    ours.push(await read({ port: server.port, paths, header }))
    theirs.push(await read({ port: bare.port, paths, header }))
  }
  await bare.stop()
  const timesOf = (loaded: Loaded): Times => (status === 200 ? loaded.good : loaded.refused)
  const rate = spread(ours.map((loaded) => timesOf(loaded).perSecond))
  const p99 = spread(ours.map((loaded) => timesOf(loaded).p99))
  const share = spread(
    ours.map((our, round) => our.perSecond / (theirs[round] as Loaded).perSecond),
  )
  const statuses = [...new Set(ours.flatMap((loaded) => Object.keys(loaded.statuses)))]
  return {
    title: question.title,
    figures: figures(question, length, { rate, p99, share, statuses }),
  }
}

function figures(
  { rate: least, status }: Question,
  length: number,
  { rate, p99, share, statuses }: { rate: Spread; p99: Spread; share: Spread; statuses: string[] },
): Figure[] {
  return [
    {
      name: `answers of ${length} bytes`,
      value: between(perSecond, rate),
      ...(least !== undefined && { bar: `≥ ${least}/s`, met: rate.median >= least }),
    },
    { name: 'p99', value: between(ms, p99), bar: `≤ ${P99_MS} ms`, met: p99.median <= P99_MS },
    { name: '÷ bare node:http', value: ratio(share) },
    {
      name: 'statuses',
      value: statuses.join(', '),
      bar: `nothing but ${status}`,
      met: statuses.join() === `${status}`,
    },
  ]
}

async function throughput(): Promise<Section[]> {
  const server = await directory(USUAL)
  const paths = Array.from({ length: 1000 }, (_, at) => leasePath(at + 1))
  const one = paths.slice(0, 1)
  const etag = (await fetch(`http://127.0.0.1:${server.port}${one[0]}`)).headers.get('etag')
  const sections = []
  for (const question of [
    { title: 'GET one lease', paths: one, header: '', status: 200, rate: LEASE_RATE },
    { title: 'GET 1,000 leases in turns', paths, header: '', status: 200, rate: LEASE_RATE },
    {
      title: 'the same, known (304)',
      paths: one,
      header: `If-None-Match: W/"other", ${etag}\r\n`,
      status: 304,
      rate: KNOWN_RATE,
    },
    {
      title: 'GET the leases of an owner',
      paths: [`/v1/leases?owner=${addressOf(1)}`],
      header: '',
      status: 200,
    },
  ] as const) {
    sections.push(await rates(server, question))
  }
  await server.stop()
  return sections
}

async function memory(): Promise<Section> {
  const figures: Figure[] = []
  const perEndpoint: number[] = []
  for (const size of SIZES) {
    const server = await directory(size)
    const before = await server.said(/heap (\d+)/)
    await read({ port: server.port, paths: [leasePath(1), leasePath(2)], header: '' })
    const resident = server.resident()
    await server.stop()
    const each = Number(before) / size
    perEndpoint.push(each)
    const bar = size === USUAL && { bar: `≤ ${mib(RSS)}`, met: resident <= RSS }
    figures.push({ name: `${size} endpoints: RSS under load`, value: mib(resident), ...bar })
    figures.push({ name: `${size} endpoints: heap of each`, value: `${Math.round(each)} bytes` })
  }
  const growth = (perEndpoint.at(-1) as number) / (perEndpoint[0] as number)
  const bar = { bar: `≤ ${LINEAR}×`, met: growth <= LINEAR }
  const name = `heap of each, ${SIZES.at(-1)} ÷ ${SIZES[0]} endpoints`
  figures.push({ name, value: `${growth.toFixed(2)}×`, ...bar })
  return { title: 'memory, four endpoints a lease', figures }
}

const here = setting(new Date())
console.log(`${here.machine}; Node ${here.node}; ${here.date}; commit ${here.commit}\n`)
const sections = [...(await throughput()), await memory()]
for (const section of sections) console.log(`${table(section)}\n`)
if (!values.print) {
  const results = `${JSON.stringify({ ...here, sections }, undefined, 2)}\n`
  writeFileSync('bench/directory-results.json', results)
}
