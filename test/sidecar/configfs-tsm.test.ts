// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { parseSnpReport } from '../../src/core/snp.js'
import { parseTdxQuote } from '../../src/core/tdx.js'
import type { Code } from '../../src/errors.js'
import type { Clock } from '../../src/service/clock.js'
import { openConfigfsTsm } from '../../src/sidecar/configfs-tsm.js'
import type { CpuSurface } from '../../src/sidecar/surface.js'
import { mintQuote, noise } from '../fake/tdx.js'
import { FakeTsm, type FakeTsmOptions, type Fault, nodeError, REPORT_DIR } from '../fake/tsm.js'
import { changed, hex, rejectsCode } from '../helpers.js'

const DATA = noise(64, 1)
const OURS = /^assay-[0-9a-f]{32}$/

/** Time that passes as soon as somebody waits for it. */
function impatient(): Clock & { readonly waits: number[] } {
  const waits: number[] = []
  const after = (ms: number, run: () => void) => {
    waits.push(ms)
    run()
    return () => {}
  }
  return { waits, after, now: () => new Date(0), monotonic: () => 0 }
}

interface World {
  readonly tsm: FakeTsm
  readonly clock: ReturnType<typeof impatient>
  readonly surface: CpuSurface
}

async function world(options: FakeTsmOptions = {}): Promise<World> {
  const tsm = new FakeTsm(options)
  const clock = impatient()
  const surface = await openConfigfsTsm({ dir: REPORT_DIR, clock, io: tsm })
  tsm.log.length = 0
  return { tsm, clock, surface }
}

const tdxMint = (reportData: Uint8Array): Uint8Array =>
  changed(mintQuote(), (quote) => quote.set(reportData, 48 + 520))

t.test('configfs-tsm: one SNP request, step by step', async (t) => {
  const auxblob = noise(3000, 2)
  const { tsm, surface } = await world({ auxblob })
  t.match(surface, { name: 'configfs-tsm', tee: 'snp', floor: 0 })
  const answer = await surface.collect(DATA, 1)
  const report = parseSnpReport(answer.report)
  t.same(report.reportData, DATA)
  t.equal(report.vmpl, 1)
  t.equal(hex(answer.auxblob), hex(auxblob))
  t.same(tsm.log, [
    'mkdir',
    'chmod',
    'read generation',
    'write privlevel',
    'write inblob',
    'read outblob',
    'read generation',
    'read auxblob',
    'read generation',
    'rmdir',
  ])
  t.equal(tsm.requests, 1, 'report and certificates are of one request')
  t.equal(tsm.directories.size, 0, 'and nothing stays')
})

t.test('configfs-tsm: TDX has no levels and no certificates', async (t) => {
  const { tsm, surface } = await world({ provider: 'tdx_guest', mint: tdxMint })
  t.match(surface, { tee: 'tdx', floor: 0 })
  const answer = await surface.collect(DATA, 9)
  t.same(parseTdxQuote(answer.report).body.reportData, DATA)
  t.equal(answer.auxblob.length, 0)
  t.same(
    tsm.log.filter((step) => /privlevel|auxblob/.test(step)),
    [],
  )
})

t.test('configfs-tsm: bytes behind a quote go to nobody', async (t) => {
  const { tsm, surface } = await world({ provider: 'tdx_guest', mint: tdxMint })
  tsm.faults.push({ answer: (good) => new Uint8Array(Buffer.concat([good, noise(512, 3)])) })
  const { report } = await surface.collect(DATA, 0)
  t.equal(hex(report), hex(tdxMint(DATA)))
})

t.test('configfs-tsm: the directory is blind-named, and closed before inblob', async (t) => {
  const { tsm, surface } = await world()
  const names = new Set<string>()
  for (let i = 0; i < 3; i++) {
    tsm.before.set('write inblob', (name) => {
      t.match(name, OURS)
      names.add(name)
      t.equal(tsm.directories.get(name)?.mode, 0o700)
    })
    await surface.collect(DATA, 0)
  }
  t.equal(names.size, 3)
})

t.test('configfs-tsm: the level is always written, and one below the floor never', async (t) => {
  const { tsm, surface } = await world({ floor: 1 })
  t.equal(surface.floor, 1)
  t.equal(parseSnpReport((await surface.collect(DATA, 1)).report).vmpl, 1)
  for (const level of [0, 4, Number.NaN]) {
    await rejectsCode(t, surface.collect(DATA, level), 'ERR_LEVEL_FLOOR', `level ${level}`)
  }
  t.equal(tsm.requests, 1)
})

t.test('configfs-tsm: exactly 64 bytes, as they were at the call', async (t) => {
  const { tsm, surface } = await world()
  for (const length of [0, 63, 65]) {
    const asked = surface.collect(new Uint8Array(length), 0)
    await rejectsCode(t, asked, 'ERR_REPORT_DATA_LENGTH', `${length} bytes`)
  }
  t.same(tsm.log, [], 'an empty inblob would have left an old report in place')
  const mine = DATA.slice()
  const asked = surface.collect(mine, 0)
  mine.fill(0)
  t.same(parseSnpReport((await asked).report).reportData, DATA)
})

t.test('configfs-tsm: one request at a time, in order', async (t) => {
  const { tsm, surface } = await world()
  const asked = Array.from({ length: 8 }, (_, i) => surface.collect(noise(64, i), 0))
  const answers = await Promise.all(asked)
  for (const [i, { report }] of answers.entries()) {
    t.same(parseSnpReport(report).reportData, noise(64, i))
  }
  t.equal(tsm.atOnce, 1)
  t.equal(tsm.log.indexOf('rmdir') < tsm.log.lastIndexOf('mkdir'), true)
})

t.test('configfs-tsm: leftovers of ours go at start, of others stay', async (t) => {
  const tsm = new FakeTsm()
  for (const name of ['assay-1', 'assay-2', 'com.intel.dcap']) tsm.create(name)
  tsm.before.set('rmdir', () => {
    throw nodeError(16, 'rmdir')
  })
  await openConfigfsTsm({ dir: REPORT_DIR, clock: impatient(), io: tsm })
  const left = [...tsm.directories.keys()]
  t.same(left, ['assay-1', 'com.intel.dcap'], 'and what cannot be removed stops nobody')
})

t.test('configfs-tsm: who answers is read, never guessed', async (t) => {
  const open = (options: FakeTsmOptions, change: (tsm: FakeTsm) => void = () => {}) => {
    const tsm = new FakeTsm(options)
    change(tsm)
    return openConfigfsTsm({ dir: REPORT_DIR, clock: impatient(), io: tsm })
  }
  const refused = async (code: Code, opened: Promise<CpuSurface>, title: string) =>
    rejectsCode(t, opened, code, title)
  await refused('ERR_DEVICE_PROVIDER', open({ provider: 'arm_cca_guest' }), 'unknown')
  await refused('ERR_DEVICE_PROVIDER', open({ provider: '' }), 'empty')
  await refused('ERR_DEVICE_ANSWER', open({ provider: 'x'.repeat(300) }), 'too long')
  await refused('ERR_DEVICE_ANSWER', open({ floor: 4 }), 'no such floor')
  await refused('ERR_DEVICE_ANSWER', open({ floor: -1 }), 'no number')
  const gone = open({}, (tsm) => {
    tsm.provider = null
  })
  await refused('ERR_DEVICE_ABSENT', gone, 'no provider')
  const unmounted = open({}, (tsm) => {
    tsm.mounted = false
  })
  await refused('ERR_DEVICE_ABSENT', unmounted, 'not mounted')
  const readOnly = open({}, (tsm) => {
    tsm.readOnly = true
  })
  await refused('ERR_DEVICE_PERMISSION', readOnly, 'read-only')
})

t.test('configfs-tsm: a busy device is asked again, with pauses, and not for ever', async (t) => {
  for (const errno of [4, 11, 16]) {
    const { tsm, clock, surface } = await world()
    tsm.faults.push({ errno }, { errno })
    await surface.collect(DATA, 0)
    t.same(clock.waits, [50, 100], `errno ${errno}`)
    tsm.faults.push(...Array.from({ length: 7 }, () => ({ errno })))
    await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_BUSY')
    t.equal(tsm.faults.length, 0)
    t.same(clock.waits.slice(2), [50, 100, 200, 400, 800, 1600])
    t.equal(tsm.directories.size, 0)
  }
})

t.test('configfs-tsm: what another attempt does not mend is not tried again', async (t) => {
  const once: readonly (readonly [Fault, Code])[] = [
    [{ errno: 5 }, 'ERR_DEVICE_IO'],
    [{ errno: 12 }, 'ERR_DEVICE_IO'],
    [{ errno: 22 }, 'ERR_DEVICE_IO'],
    [{ errno: 27 }, 'ERR_DEVICE_IO'],
    [{ errno: 74 }, 'ERR_DEVICE_IO'],
    [{ errno: 110 }, 'ERR_DEVICE_IO'],
    [{ errno: 13 }, 'ERR_DEVICE_PERMISSION'],
    [{ errno: 19 }, 'ERR_DEVICE_ABSENT'],
  ]
  for (const [fault, code] of once) {
    const { tsm, clock, surface } = await world()
    tsm.faults.push(fault)
    await rejectsCode(t, surface.collect(DATA, 0), code, `${JSON.stringify(fault)}: ${code}`)
    t.equal(tsm.requests, 1)
    t.same(clock.waits, [])
    await surface.collect(DATA, 0)
    t.equal(tsm.directories.size, 0, 'and the next request is as good as ever')
  }
})

t.test('configfs-tsm: nothing but a report over what was asked is handed on', async (t) => {
  const wrong: Record<string, (good: Uint8Array) => Uint8Array> = {
    'nothing at all': () => new Uint8Array(),
    torn: (good) => good.subarray(0, 600),
    'one byte short': (good) => good.subarray(0, -1),
    'one byte more': (good) => new Uint8Array([...good, 0]),
    'more than anything': () => new Uint8Array(0x5000),
    'of zeros': (good) => new Uint8Array(good.length),
    "somebody else's": (good) => changed(good, (r) => r.set(noise(64, 9), 0x50)),
    'one bit off in REPORT_DATA': (good) => changed(good, (r) => r.fill(r[0x8f] ?? 0, 0x50, 0x51)),
    'of another VMPL': (good) => changed(good, (r) => r.fill(2, 0x30, 0x31)),
    "the host's": (good) => changed(good, (r) => r.fill(0xff, 0x30, 0x34)),
  }
  for (const [title, answer] of Object.entries(wrong)) {
    const { tsm, surface } = await world()
    tsm.faults.push({ answer })
    await rejectsCode(t, surface.collect(DATA, 1), 'ERR_DEVICE_ANSWER', title)
  }
  const { tsm, surface } = await world({ provider: 'tdx_guest', mint: tdxMint })
  for (const answer of [() => new Uint8Array(1024), () => tdxMint(noise(64, 9))]) {
    tsm.faults.push({ answer })
    await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ANSWER', 'TDX')
  }
  await surface.collect(DATA, 0)
})

t.test('configfs-tsm: a bug of ours stays one', async (t) => {
  const bug = new TypeError('ours')
  const { tsm, surface } = await world()
  tsm.before.set('read outblob', () => {
    throw bug
  })
  await t.rejects(surface.collect(DATA, 0), bug)
  t.equal(tsm.directories.size, 0)
})

t.test('configfs-tsm: a table that no certificates can need is refused', async (t) => {
  const { surface } = await world({ auxblob: new Uint8Array(0x10001) })
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ANSWER')
  const most = await world({ auxblob: new Uint8Array(0x10000) })
  t.equal((await most.surface.collect(DATA, 0)).auxblob.length, 0x10000)
})

/** Somebody else writes his own 64 bytes into our directory. */
const intrude = (tsm: FakeTsm, bytes = noise(64, 66)) => {
  return async (name: string) => {
    await tsm.write(`${REPORT_DIR}/${name}/inblob`, bytes).catch(() => {})
  }
}

t.test('configfs-tsm: a race in our directory is noticed at every step', async (t) => {
  const steps = ['write privlevel', 'write inblob', 'read outblob', 'read auxblob']
  for (const step of steps) {
    const { tsm, surface } = await world()
    tsm.before.set(step, intrude(tsm))
    const { report } = await surface.collect(DATA, 0)
    t.same(parseSnpReport(report).reportData, DATA, step)
    t.equal(tsm.log.filter((entry) => entry === 'mkdir').length, 2, 'in a new directory')
  }
  const { tsm, surface } = await world()
  // Refused as too long, it empties our inblob all the same: EINVAL, which says nothing.
  tsm.before.set('read outblob', intrude(tsm, new Uint8Array(65)))
  t.same(parseSnpReport((await surface.collect(DATA, 0)).report).reportData, DATA)
})

t.test('configfs-tsm: a race without end is an error, not a report', async (t) => {
  const { tsm, surface } = await world()
  const again = async (name: string) => {
    await intrude(tsm)(name)
    tsm.before.set('read outblob', again)
  }
  tsm.before.set('read outblob', again)
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ANSWER')
  t.equal(tsm.log.filter((entry) => entry === 'mkdir').length, 4)
  t.equal(tsm.directories.size, 0)
})

t.test('configfs-tsm: a removed directory is replaced, once', async (t) => {
  const steps = ['chmod', 'read generation', 'write privlevel', 'write inblob', 'read outblob']
  for (const step of [...steps, 'read auxblob']) {
    const { tsm, surface } = await world()
    const remove = (name: string) => {
      tsm.directories.delete(name)
    }
    tsm.before.set(step, remove)
    const { report } = await surface.collect(DATA, 0)
    t.same(parseSnpReport(report).reportData, DATA, step)
    tsm.before.set(step, (name) => {
      remove(name)
      tsm.before.set(step, remove)
    })
    await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ABSENT', `${step}, twice`)
  }
})

t.test('configfs-tsm: a provider may go and come back', async (t) => {
  const { tsm, surface } = await world()
  tsm.before.set('read outblob', () => {
    tsm.provider = null
  })
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ABSENT', 'while it was asked')
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ABSENT', 'at mkdir')
  tsm.provider = 'sev_guest'
  tsm.floor = 2
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_LEVEL_FLOOR', 'with another floor')
  t.equal(surface.floor, 2)
  await surface.collect(DATA, 2)
  tsm.log.length = 0
  await surface.collect(DATA, 2)
  t.notOk(tsm.log.includes('read provider'), 'and is asked who it is only then')
})

t.test('configfs-tsm: a provider that comes back as another one is no longer ours', async (t) => {
  const { tsm, surface } = await world()
  tsm.provider = null
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_ABSENT')
  tsm.provider = 'tdx_guest'
  await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_PROVIDER')
  t.equal(tsm.requests, 0)
})

t.test('configfs-tsm: a guest that lost its key leaves the device alone', async (t) => {
  const { tsm, clock, surface } = await world()
  tsm.faults.push({ errno: 25 })
  const first = await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST')
  t.equal(tsm.directories.size, 0)
  tsm.log.length = 0
  for (let i = 0; i < 3; i++) {
    t.equal(await rejectsCode(t, surface.collect(DATA, 0), 'ERR_DEVICE_LOST'), first)
  }
  t.same(tsm.log, [])
  t.equal(tsm.requests, 1)
  t.same(clock.waits, [])
})

t.test('configfs-tsm: a wedged call is waited for, and close waits with it', async (t) => {
  const { tsm, surface } = await world()
  let release = () => {}
  tsm.faults.push({ hang: new Promise((resolve) => (release = resolve)) })
  const order: string[] = []
  const first = surface.collect(DATA, 0).then(() => order.push('first'))
  const second = surface.collect(noise(64, 2), 0).then(() => order.push('second'))
  const closed = surface.close().then(() => order.push('closed'))
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  t.same(order, [])
  t.equal(tsm.requests, 1, 'the second one is not let loose on it')
  release()
  await Promise.all([first, second, closed])
  t.same(order, ['first', 'second', 'closed'])
})
