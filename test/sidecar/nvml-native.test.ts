// SPDX-License-Identifier: Apache-2.0
// The real calls, into a library of C that was written from NVIDIA's header.

import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { splitAep83GpuEvidence } from '../../src/core/nvidia-aep83.js'
import { parseGpuReport } from '../../src/index.js'
import { surveyGpus } from '../../src/sidecar/conf-compute.js'
import { openLibrary } from '../../src/sidecar/foreign.js'
import { type Nvml, openNvml } from '../../src/sidecar/nvml.js'
import { openNvmlGpus } from '../../src/sidecar/nvml-gpus.js'
import { findNvml } from '../../src/sidecar/nvml-library.js'
import { pattern } from '../fake/nvidia.js'
import { hex, rejectsCode } from '../helpers.js'
import { machine } from './machine.js'
import { build, skip } from './native/build.js'

const GPUS = [
  { index: 0, uuid: 'GPU-aaaaaaaa-0000-0000-0000-000000000000', architecture: 'HOPPER' },
  { index: 1, uuid: 'GPU-bbbbbbbb-0000-0000-0000-000000000001', architecture: 'BLACKWELL' },
] as const
const NONCE = pattern(32, 3)

/** What `assay_become` can change. */
const COUNT = 0
const READY = 1
const FEATURE = 2
const DEV_TOOLS = 3
const LOST = 4
const LATENCY_MS = 5

async function driver(...defined: readonly string[]) {
  const file = build('nvml', ...defined)
  const library = await openLibrary(file)
  const become = library.func('int assay_become(unsigned int what, unsigned int value)')
  const mostRunning = library.func('int assay_most_running()')
  const initialized = library.func('int assay_initialized()')
  const { value } = await openNvml(file)
  return { file, nvml: value as Nvml, become, mostRunning, initialized }
}

t.test('nvml by koffi: structures and handles are those of the header', { skip }, async (t) => {
  const library = build('nvml')
  const expected = {
    driverVersion: '575.32.00',
    gpus: GPUS,
    confCompute: {
      environment: 'production',
      mode: 'on',
      multiGpu: 'protected PCIe',
      ready: false,
      cpu: 'SEV-SNP',
    },
    failures: [],
  }
  t.strictSame(await surveyGpus(() => openNvml(library)), expected)
  const initialized = (await openLibrary(library)).func('int assay_initialized()')
  t.equal((await initialized()).value, 0, 'and it is let go of')
})

t.test('nvml by koffi: a library without the newer function', { skip }, async (t) => {
  const library = build('nvml', 'OLD')
  const { confCompute, failures } = await surveyGpus(() => openNvml(library))
  t.match(confCompute, { environment: 'production', mode: 'devtools', multiGpu: null })
  t.same(failures, [])
})

t.test('nvml by koffi: a library of another version than the driver', { skip }, async (t) => {
  const library = build('nvml', 'MISMATCH')
  const { gpus, failures } = await surveyGpus(() => openNvml(library))
  t.same(gpus, [])
  t.match(failures, [{ call: 'nvmlInit_v2', status: 18 }])
})

t.test(
  'nvml by koffi: evidence of every GPU over the nonce that it was given',
  { skip },
  async (t) => {
    const { nvml, mostRunning, initialized } = await driver('READY=1')
    const gpus = await openNvmlGpus(nvml, 2)
    const reports = await gpus.collect(NONCE)
    t.strictSame(
      reports.map(({ index, uuid, architecture }) => ({ index, uuid, architecture })),
      GPUS,
    )
    for (const [index, { report, cec, certChain }] of reports.entries()) {
      const parsed = parseGpuReport(report)
      t.equal(hex(parsed.requestNonce), hex(NONCE))
      t.equal(parsed.measurements.length, 64)
      t.equal(parsed.opaqueData.driverVersion, '575.32.0')
      t.equal(cec === null ? '' : hex(cec), 'ce'.repeat(10 * index))
      const joined = Buffer.concat([report, cec ?? new Uint8Array(), certChain])
      const split = splitAep83GpuEvidence(joined)
      t.equal(hex(split.report), hex(report), 'and AEP-83 can take it apart again')
      t.equal(hex(split.certChain ?? NONCE), hex(certChain))
    }
    t.equal((await mostRunning()).value, 1, 'one GPU after another')
    await gpus.close()
    t.equal((await initialized()).value, 0)
  },
)

t.test('nvml by koffi: a driver that changes while it serves', { skip }, async (t) => {
  const { nvml, become } = await driver('READY=1')
  const gpus = await openNvmlGpus(nvml, 2)
  const refused = async (
    what: number,
    value: number,
    before: number,
    code: Parameters<typeof rejectsCode>[2],
  ) => {
    await become(what, value)
    await rejectsCode(t, gpus.collect(NONCE), code)
    await become(what, before)
    t.equal((await gpus.collect(NONCE)).length, 2)
  }
  await refused(COUNT, 1, 2, 'ERR_GPU_LOST')
  await refused(READY, 0, 1, 'ERR_GPU_NOT_READY')
  await refused(FEATURE, 0, 1, 'ERR_GPU_MODE')
  await refused(DEV_TOOLS, 1, 0, 'ERR_GPU_DEVTOOLS')
  await refused(LOST, 1, 0, 'ERR_GPU_LOST')
  await gpus.close()
})

t.test('nvml by koffi: a slow GPU does not hold up anything else', { skip }, async (t) => {
  const { nvml, become } = await driver('READY=1')
  const gpus = await openNvmlGpus(nvml, 2)
  await become(LATENCY_MS, 200)
  let turns = 0
  const collected = gpus.collect(NONCE)
  const counting = setInterval(() => turns++, 1)
  t.equal((await collected).length, 2)
  clearInterval(counting)
  t.ok(turns > 20, `${turns} turns`)
  await gpus.close()
})

t.test('nvml by koffi: GPUs that are not as they should be at the start', { skip }, async (t) => {
  const notReady = await driver()
  await rejectsCode(t, openNvmlGpus(notReady.nvml, 2), 'ERR_GPU_NOT_READY')
  t.equal((await notReady.initialized()).value, 0)
  const few = await driver('READY=1')
  await rejectsCode(t, openNvmlGpus(few.nvml, 3), 'ERR_GPU_DRIVER')
  const old = await driver('OLD', 'READY=1')
  await rejectsCode(t, openNvmlGpus(old.nvml, 2), 'ERR_GPU_DEVTOOLS')
})

t.test(
  "nvml by koffi: the library of the guest's root, past one of another version",
  { skip },
  async (t) => {
    const root = machine(t)
    const place = (file: string, folder: string) => {
      mkdirSync(path.join(root, folder), { recursive: true })
      copyFileSync(file, path.join(root, folder, 'libnvidia-ml.so.1'))
    }
    place(build('nvml', 'MISMATCH'), 'usr/lib64')
    const mismatch = await findNvml({ root, guestRoot: async () => null })
    t.equal(mismatch.failure?.status, 18)
    place(build('nvml', 'READY=1'), 'guest/usr/lib/x86_64-linux-gnu')
    const { value } = await findNvml({ root, guestRoot: async () => path.join(root, 'guest') })
    const gpus = await openNvmlGpus(value as Nvml, 2)
    t.equal((await gpus.collect(NONCE)).length, 2)
    await gpus.close()
  },
)
