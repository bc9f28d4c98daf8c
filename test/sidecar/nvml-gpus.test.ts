// SPDX-License-Identifier: Apache-2.0

import t, { type Test } from 'tap'
import type { Code } from '../../src/errors.js'
import { openNvmlGpus } from '../../src/sidecar/nvml-gpus.js'
import { mintGpuReport, mintPemChain, pattern } from '../fake/nvidia.js'
import { BLACKWELL, type FakeDriver, FakeNvml, HOPPER } from '../fake/nvml.js'
import { hex, rejectsCode } from '../helpers.js'

const NONCE = pattern(32, 5)
const CEC = pattern(900, 6)

async function opened(driver: FakeDriver = {}, atLeast = 1) {
  const fake = new FakeNvml(driver)
  return { fake, gpus: await openNvmlGpus(await fake.opened(), atLeast) }
}

t.test('nvml gpus: report, CEC report, chain, architecture and UUID of each', async (t) => {
  const { fake, gpus } = await opened({ gpus: [HOPPER, { ...BLACKWELL, cec: CEC }] }, 2)
  t.match(gpus, { name: 'nvml', mode: 'on', driver: '570.124.06' })
  const reports = await gpus.collect(NONCE)
  t.strictSame(
    reports.map(({ index, architecture, uuid }) => ({ index, architecture, uuid })),
    [
      { index: 0, architecture: 'HOPPER', uuid: HOPPER.uuid },
      { index: 1, architecture: 'BLACKWELL', uuid: BLACKWELL.uuid },
    ],
  )
  const [first, second] = reports
  t.equal(hex(first?.report ?? NONCE), hex(mintGpuReport({ nonce: NONCE, seed: 9 })))
  t.equal(first?.cec, null)
  t.equal(hex(second?.cec ?? NONCE), hex(CEC))
  t.equal(hex(second?.certChain ?? NONCE), hex(mintPemChain(5, 10)))
  await gpus.close()
  t.equal(fake.calls.at(-1), 'nvmlShutdown')
})

t.test('nvml gpus: what comes back is a copy, and each request has its own nonce', async (t) => {
  const { gpus } = await opened()
  const [one] = await gpus.collect(NONCE)
  const [two] = await gpus.collect(pattern(32, 7))
  t.equal(hex(one?.report.subarray(4, 36) ?? NONCE), hex(NONCE))
  t.equal(hex(two?.report.subarray(4, 36) ?? NONCE), hex(pattern(32, 7)))
  await rejectsCode(t, gpus.collect(pattern(31, 1)), 'ERR_INTERNAL')
})

t.test('nvml gpus: the mode is looked at before each collection', async (t) => {
  const { fake, gpus } = await opened()
  const rounds: readonly [FakeDriver, Code][] = [
    [{ ccFeature: 0 }, 'ERR_GPU_MODE'],
    [{ devToolsMode: 1, environment: 1 }, 'ERR_GPU_DEVTOOLS'],
    [{ ready: 0 }, 'ERR_GPU_NOT_READY'],
  ]
  for (const [driver, code] of rounds) {
    fake.driver = driver
    fake.calls.length = 0
    await rejectsCode(t, gpus.collect(NONCE), code)
    t.notOk(fake.calls.includes('nvmlDeviceGetConfComputeGpuAttestationReport'))
  }
  fake.driver = {}
  t.equal((await gpus.collect(NONCE)).length, 1, 'and once it is right, there is evidence')
})

t.test('nvml gpus: all that were there at the start, or none', async (t) => {
  const { fake, gpus } = await opened({ gpus: [HOPPER, BLACKWELL] })
  const refused = async (driver: FakeDriver, code: Code, words: RegExp) => {
    fake.driver = driver
    t.match((await rejectsCode(t, gpus.collect(NONCE), code))?.message, words)
  }
  const both = [HOPPER, BLACKWELL]
  await refused({ gpus: [HOPPER] }, 'ERR_GPU_LOST', /2 GPUs.*1 now/)
  await refused({ gpus: [...both, HOPPER] }, 'ERR_GPU_LOST', /3 now/)
  await refused({ gpus: [BLACKWELL, HOPPER] }, 'ERR_GPU_LOST', /GPU 0 is another/)
  const failing = (name: string, status: number) => ({ gpus: both, statuses: { [name]: status } })
  await refused(failing('nvmlDeviceGetCount_v2', 999), 'ERR_GPU_EVIDENCE', /unknown/)
  await refused(failing('nvmlDeviceGetHandleByIndex_v2', 15), 'ERR_GPU_LOST', /GPU 0.*lost/)
  await refused(failing('nvmlDeviceGetUUID', 16), 'ERR_GPU_LOST', /GPU 0.*reset/)
  const REPORT = 'nvmlDeviceGetConfComputeGpuAttestationReport'
  await refused(failing(REPORT, 3), 'ERR_GPU_UNSUPPORTED', /GPU 0.*not supported/)
  await refused(failing(REPORT, 28), 'ERR_GPU_LOST', /not found/)
  await refused(failing(REPORT, 10), 'ERR_GPU_EVIDENCE', /timeout/)
  await refused(failing('nvmlDeviceGetConfComputeGpuCertificate', 6), 'ERR_GPU_EVIDENCE', /GPU 0/)
})

t.test('nvml gpus: lengths outside of their rooms, and chains that are none', async (t) => {
  const { fake, gpus } = await opened()
  const refused = async (driver: FakeDriver, words: RegExp) => {
    fake.driver = driver
    t.match((await rejectsCode(t, gpus.collect(NONCE), 'ERR_GPU_EVIDENCE'))?.message, words)
  }
  const none = { certificate: {}, report: {} }
  const report = (words: Record<number, number>) => ({ words: { ...none, report: words } })
  for (const length of [0, 8193, 0xffffffff]) await refused(report({ 4: length }), /the report/)
  for (const length of [0, 4097]) await refused(report({ 0: 1, 8: length }), /the CEC report/)
  for (const length of [0, 5121]) {
    await refused({ words: { ...none, certificate: { 4: length } } }, /certificate chain/)
  }
  await refused({ chain: pattern(100, 1) }, /no PEM/)
  await refused({ chain: Uint8Array.of(0, ...mintPemChain(1)) }, /no PEM/)
  fake.driver = { chain: Uint8Array.of(...mintPemChain(5), 0) }
  const [gpu] = await gpus.collect(NONCE)
  t.equal(hex(gpu?.certChain ?? NONCE), hex(mintPemChain(5)), 'the end of a string is none of it')
})

async function refusedAtStart(t: Test, driver: FakeDriver, code: Code, words: RegExp, most = 1) {
  const fake = new FakeNvml(driver)
  const error = await rejectsCode(t, openNvmlGpus(await fake.opened(), most), code)
  t.match(error?.message, words)
  t.equal(fake.calls.at(-1), 'nvmlShutdown', 'and the library is let go of')
}

t.test('nvml gpus: what is refused at the start', async (t) => {
  const same = [HOPPER, { ...BLACKWELL, uuid: HOPPER.uuid }]
  await refusedAtStart(t, { gpus: [] }, 'ERR_GPU_DRIVER', /0 of 1 GPUs/, 0)
  await refusedAtStart(t, {}, 'ERR_GPU_DRIVER', /1 of 8 GPUs/, 8)
  await refusedAtStart(t, { gpus: same }, 'ERR_GPU_DRIVER', /same UUID/)
  const ada = { ...HOPPER, architecture: 8 }
  await refusedAtStart(t, { gpus: [HOPPER, ada] }, 'ERR_GPU_UNSUPPORTED', /GPU 1.*got ADA/)
  for (const uuid of ['', 'GPU-1', BLACKWELL.uuid.toUpperCase(), `${HOPPER.uuid} `]) {
    await refusedAtStart(t, { gpus: [{ ...HOPPER, uuid }] }, 'ERR_GPU_DRIVER', /no UUID/)
  }
  const denied = { statuses: { nvmlDeviceGetHandleByIndex_v2: 4 } }
  await refusedAtStart(t, denied, 'ERR_GPU_PERMISSION', /no permission/)
  await refusedAtStart(t, { ccFeature: 0, environment: 0 }, 'ERR_GPU_MODE', /is off/)
})

t.test('nvml gpus: a version that nobody tells is no reason to refuse', async (t) => {
  const { gpus } = await opened({ statuses: { nvmlSystemGetDriverVersion: 999 } })
  t.equal(gpus.driver, null)
})
