// SPDX-License-Identifier: Apache-2.0
// What the survey of GPUs makes of each answer of the library.

import t from 'tap'
import { surveyGpus } from '../../src/sidecar/conf-compute.js'
import { openNvml } from '../../src/sidecar/nvml.js'
import { type FakeDriver, FakeNvml, HOPPER } from '../fake/nvml.js'

const survey = (driver?: FakeDriver) => surveyGpus(new FakeNvml(driver).open)

t.test('conf-compute: a guest with one GPU that computes confidentially', async (t) => {
  const fake = new FakeNvml()
  t.strictSame(await surveyGpus(fake.open), {
    driverVersion: '570.124.06',
    gpus: [{ index: 0, uuid: HOPPER.uuid, architecture: 'HOPPER' }],
    confCompute: {
      environment: 'production',
      mode: 'on',
      multiGpu: 'none',
      ready: true,
      cpu: 'SEV-SNP',
    },
    failures: [],
  })
  t.equal(fake.calls.at(0), 'nvmlInit_v2')
  t.equal(fake.calls.at(-1), 'nvmlShutdown')
})

t.test('conf-compute: modes, environments, several GPUs, and what is ready', async (t) => {
  const cases: readonly [FakeDriver, object][] = [
    [
      { ccFeature: 0, environment: 0, cpuCaps: 0 },
      { mode: 'off', environment: 'unavailable', cpu: 'none' },
    ],
    [
      { devToolsMode: 1, environment: 1, cpuCaps: 1 },
      { mode: 'devtools', environment: 'simulation', cpu: 'SEV' },
    ],
    [{ ccFeature: 0, devToolsMode: 1 }, { mode: 'off' }],
    [
      { multiGpuMode: 1, cpuCaps: 2 },
      { multiGpu: 'protected PCIe', cpu: 'TDX' },
    ],
    [
      { multiGpuMode: 2, cpuCaps: 4 },
      { multiGpu: 'NVLE', cpu: 'SEV-SNP vTOM' },
    ],
    [{ ready: 0 }, { ready: false }],
    [
      { multiGpuMode: 3, cpuCaps: 5, environment: 3 },
      { multiGpu: 'unknown (3)', cpu: 'unknown (5)', environment: 'unknown (3)' },
    ],
  ]
  for (const [driver, expected] of cases) {
    t.match((await survey(driver)).confCompute, expected, JSON.stringify(driver))
  }
})

t.test('conf-compute: GPUs by index, with the names of their architectures', async (t) => {
  const numbers = [7, 8, 9, 10, 13, 6, 0xffffffff]
  const gpus = numbers.map((architecture, i) => ({ uuid: `GPU-${i}`, architecture }))
  const names = [
    'AMPERE',
    'ADA',
    'HOPPER',
    'BLACKWELL',
    'RUBIN',
    'architecture 6',
    'architecture 4294967295',
  ]
  t.strictSame(
    (await survey({ gpus })).gpus,
    names.map((architecture, index) => ({ index, uuid: `GPU-${index}`, architecture })),
  )
})

t.test('conf-compute: an older library says less', async (t) => {
  const { confCompute, failures } = await survey({ absent: ['nvmlSystemGetConfComputeSettings'] })
  t.match(confCompute, { mode: 'on', environment: 'production', multiGpu: null, ready: true })
  t.same(failures, [])
  const older = await survey({
    absent: ['nvmlSystemGetConfComputeSettings', 'nvmlSystemGetConfComputeState'],
  })
  t.equal(older.confCompute, null)
  t.match(older.failures, [{ call: 'nvmlSystemGetConfComputeState', status: 13 }])
})

t.test('conf-compute: what is refused stands beside what is not', async (t) => {
  const none = await survey({ statuses: { nvmlDeviceGetCount_v2: 999 } })
  t.match(none, { gpus: [], confCompute: { mode: 'on' } })
  t.strictSame(none.failures, [{ call: 'nvmlDeviceGetCount_v2', status: 999, reason: 'unknown' }])
  const lost = await survey({
    gpus: [HOPPER, HOPPER],
    statuses: { nvmlDeviceGetHandleByIndex_v2: 15 },
  })
  t.strictSame(lost.gpus, [
    { index: 0, uuid: null, architecture: null },
    { index: 1, uuid: null, architecture: null },
  ])
  t.match(lost.failures, [{ reason: 'the GPU is lost' }, { reason: 'the GPU is lost' }])
  const bare = await survey({
    statuses: {
      nvmlSystemGetDriverVersion: 77,
      nvmlDeviceGetUUID: 3,
      nvmlDeviceGetArchitecture: 3,
      nvmlSystemGetConfComputeGpusReadyState: 3,
      nvmlSystemGetConfComputeCapabilities: 3,
    },
  })
  t.match(bare, {
    driverVersion: null,
    gpus: [{ index: 0, uuid: null, architecture: null }],
    confCompute: { mode: 'on', ready: null, cpu: null },
  })
  t.same(
    bare.failures.map(({ reason }) => reason),
    ['status 77', ...Array(4).fill('not supported')],
  )
})

t.test('conf-compute: no driver, and no library', async (t) => {
  const fake = new FakeNvml({ statuses: { nvmlInit_v2: 9 } })
  t.strictSame(await surveyGpus(fake.open), {
    driverVersion: null,
    gpus: [],
    confCompute: null,
    failures: [{ call: 'nvmlInit_v2', status: 9, reason: 'the driver is not loaded' }],
  })
  t.same(fake.calls, ['nvmlInit_v2'])
  const nothing = await surveyGpus(() => openNvml('libassay-none.so.1'))
  t.match(nothing.failures, [{ call: 'load', status: 12, reason: /cannot open/ }])
})

t.test('conf-compute: the library is let go of whatever happens', async (t) => {
  const fake = new FakeNvml({ breaks: 'nvmlDeviceGetUUID' })
  await t.rejects(surveyGpus(fake.open), /out of memory/)
  t.equal(fake.calls.at(-1), 'nvmlShutdown')
})

t.test('conf-compute: this machine, which has GPUs or a reason', async (t) => {
  const { gpus, failures } = await surveyGpus()
  t.ok(gpus.length + failures.length > 0)
})
