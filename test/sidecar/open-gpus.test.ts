// SPDX-License-Identifier: Apache-2.0
// Which guests are asked for evidence of their GPUs, and that none of them ever passes for one
// without.

import { rmSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { platformOpener } from '../../src/sidecar/open.js'
import type { CpuSurface } from '../../src/sidecar/surface.js'
import { BLACKWELL, type FakeDriver, FakeNvml, HOPPER } from '../fake/nvml.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { rejectsCode } from '../helpers.js'
import { type Files, machine } from './machine.js'

const pci = (address: string, vendor: string, kind: string): Files => ({
  [`sys/bus/pci/devices/${address}/vendor`]: `${vendor}\n`,
  [`sys/bus/pci/devices/${address}/class`]: `${kind}\n`,
})
const GPU = pci('0000:01:00.0', '0x10de', '0x030200')
const SECOND = pci('0000:02:00.0', '0x10de', '0x030000')
const NO_GPUS = [
  pci('0000:00:01.0', '0x1234', '0x030000'),
  pci('0000:00:02.0', '0x10de', '0x068000'),
  { 'sys/bus/pci/devices/0000:00:03.0/vendor': '0x10de\n' },
  { 'dev/nvidiactl': '' },
]

function guest(t: Test, files: readonly Files[], driver: FakeDriver | 'none' = {}) {
  const root = machine(t, ...files)
  const logged: Record<string, unknown>[] = []
  const closed: string[] = []
  const fake = new FakeNvml(driver === 'none' ? {} : driver)
  const cpu: CpuSurface = {
    name: 'fake',
    tee: 'snp',
    floor: 0,
    collect: () => Promise.reject(new Error('not asked')),
    close: async () => {
      closed.push('cpu')
    },
  }
  const failure = { call: 'load', status: 12, reason: '/usr/lib: cannot open' }
  const searches: string[] = []
  const options = {
    clock: new ManualClock(),
    log: (event: object) => logged.push(event as Record<string, unknown>),
    root,
    ways: {
      prepare: async () => {},
      openConfigfsTsm: async () => cpu,
      findNvml: async ({ root: where }: { readonly root: string }) => {
        searches.push(where)
        return driver === 'none' ? { failure, value: null } : fake.open()
      },
      mountGuestRoot: async () => null,
    },
  }
  return { root, logged, closed, fake, searches, options, open: platformOpener(options) }
}

t.test('open gpus: a guest that has none is asked nothing', async (t) => {
  const { open, searches, logged, root } = guest(t, NO_GPUS)
  t.equal((await open()).gpus, null)
  t.same(searches, [])
  t.equal(logged.length, 1)
  rmSync(path.join(root, 'sys'), { recursive: true })
  t.equal((await open()).gpus, null)
})

t.test('open gpus: a guest that has some has all of them in its platform', async (t) => {
  const { open, searches, logged, root } = guest(t, [...NO_GPUS, GPU, SECOND], {
    gpus: [HOPPER, BLACKWELL],
    multiGpuMode: 1,
    ccFeature: 0,
  })
  t.equal((await open()).gpus?.name, 'nvml')
  t.same(searches, [root])
  t.match(logged[1], {
    msg: 'GPUs opened',
    surface: 'nvml',
    gpus: 2,
    architectures: 'HOPPER,BLACKWELL',
    mode: 'protected PCIe',
    driver: '570.124.06',
  })
})

t.test('open gpus: traces of a GPU are a GPU', async (t) => {
  const traces: readonly Files[] = [{ 'proc/driver/nvidia/version': '' }, { 'dev/nvidia3': '' }]
  for (const trace of traces) {
    const without = guest(t, [trace], 'none')
    await rejectsCode(t, without.open(), 'ERR_GPU_DRIVER')
    t.same(without.closed, ['cpu'], 'and the CPU is let go of')
    t.equal((await guest(t, [trace]).open()).gpus?.name, 'nvml')
  }
})

t.test('open gpus: without a library there is no platform, and the log says why', async (t) => {
  const { open, logged } = guest(t, [GPU], 'none')
  const error = await rejectsCode(t, open(), 'ERR_GPU_DRIVER')
  t.equal(error?.message, 'the guest has GPUs, and no libnvidia-ml.so.1 that can be loaded')
  t.match(logged[1], { msg: /^no library/, call: 'load', reason: /cannot open/ })
})

t.test('open gpus: those of the bus that the driver lacks are missed', async (t) => {
  const { open, closed } = guest(t, [GPU, SECOND])
  t.match((await rejectsCode(t, open(), 'ERR_GPU_DRIVER'))?.message, /1 of 2 GPUs/)
  t.same(closed, ['cpu'])
})

t.test('open gpus: a guest that was seen with GPUs never passes for one without', async (t) => {
  const { open, root, fake } = guest(t, [GPU, SECOND], { gpus: [HOPPER] })
  await rejectsCode(t, open(), 'ERR_GPU_DRIVER')
  rmSync(path.join(root, 'sys/bus/pci/devices/0000:02:00.0'), { recursive: true })
  t.match((await rejectsCode(t, open(), 'ERR_GPU_DRIVER'))?.message, /1 of 2 GPUs/, 'one is lost')
  rmSync(path.join(root, 'sys'), { recursive: true })
  fake.driver = { statuses: { nvmlInit_v2: 9 } }
  await rejectsCode(t, open(), 'ERR_GPU_DRIVER', 'all are')
  fake.driver = { gpus: [HOPPER, BLACKWELL] }
  t.equal((await open()).gpus?.name, 'nvml', 'and when they are back, there is a platform')
})

t.test('open gpus: they are noticed while the CPU is still waited for', async (t) => {
  const { options, root } = guest(t, [GPU], 'none')
  const tries = [new Error('too early')]
  const openConfigfsTsm = async () => {
    const [reason] = tries.splice(0)
    if (reason) throw reason
    return options.ways.openConfigfsTsm()
  }
  const open = platformOpener({ ...options, ways: { ...options.ways, openConfigfsTsm } })
  await t.rejects(open(), /too early/)
  rmSync(path.join(root, 'sys'), { recursive: true })
  await rejectsCode(t, open(), 'ERR_GPU_DRIVER')
})

t.test('open gpus: an operator may want the CPU alone, and the log says so', async (t) => {
  const { options, searches, logged } = guest(t, [GPU], 'none')
  t.equal((await platformOpener({ ...options, gpus: 'ignore' })()).gpus, null)
  t.same(searches, [])
  t.match(logged[1], { msg: 'GPUs are ignored: only the CPU is attested', gpus: 1 })
})

t.test('open gpus: with the ways of this machine', async (t) => {
  const { options } = guest(t, [GPU, { 'proc/cmdline': 'root=/dev/assay-none\n' }])
  const { prepare, openConfigfsTsm } = options.ways
  const open = platformOpener({ ...options, ways: { prepare, openConfigfsTsm } })
  await t.rejects(open(), { code: /^ERR_GPU_/ })
})
