// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { EXAMPLE_EXPECTATIONS, EXAMPLE_LEASE, exampleSource } from '../../src/directory/example.js'
import { FileSource } from '../../src/directory/file-source.js'
import { DirectoryState } from '../../src/directory/state.js'
import {
  checkLeaseHints,
  expectationsDigest,
  type LeaseHints,
  leaseKey,
  parseExpectations,
} from '../../src/discovery/index.js'
import { expectations, expectationsBytes } from '../fake/akash.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { rejectsCode } from '../helpers.js'
import { endpoint, hints, leaseId } from './leases.js'
import { recorded } from './recorded.js'

const DOCUMENT = expectationsBytes()
const DIGEST = expectationsDigest(DOCUMENT)
const LEASE = hints(leaseId(1), [endpoint({ expectations: [DIGEST] })])

const written = (leases: readonly LeaseHints[], more: object = { expectations: 'expectations' }) =>
  JSON.stringify({ format: 'assay.directory.v1', leases, ...more })

function files(t: Test, content = written([LEASE])) {
  const dir = mkdtempSync(path.join(tmpdir(), 'assay-directory-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const put = (name: string, text: string | Uint8Array) => writeFileSync(path.join(dir, name), text)
  mkdirSync(path.join(dir, 'expectations'))
  put('expectations/web.json', DOCUMENT)
  put('expectations/README', 'no document')
  put('leases.json', content)
  const clock = new ManualClock()
  const { lines, log } = recorded()
  const source = new FileSource({ file: path.join(dir, 'leases.json'), clock, log })
  t.teardown(() => source.close())
  const state = new DirectoryState()
  /** Lets it look once. */
  const look = async () => {
    clock.advance(1000)
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { dir, put, clock, lines, source, state, look }
}

t.test('file source: leases, and the expectations that they name', async (t) => {
  const { source, state, lines } = files(t)
  t.notOk(source.connected)
  await source.start(state)
  t.ok(source.connected)
  t.same(state.counts, { leases: 1, endpoints: 1, owners: 1, expectations: 1 })
  t.same(state.expectations(DIGEST)?.bytes, Buffer.from(DOCUMENT))
  t.match(lines, [{ msg: 'source read', leases: 1 }])
})

t.test('file source: a change is seen, and nothing where nothing changed', async (t) => {
  const { dir, put, source, state, look, lines } = files(t)
  await source.start(state)
  await look()
  t.equal(lines.length, 1)
  put('leases.json', written([LEASE, hints(leaseId(2))]))
  await look()
  t.equal(state.counts.leases, 2)
  const other = expectationsBytes(expectations({ name: 'another' }))
  put('expectations/other.json', other)
  await look()
  t.equal(state.counts.expectations, 2)
  put('expectations/other.json', expectationsBytes(expectations({ name: 'or other' })))
  await look()
  t.equal(state.expectations(expectationsDigest(other)), undefined)
  rmSync(path.join(dir, 'expectations/other.json'))
  await look()
  t.equal(state.counts.expectations, 1)
  mkdirSync(path.join(dir, 'elsewhere'))
  put('elsewhere/web.json', DOCUMENT)
  put('leases.json', written([LEASE], { expectations: './elsewhere' }))
  await look()
  put('elsewhere/more.json', other)
  await look()
  t.equal(state.counts.expectations, 2, 'the folder is another one')
  put('leases.json', written([], {}))
  await look()
  t.same(state.counts, { leases: 0, endpoints: 0, owners: 0, expectations: 0 })
  t.ok(lines.every(({ level }) => level === 30))
})

t.test('file source: as Kubernetes mounts a ConfigMap', async (t) => {
  const { dir, clock, state } = files(t)
  const { log } = recorded()
  const at = (name: string) => path.join(dir, name)
  for (const [version, dseq] of [
    ['one', 1],
    ['two', 2],
  ] as const) {
    mkdirSync(at(version))
    writeFileSync(at(`${version}/leases.json`), written([hints(leaseId(dseq))], {}))
  }
  symlinkSync('one', at('data'))
  symlinkSync('data/leases.json', at('mounted.json'))
  const source = new FileSource({ file: at('mounted.json'), clock, log })
  await source.start(state)
  symlinkSync('two', at('new'))
  renameSync(at('new'), at('data'))
  clock.advance(1000)
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
  t.ok(state.lease(leaseKey(leaseId(2))))
  await source.close()
})

t.test(
  'file source: what is wrong is refused in one line, and the last good one stays',
  async (t) => {
    const { dir, put, source, state, look, lines } = files(t)
    await source.start(state)
    const before = state.digest()
    const bad: [() => void, RegExp][] = [
      [() => put('leases.json', '{'), /leases\.json: not JSON$/],
      [() => put('leases.json', written([LEASE]).replace('v1', 'v2')), /format.*expected/],
      [() => put('leases.json', written([{ ...LEASE, provider: 'x' }])), /leases\[0\]\.provider/],
      [() => put('leases.json', written([LEASE, LEASE])), /leases: each lease once expected/],
      [() => put('leases.json', written([LEASE], {})), /dseq 1 names sha256:/],
      [
        () => put('leases.json', written([], { expectations: 'none' })),
        /cannot read none: ENOENT$/,
      ],
      [() => rmSync(path.join(dir, 'leases.json')), /cannot read leases\.json: ENOENT$/],
      [
        () => {
          put('leases.json', written([LEASE]))
          put('expectations/bad.json', expectationsBytes({ ...expectations(), sidecarImage: 'x' }))
        },
        /bad\.json: .*sidecarImage/,
      ],
    ]
    for (const [spoil, message] of bad) {
      lines.length = 0
      spoil()
      await look()
      await look()
      t.match(lines, [{ level: 50, code: 'ERR_SOURCE_DOCUMENT', msg: message }])
      t.equal(lines.length, 1, 'said once')
      t.match(lines[0]?.msg, /^source refused, the last good one stays: /)
      t.equal(state.digest(), before)
      t.notOk(source.connected, 'what is served may be old')
    }
    rmSync(path.join(dir, 'expectations/bad.json'))
    await look()
    t.ok(source.connected)
    t.equal(state.digest(), before)
  },
)

t.test('file source: measurements and levels are checked before anybody is told', async (t) => {
  const { put, source, state } = files(t)
  const snp = { measurements: [{ vcpus: 1, measurement: '00'.repeat(47) }] }
  put('expectations/web.json', expectationsBytes({ ...expectations(), snp }))
  const error = await rejectsCode(t, source.start(state), 'ERR_SOURCE_DOCUMENT')
  t.match(error?.message, /^web\.json: .*measurement/)
})

t.test('file source: wrong to begin with, it does not start', async (t) => {
  const { source, state, clock } = files(t, '[]')
  await rejectsCode(t, source.start(state), 'ERR_SOURCE_DOCUMENT')
  t.equal(clock.pending, 0)
})

t.test('file source: closed while it looks, it changes nothing more', async (t) => {
  const { put, source, state, clock } = files(t)
  await source.start(state)
  put('leases.json', written([]))
  clock.advance(1000)
  await source.close()
  for (let turn = 0; turn < 1000; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.equal(state.counts.leases, 1)
  t.equal(clock.pending, 0)
})

t.test('example: every resource can be looked at', async (t) => {
  const source = exampleSource()
  const state = new DirectoryState()
  await source.start(state)
  t.ok(source.connected)
  t.same(checkLeaseHints(EXAMPLE_LEASE), EXAMPLE_LEASE)
  t.ok(parseExpectations(EXAMPLE_EXPECTATIONS))
  const [digest = ''] = EXAMPLE_LEASE.endpoints[0]?.expectations ?? []
  t.ok(state.expectations(digest))
  await source.close()
})
