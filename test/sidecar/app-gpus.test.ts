// SPDX-License-Identifier: Apache-2.0
// The application over GPUs as NVML gives them: AEP-83 in both of its forms, evidence that the CPU
// binds, and everything that may happen to a GPU while it is served.

import t, { type Test } from 'tap'
import { splitAep83GpuEvidence } from '../../src/core/nvidia-aep83.js'
import type { Code } from '../../src/errors.js'
import type { EvidenceAnswer, QuoteAnswer } from '../../src/protocol.js'
import { openNvmlGpus } from '../../src/sidecar/nvml-gpus.js'
import { mintPemChain, pattern } from '../fake/nvidia.js'
import { BLACKWELL, type FakeDriver, FakeNvml, HOPPER } from '../fake/nvml.js'
import { gpuEvidenceDigest, gpuNonce } from '../oracle/digest.js'
import { Tree } from '../oracle/merkle.js'
import * as oracle from '../oracle/report-data.js'
import { ask, base64, SPKI, world } from './app-world.js'

const NONCE = pattern(64, 7)
const CEC = pattern(64, 8)
const GPUS = [HOPPER, { ...BLACKWELL, cec: CEC }]
const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64')
const nonceOf = (report: Buffer): Buffer => report.subarray(4, 36)

async function served(t: Test, driver: FakeDriver = { gpus: GPUS }, deadlineMs?: number) {
  const fake = new FakeNvml(driver)
  const surface = await openNvmlGpus(await fake.opened(), 1)
  const it = await world(t, { surface, ...(deadlineMs !== undefined && { deadlineMs }) })
  return { ...it, fake }
}

t.test('app gpus: AEP-83 has each device joined, and in its parts', async (t) => {
  const { app } = await served(t)
  t.match((await app.inject('/info')).json(), { tee_platform: 'snp-gpu', gpu_available: true })
  for (const bindTls of [false, true]) {
    const payload = { nonce: base64(NONCE), bind_tls: bindTls }
    const quote = (await ask(app, '/quote', payload)).json<QuoteAnswer>()
    t.equal(quote.tee_platform, 'snp-gpu')
    const reportData = bindTls ? oracle.tls(SPKI, NONCE) : Buffer.from(NONCE)
    t.match(quote.gpu_reports, [
      { device_index: 0, architecture: 'HOPPER', uuid: HOPPER.uuid, cec_report: undefined },
      { device_index: 1, architecture: 'BLACKWELL', uuid: BLACKWELL.uuid, cec_report: base64(CEC) },
    ])
    for (const gpu of quote.gpu_reports ?? []) {
      const { report, cecReport, certChain } = splitAep83GpuEvidence(bytes(gpu.report))
      t.equal(base64(report), gpu.attestation_report)
      t.equal(cecReport === null ? undefined : base64(cecReport), gpu.cec_report)
      t.equal(base64(certChain as Uint8Array), gpu.certificate_chain)
      t.same(nonceOf(Buffer.from(report)), reportData.subarray(0, 32))
    }
  }
})

t.test('app gpus: the CPU signs which evidence it was, bound and batched', async (t) => {
  const { app, platform } = await served(t)
  const bound = (await ask(app, '/v1/evidence', { nonce: base64(NONCE) })).json<EvidenceAnswer>()
  const evidence = bound.gpus.map((gpu) => ({ index: gpu.index, evidence: bytes(gpu.evidence) }))
  for (const gpu of evidence) t.same(nonceOf(gpu.evidence), gpuNonce(NONCE))
  t.equal(bound.gpus[0]?.cert_chain, base64(mintPemChain(5, 9)))
  const gpuDigest = gpuEvidenceDigest(evidence)
  t.same(
    Buffer.from(platform.asked.at(-1)?.reportData ?? []),
    oracle.bound(
      oracle.encode([
        { tag: 1, value: NONCE },
        { tag: 4, value: gpuDigest },
      ]),
    ),
  )
  const payload = { nonce: base64(NONCE), batch: true }
  const batched = (await ask(app, '/v1/evidence', payload)).json<EvidenceAnswer>()
  const root = new Tree([NONCE]).root()
  for (const gpu of batched.gpus) t.same(nonceOf(bytes(gpu.evidence)), gpuNonce(root))
})

t.test('app gpus: whatever happens to one is an error of the request, and counted', async (t) => {
  const { app, fake, platform } = await served(t)
  const cases: readonly [FakeDriver, Code, boolean][] = [
    [{ gpus: [HOPPER] }, 'ERR_GPU_LOST', false],
    [{ gpus: [] }, 'ERR_GPU_LOST', false],
    [{ gpus: GPUS, statuses: { nvmlDeviceGetHandleByIndex_v2: 15 } }, 'ERR_GPU_LOST', false],
    [
      { gpus: GPUS, statuses: { nvmlDeviceGetConfComputeGpuAttestationReport: 3 } },
      'ERR_GPU_UNSUPPORTED',
      false,
    ],
    [{ gpus: GPUS, ccFeature: 0 }, 'ERR_GPU_MODE', false],
    [{ gpus: GPUS, devToolsMode: 1 }, 'ERR_GPU_DEVTOOLS', false],
    [{ gpus: GPUS, ready: 0 }, 'ERR_GPU_NOT_READY', true],
    [
      { gpus: GPUS, statuses: { nvmlDeviceGetConfComputeGpuCertificate: 999 } },
      'ERR_GPU_EVIDENCE',
      true,
    ],
  ]
  for (const [driver, code, mayMend] of cases) {
    fake.driver = driver
    for (const [url, more] of [
      ['/quote', {}],
      ['/v1/evidence', {}],
      ['/v1/evidence', { batch: true }],
    ] as const) {
      const answer = await ask(app, url, { nonce: base64(NONCE), ...more })
      t.equal(answer.statusCode, 503)
      t.match(answer.body, code)
      t.equal('retry-after' in answer.headers, mayMend, code)
    }
    const { body } = await app.inject('/metrics')
    t.match(body, `assay_firmware_errors_total{device="gpu",code="${code}"}`)
  }
  t.equal(platform.asked.length, 0, 'and the CPU signs nothing')
  t.match((await app.inject('/info')).json(), { tee_platform: 'snp-gpu', gpu_available: true })
  fake.driver = { gpus: GPUS }
  t.equal((await ask(app, '/quote', { nonce: base64(NONCE) })).statusCode, 200)
})

t.test('app gpus: a call that hangs is not cut off, and nobody waits for it', async (t) => {
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const hanging: (() => void)[] = []
  const before = () => new Promise<void>((resolve) => hanging.push(resolve))
  const { app, fake, clock } = await served(t, { gpus: [HOPPER], before }, 1000)
  const first = ask(app, '/quote', { nonce: base64(NONCE) })
  while (hanging.length === 0) await settled()
  const second = ask(app, '/v1/evidence', { nonce: base64(NONCE) })
  const waits = /^assay_queue_waiting{queue="gpu"} 1$/m
  while (!waits.test((await app.inject('/metrics')).body)) await settled()
  clock.advance(1002)
  t.match(await first, { statusCode: 503, body: /^ERR_QUEUE_DEADLINE: / })
  t.match((await second).json(), { status: 503, code: 'ERR_QUEUE_DEADLINE' })
  t.match(await app.inject('/healthz'), { statusCode: 503, body: /^ERR_DEVICE_BUSY: / })
  t.equal(hanging.length, 1, 'the GPU is asked nothing else meanwhile')
  t.match((await app.inject('/metrics')).body, /assay_device_busy_seconds{device="gpu"} 1\.002/)
  fake.driver = { gpus: [HOPPER] }
  hanging[0]?.()
  while ((await app.inject('/healthz')).statusCode !== 200) await settled()
  t.equal((await ask(app, '/quote', { nonce: base64(NONCE) })).statusCode, 200)
})

t.test('app gpus: closing answers those whose GPUs have just been asked', async (t) => {
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  for (const batch of [false, true]) {
    const hanging: (() => void)[] = []
    const before = () => new Promise<void>((resolve) => hanging.push(resolve))
    const { app, fake } = await served(t, { gpus: [HOPPER], before })
    const answer = ask(app, '/v1/evidence', { nonce: base64(NONCE), batch })
    while (hanging.length === 0) await settled()
    const closed = app.close()
    for (let turn = 0; turn < 5; turn++) await settled()
    hanging[0]?.()
    t.equal((await answer).statusCode, 200, `batch: ${batch}`)
    await closed
    t.equal(fake.calls.at(-1), 'nvmlShutdown')
  }
})

t.test('app gpus: /healthz says what the last requests failed with', async (t) => {
  const { app, fake, clock } = await served(t)
  const failing = { gpus: GPUS, statuses: { nvmlDeviceGetUUID: 999 } }
  const health = async () => (await app.inject('/healthz')).body.split(':')[0]
  const asked = async (driver: FakeDriver) => {
    fake.driver = driver
    await ask(app, '/quote', { nonce: base64(NONCE) })
    return health()
  }
  t.equal(await asked(failing), 'ok', 'once is an accident')
  t.equal(await asked(failing), 'ok')
  t.equal(await asked(failing), 'ERR_GPU_EVIDENCE')
  clock.advance(59_999)
  t.equal(await health(), 'ERR_GPU_EVIDENCE')
  clock.advance(1)
  t.equal(await health(), 'ok', 'nobody has asked for a minute')
  t.equal(await asked(failing), 'ERR_GPU_EVIDENCE')
  t.equal(await asked({ gpus: GPUS }), 'ok')
  t.equal(await asked({ gpus: [] }), 'ERR_GPU_LOST', 'and what does not mend is no accident')
  clock.advance(3_600_000)
  t.equal(await health(), 'ERR_GPU_LOST')
})
