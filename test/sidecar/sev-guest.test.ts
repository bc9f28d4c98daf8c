// SPDX-License-Identifier: Apache-2.0
// What the surface of `/dev/sev-guest` asks, and what it makes of each answer.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import type { Code } from '../../src/errors.js'
import { parseSnpReport } from '../../src/index.js'
import type { Clock } from '../../src/service/clock.js'
import { openSevGuest } from '../../src/sidecar/sev-guest.js'
import type { CpuSurface } from '../../src/sidecar/surface.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { pattern } from '../fake/nvidia.js'
import { FakeSevGuest, type Fault, GET_EXT_REPORT, GET_REPORT } from '../fake/sev-guest.js'
import { hex, rejectsCode } from '../helpers.js'

const { EBUSY, EAGAIN, EINTR, EINVAL, EIO, ENOTTY, ETIMEDOUT } = constants.errno
const dir = mkdtempSync(path.join(tmpdir(), 'assay-sev-guest-'))
const DATA = pattern(64, 3)
const TABLE = mintCertTable([
  [GUIDS.vcek, pattern(1300, 1)],
  [GUIDS.ask, pattern(1600, 2)],
])

interface World {
  readonly driver: FakeSevGuest
  readonly surface: CpuSurface
  readonly pauses: number[]
}

async function world(t: Test, certs: Bytes = new Uint8Array(), vmpckId?: string): Promise<World> {
  const driver = new FakeSevGuest()
  driver.certs = certs
  const pauses: number[] = []
  const clock: Clock = {
    now: () => new Date(0),
    monotonic: () => 0,
    after: (ms, run) => {
      pauses.push(ms)
      setImmediate(run)
      return () => {}
    },
  }
  const file = path.join(dir, 'vmpck_id')
  if (vmpckId !== undefined) writeFileSync(file, vmpckId)
  const options = { path: '/dev/null', clock, ioctl: driver.ioctl }
  const surface = await openSevGuest({
    ...options,
    vmpckId: vmpckId === undefined ? path.join(dir, 'absent') : file,
  })
  t.teardown(() => surface.close())
  return { driver, surface, pauses }
}

t.test('sev-guest: a report over what was asked for, with the certificates', async (t) => {
  const { driver, surface } = await world(t, TABLE)
  t.equal(surface.name, 'sev-guest')
  t.equal(surface.tee, 'snp')
  const { report, auxblob } = await surface.collect(DATA, 2)
  const { reportData, vmpl } = parseSnpReport(report)
  t.strictSame(reportData, DATA)
  t.equal(vmpl, 2)
  t.strictSame(auxblob, TABLE)
  const [asked] = driver.asked
  t.equal(driver.asked.length, 1)
  t.match(asked, { request: GET_EXT_REPORT, version: 1, vmpl: 2, certsLen: 0x4000 })
  t.equal(hex(asked?.userData ?? DATA.subarray(1)), hex(DATA))
})

t.test('sev-guest: a host without certificates, or with something else there', async (t) => {
  const unended = new Uint8Array(0x4000).fill(0xaa)
  for (const certs of [new Uint8Array(), unended, pattern(100, 9)]) {
    const { surface } = await world(t, certs)
    t.equal((await surface.collect(DATA, 0)).auxblob.length, 0)
  }
})

t.test('sev-guest: the table is cut at the end of its last certificate', async (t) => {
  const gap = new Uint8Array(0x3000)
  gap.set(TABLE)
  // The second entry lies before the first.
  const reversed = mintCertTable([
    [GUIDS.vcek, new Uint8Array(4)],
    [GUIDS.ark, pattern(700, 4)],
  ])
  const view = new DataView(reversed.buffer)
  const [first, second] = [view.getUint32(16, true), view.getUint32(40, true)]
  view.setUint32(16, second, true)
  view.setUint32(20, 700, true)
  view.setUint32(40, first, true)
  view.setUint32(44, 4, true)
  for (const [given, wanted] of [
    [gap, TABLE],
    [reversed, reversed],
  ] as const) {
    const { surface } = await world(t, given)
    t.strictSame((await surface.collect(DATA, 0)).auxblob, wanted)
  }
})

t.test('sev-guest: without the extended request where it is not to be had', async (t) => {
  const huge = new Uint8Array(0x4001)
  for (const refuses of [true, false]) {
    const { driver, surface } = await world(t, refuses ? TABLE : huge)
    driver.refusesExtended = refuses
    const { report, auxblob } = await surface.collect(DATA, 1)
    t.strictSame(parseSnpReport(report).reportData, DATA)
    t.equal(auxblob.length, 0)
    await surface.collect(DATA, 1)
    t.same(
      driver.asked.map(({ request }) => request),
      [GET_EXT_REPORT, GET_REPORT, GET_REPORT],
      'and it is not asked for again',
    )
    t.match(driver.asked[1], { version: 1, vmpl: 1, certsLen: null })
  }
})

t.test('sev-guest: EINVAL of the ordinary request is the end', async (t) => {
  const { driver, surface } = await world(t)
  driver.refusesExtended = true
  driver.faults.push({ errno: EINVAL })
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_IO')
  t.equal(driver.asked.length, 2)
})

t.test('sev-guest: a lost key is the end for good', async (t) => {
  const { driver, surface } = await world(t)
  driver.lost = true
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST')
  t.equal(driver.asked.length, 1, 'the other request is not tried')
  driver.lost = false
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST', 'and stays lost')
  t.equal(driver.asked.length, 1, 'and is not asked')
})

t.test('sev-guest: a request that fails may cost the key', async (t) => {
  for (const errno of [EIO, ETIMEDOUT]) {
    const { driver, surface } = await world(t)
    driver.faults.push({ errno, fwError: 0xff, vmmError: 2 })
    const error = await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_IO')
    t.match(error?.cause, { message: 'fw_error 0xff, vmm_error 0x2' })
    t.equal(driver.asked.length, 1)
    await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST')
    await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST')
    t.equal(driver.asked.length, 2)
  }
})

t.test('sev-guest: a busy device is asked again, in growing pauses and not for ever', async (t) => {
  for (const errno of [EBUSY, EAGAIN, EINTR]) {
    const { driver, surface, pauses } = await world(t)
    driver.faults.push({ errno }, { errno })
    t.strictSame(parseSnpReport((await surface.collect(DATA, 0)).report).reportData, DATA)
    t.same(pauses, [50, 100])
    driver.faults.push(...Array<Fault>(8).fill({ errno }))
    await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_BUSY')
    t.equal(driver.faults.length, 1, 'seven times in all')
    t.same(pauses.slice(2), [50, 100, 200, 400, 800, 1600])
  }
})

t.test('sev-guest: the firmware says no in the response', async (t) => {
  for (const status of [0x16, 0x27, 0x1]) {
    const { driver, surface } = await world(t)
    driver.faults.push({ status })
    const error = await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_IO')
    t.match(error?.message, `STATUS 0x${status.toString(16)}`)
    t.ok(await surface.collect(DATA, 0), 'which costs nothing')
  }
})

t.test('sev-guest: an answer to another question is none', async (t) => {
  const wrong: readonly Fault[] = [
    { fields: { reportData: pattern(64, 4) } },
    { fields: { vmpl: 1 } },
    { spoil: (response) => response.fill(0, 32) },
    { spoil: (response) => response.fill(0, 4, 8) },
  ]
  for (const fault of wrong) {
    const { driver, surface } = await world(t)
    driver.faults.push(fault)
    const error = await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ANSWER')
    t.notMatch(error?.message, hex(DATA).slice(0, 16))
  }
})

t.test('sev-guest: one request at a time, over what the caller had when it asked', async (t) => {
  const { driver, surface } = await world(t)
  const datas = [1, 2, 3].map((seed) => pattern(64, seed))
  const running = datas.map((data) => surface.collect(data, 0))
  const wanted = datas.map((data) => data.slice())
  for (const data of datas) data.fill(0)
  const reports = await Promise.all(running)
  t.strictSame(
    reports.map(({ report }) => parseSnpReport(report).reportData),
    wanted,
  )
  t.equal(driver.most, 1)
})

t.test('sev-guest: closing waits for what is under way', async (t) => {
  const { driver, surface } = await world(t)
  let release: () => void = t.fail
  driver.hold = new Promise<void>((resolve) => {
    release = resolve
  })
  const order: string[] = []
  const running = surface.collect(DATA, 0).then(() => order.push('report'))
  const closing = surface.close().then(() => order.push('closed'))
  // More turns of the same threads than closing a file takes.
  for (let turn = 0; turn < 20; turn++) await stat('/')
  t.same(order, [])
  release()
  await Promise.all([running, closing])
  t.same(order, ['report', 'closed'])
})

t.test('sev-guest: 64 bytes and nothing else', async (t) => {
  const { driver, surface } = await world(t)
  for (const length of [0, 63, 65]) {
    await rejectsCode(t, surface.collect(pattern(length, 1), 0), 'ERR_REPORT_DATA_LENGTH')
  }
  t.equal(driver.asked.length, 0)
})

t.test('sev-guest: a level from that of the key to 3', async (t) => {
  const { driver, surface } = await world(t, undefined, '1\n')
  for (const vmpl of [-1, 0, 4, 1.5, 2 ** 32 + 1, Number.NaN]) {
    await rejectsCode(t, surface.collect(DATA, vmpl), 'ERR_LEVEL_FLOOR')
  }
  t.equal(driver.asked.length, 0)
  for (const vmpl of [1, 2, 3]) {
    t.equal(parseSnpReport((await surface.collect(DATA, vmpl)).report).vmpl, vmpl)
  }
})

t.test('sev-guest: the lowest level is that of the key, where the driver says', async (t) => {
  for (const [text, floor] of [
    ['0\n', 0],
    ['1\n', 1],
    ['3', 3],
    ['-1\n', 0],
    ['4\n', 0],
    ['', 0],
    [undefined, 0],
  ] as const) {
    t.equal((await world(t, undefined, text)).surface.floor, floor, JSON.stringify(text))
  }
})

t.test('sev-guest: what cannot be opened', async (t) => {
  const clock = { now: () => new Date(0), monotonic: () => 0, after: () => () => {} }
  const { ioctl } = new FakeSevGuest()
  const cases: readonly [string, Code][] = [
    [path.join(dir, 'nothing'), 'ERR_DEVICE_ABSENT'],
    [path.join(dir, 'nothing'.repeat(60)), 'ERR_DEVICE_IO'],
  ]
  for (const [name, code] of cases) {
    await rejectsCode(t, openSevGuest({ path: name, clock, ioctl }), code)
  }
})

t.test('sev-guest: with the ioctl of this process', async (t) => {
  const clock = { now: () => new Date(0), monotonic: () => 0, after: () => () => {} }
  const surface = await openSevGuest({ path: '/dev/null', clock })
  t.teardown(() => surface.close())
  const error = await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST')
  t.match(error?.cause, { message: `errno ${ENOTTY},` })
})
