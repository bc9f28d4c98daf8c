// SPDX-License-Identifier: Apache-2.0
// GPUs beside a CPU: what ties them to its evidence, and everything that somebody in the middle can do
// to them, each with its code.

import t from 'tap'
import { gpuEvidenceDigest, gpuNonce } from '../../src/core/digest.js'
import { merkleTree } from '../../src/core/merkle-tree.js'
import { reportDataBatch, reportDataBound, reportDataTls } from '../../src/core/report-data.js'
import { parseTdxQuote } from '../../src/core/tdx.js'
import { type Evidence, type GpuEvidence, rawEvidence } from '../../src/evidence.js'
import { authenticity, type GpuPolicy, type Policy } from '../../src/verify/index.js'
import { type Amd, mintAmd } from '../fake/amd.js'
import { type FakeGpus, mintGpus } from '../fake/gpus.js'
import { mintQuote } from '../fake/tdx.js'
import { appraise, complaints } from './appraise.js'

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)
const NONCE = bytes(64, 0xa5)
const SPKI = bytes(91, 0x30)
const raw = rawEvidence('snp', new Uint8Array())
const bound: Evidence = { ...raw, mode: 'bound' }

interface World {
  readonly amd: Amd
  readonly nvidia: FakeGpus
}

const world = async (count = 2): Promise<World> => {
  const [amd, nvidia] = await Promise.all([mintAmd(), mintGpus(count)])
  return { amd, nvidia }
}

const policyOf = (gpus: Partial<GpuPolicy>): Policy => {
  const policy = authenticity()
  return { ...policy, gpus: { ...policy.gpus, ...gpus } }
}

interface Asked {
  readonly reportData: Uint8Array
  readonly vmpl?: number
  readonly gpus?: Partial<GpuPolicy>
  readonly nonce?: Uint8Array | null
  readonly channelSpki?: Uint8Array
}

async function judge({ amd, nvidia }: World, evidence: Evidence, asked: Asked) {
  const { reportData, vmpl = 1, gpus = {}, nonce = NONCE, channelSpki = null } = asked
  const report = await amd.report({ vmpl, reportData })
  return appraise(amd, {
    report,
    evidence: { ...evidence, report },
    challenge: nonce && { nonce, channelSpki },
    roots: [amd.ark, nvidia.root],
    policy: policyOf(gpus),
  })
}

/** Evidence of bound mode as an honest guest gives it. */
async function honest({ nvidia }: World, nonce: Uint8Array = NONCE) {
  const gpus = await nvidia.answer(gpuNonce(nonce))
  const reportData = reportDataBound({ nonce, gpuDigest: gpuEvidenceDigest(gpus) })
  return { gpus, reportData }
}

t.test('gpus: bound evidence of an honest guest is verified', async (t) => {
  const w = await world()
  const { gpus, reportData } = await honest(w)
  const good = await judge(w, { ...bound, gpus }, { reportData })
  t.same(complaints(good), {})
  t.equal(good.result, 'verified')
  t.equal(good.policy.gpus === 'any' ? null : good.policy.gpus?.nonce, 'require', 'as applied')
  t.equal(good.claims.binding.gpuDigest, Buffer.from(gpuEvidenceDigest(gpus)).toString('hex'))
  t.match(good.claims.gpus, [
    { index: 0, kind: 'gpu', architecture: 'HOPPER', chip: 'GH100', mode: 'spt' },
    { index: 1, driverVersion: '580.95.05', measurements: 'unknown', root: { origin: 'caller' } },
  ])
  t.doesNotThrow(() => JSON.stringify(good))
  const ofDevices = good.findings.filter(({ device }) => device !== undefined)
  t.same(
    ofDevices.map(({ device }) => device),
    ofDevices.map((_, at) => at % 2),
    'check by check, device by device',
  )
})

t.test('gpus: whatever is done to bound evidence has a code of its own', async (t) => {
  const w = await world(3)
  const { gpus, reportData } = await honest(w)
  const other = await mintGpus(3)
  const foreign = await other.answer(gpuNonce(NONCE))
  const [first, second, third] = gpus as [GpuEvidence, GpuEvidence, GpuEvidence]
  const unbound = { 'binding.nonce': 'fail ERR_BINDING_REPORT_DATA' }
  const said = async (changed: readonly GpuEvidence[], policy: Partial<GpuPolicy> = {}) =>
    complaints(await judge(w, { ...bound, gpus: changed }, { reportData, gpus: policy }))
  const swapped = [first, { ...(foreign[1] as GpuEvidence) }, third]
  t.match(
    await said(swapped),
    { ...unbound, 'gpu.root': 'fail ERR_CERTIFICATE_ROOT' },
    'swapped for one of nobody',
  )
  const again = await w.nvidia.answer(gpuNonce(NONCE))
  t.same(
    await said(again),
    { ...unbound, 'gpus.binding': 'unknown ERR_BINDING_REPORT_DATA' },
    'swapped for genuine evidence with the same nonce',
  )
  t.same(
    await said([first, second], { count: 3 }),
    {
      ...unbound,
      'gpus.count': 'fail ERR_GPU_COUNT',
      'gpus.binding': 'unknown ERR_BINDING_REPORT_DATA',
    },
    'dropped',
  )
  t.same(await said([], { count: 3 }), { ...unbound, 'gpus.count': 'fail ERR_GPU_ABSENT' }, 'all')
  t.same(
    await said([...gpus, { ...first, index: 3 }]),
    {
      ...unbound,
      'gpus.unique': 'fail ERR_GPU_DUPLICATE',
      'gpus.binding': 'fail ERR_GPU_UNBOUND',
    },
    'added once more',
  )
  t.same(
    await said([first, second, { ...first, index: 2 }]),
    {
      ...unbound,
      'gpus.unique': 'fail ERR_GPU_DUPLICATE',
      'gpus.binding': 'unknown ERR_BINDING_REPORT_DATA',
    },
    'one in the place of another',
  )
  t.same(
    await said([first, { ...third, index: 1 }, { ...second, index: 2 }]),
    { ...unbound, 'gpus.binding': 'fail ERR_GPU_ORDER' },
    'places exchanged',
  )
  t.same(
    await said([second, first, third]),
    { ...unbound, 'gpus.binding': 'fail ERR_GPU_ORDER' },
    'listed in another order',
  )
})

t.test('gpus: what was done is said, with whom', async (t) => {
  const w = await world(3)
  const { gpus, reportData } = await honest(w)
  const bindingOf = async (changed: readonly GpuEvidence[]) => {
    const { findings } = await judge(w, { ...bound, gpus: changed }, { reportData })
    return findings.find(({ check }) => check === 'gpus.binding')
  }
  const [first, second, third] = gpus as [GpuEvidence, GpuEvidence, GpuEvidence]
  t.match(await bindingOf([{ ...third, index: 0 }, second, { ...first, index: 2 }]), {
    detail: 'the evidence of GPU 0 and GPU 2 changed places',
  })
  const added = { ...(gpus[0] as GpuEvidence), index: 7 }
  t.match(await bindingOf([...gpus, added]), { device: 7, detail: /without GPU 7/ })
  const many = Array.from({ length: 12 }, (_, at) => ({ ...added, index: at }))
  t.match(await bindingOf([...many, added]), { code: 'ERR_GPU_ORDER' }, 'indices')
  t.match(await bindingOf([...many, { ...added, index: 12 }]), { outcome: 'unknown' }, 'too many')
})

t.test('gpus: old evidence under a fresh report is of another nonce', async (t) => {
  const w = await world()
  const gpus = await w.nvidia.answer(gpuNonce(bytes(64, 1)))
  const reportData = reportDataBound({ nonce: NONCE, gpuDigest: gpuEvidenceDigest(gpus) })
  const replayed = await judge(w, { ...bound, gpus }, { reportData })
  t.same(complaints(replayed), { 'gpu.nonce': 'fail ERR_NVIDIA_NONCE' })
})

t.test('gpus: borrowed by a guest that has none', async (t) => {
  const w = await world()
  const gpus = await w.nvidia.answer(gpuNonce(NONCE))
  const reportData = reportDataBound({ nonce: NONCE })
  const borrowed = await judge(w, { ...bound, gpus }, { reportData })
  t.same(complaints(borrowed), {
    'binding.nonce': 'fail ERR_BINDING_REPORT_DATA',
    'gpus.binding': 'fail ERR_GPU_UNBOUND',
  })
})

t.test('gpus: the modes of AEP-83 share a nonce, which binds nothing', async (t) => {
  const w = await world()
  const gpus = await w.nvidia.answer(NONCE.slice(0, 32))
  const shown = await judge(w, { ...raw, gpus }, { reportData: NONCE, vmpl: 0 })
  t.same(complaints(shown), { 'gpus.binding': 'fail ERR_GPU_UNBOUND' })
  t.equal(shown.claims.binding.gpuDigest, null)
  const open = { gpus: { binding: 'any' } } as const
  t.equal((await judge(w, { ...raw, gpus }, { reportData: NONCE, ...open })).result, 'verified')
  const composed = reportDataTls(SPKI, NONCE)
  const tls = { ...raw, mode: 'tls', gpus: await w.nvidia.answer(composed.slice(0, 32)) } as const
  const asked = { reportData: composed, channelSpki: SPKI, ...open }
  t.same(complaints(await judge(w, tls, asked)), {})
  t.same(
    complaints(await judge(w, { ...tls, gpus }, asked)),
    { 'gpu.nonce': 'fail ERR_NVIDIA_NONCE' },
    'the nonce of the tenant is not what REPORT_DATA begins with',
  )
  const unasked = await judge(w, { ...tls, gpus }, { reportData: composed, nonce: null, ...open })
  t.equal(complaints(unasked)['gpu.nonce'], 'fail ERR_NVIDIA_NONCE', 'nobody has to ask')
})

t.test('gpus: in a batch the nonce is of its tree', async (t) => {
  const w = await world()
  const nonces = merkleTree([bytes(32, 1), NONCE, bytes(40, 2)])
  const gpus = await w.nvidia.answer(gpuNonce(nonces.root))
  const entry = reportDataBound({ nonce: NONCE, gpuDigest: gpuEvidenceDigest(gpus) })
  const claims = merkleTree([bytes(64, 1), entry, bytes(64, 2)])
  const proof = { size: 3, index: 1, claimPath: claims.path(1), noncePath: nonces.path(1) }
  const batch: Evidence = { ...bound, mode: 'batch', gpus, batch: proof }
  const asked = { reportData: reportDataBatch(3, claims.root) }
  t.same(complaints(await judge(w, batch, asked)), {})
  const other = { ...batch, batch: { ...proof, noncePath: nonces.path(0) } }
  t.same(complaints(await judge(w, other, asked)), { 'gpu.nonce': 'fail ERR_NVIDIA_NONCE' })
  const pathless = { ...batch, batch: { ...proof, noncePath: null } }
  t.same(complaints(await judge(w, pathless, asked)), { 'gpu.nonce': 'unknown ERR_MERKLE_PATH' })
  const short = { ...batch, batch: { ...proof, noncePath: [] } }
  t.same(complaints(await judge(w, short, asked)), { 'gpu.nonce': 'unknown ERR_MERKLE_PATH' })
})

t.test('gpus: without the nonce nothing is shown to be bound', async (t) => {
  const w = await world()
  const { gpus, reportData } = await honest(w)
  const unasked = { reportData, nonce: null }
  t.same(complaints(await judge(w, { ...bound, gpus }, unasked)), {
    'gpus.binding': 'unknown ERR_NONCE_MISSING',
  })
  const asked = { ...unasked, gpus: { nonce: 'require', binding: 'any' } } as const
  t.same(complaints(await judge(w, { ...bound, gpus }, asked)), {
    'gpu.nonce': 'unknown ERR_NONCE_MISSING',
  })
  const none = await judge(w, bound, { ...asked, reportData: reportDataBound({ nonce: NONCE }) })
  t.same(complaints(none), {}, 'no GPU, no nonce of one')
})

t.test('gpus: a report that cannot be read says no nonce', async (t) => {
  const { amd, nvidia } = await world()
  const gpus = await nvidia.answer(NONCE.slice(0, 32))
  const report = bytes(10, 1)
  const unread = await appraise(amd, {
    report,
    evidence: { ...raw, report, gpus },
    roots: [amd.ark, nvidia.root],
  })
  t.equal(complaints(unread)['gpu.nonce'], 'unknown ERR_SNP_LENGTH')
})

t.test('gpus: a TDX quote is not appraised, and its GPUs are', async (t) => {
  const { amd, nvidia } = await world()
  const report = mintQuote()
  const gpus = await nvidia.answer(parseTdxQuote(report).body.reportData.slice(0, 32))
  const judged = await appraise(amd, {
    report,
    evidence: { ...rawEvidence('tdx', report), gpus },
    roots: [amd.ark, nvidia.root],
    policy: policyOf({ binding: 'any' }),
  })
  t.same(complaints(judged), { 'tdx.quote': 'unknown ERR_UNSUPPORTED' })
  t.equal(judged.claims.gpus.length, 2)
})

t.test(
  'gpus: old evidence of CPU and GPUs agrees about the nonce, which nobody has named',
  async (t) => {
    const w = await world()
    const gpus = await w.nvidia.answer(NONCE.slice(0, 32))
    const asked = { reportData: NONCE, nonce: null, vmpl: 0 }
    const open = await judge(w, { ...raw, gpus }, { ...asked, gpus: { binding: 'any' } })
    t.same(complaints(open), {})
    const strict = { ...asked, gpus: { binding: 'any', nonce: 'require' } } as const
    t.same(complaints(await judge(w, { ...raw, gpus }, strict)), {
      'gpu.nonce': 'unknown ERR_NONCE_MISSING',
    })
  },
)

t.test('gpus: a token that nobody can look at is not passed over', async (t) => {
  const { amd } = await world()
  const report = await amd.report({ reportData: NONCE })
  const vouchers = [{ service: 'nras' as const, answer: 'none', jwks: { keys: [] } }]
  const { gpus: section, ...silent } = authenticity()
  const said = async (policy: Policy) =>
    complaints(await appraise(amd, { report, policy, vouchers }))
  const unheard = { 'gpu.vouched': 'unknown ERR_GPU_UNJUDGED' }
  t.same(await said(silent), unheard)
  t.same(await said({ ...silent, gpus: 'any' }), unheard)
  const absent = { 'gpu.vouched': 'fail ERR_TOKEN_DEVICE' }
  t.same(await said({ ...silent, gpus: section }), absent, 'no evidence of any GPU')
})

t.test('gpus: a policy that says nothing of GPUs leaves them open', async (t) => {
  const { amd, nvidia } = await world()
  const gpus = await nvidia.answer(NONCE.slice(0, 32))
  const { gpus: _, ...silent } = authenticity()
  const report = await amd.report({ reportData: NONCE })
  const given = { report, evidence: { ...raw, report, gpus }, policy: silent }
  t.same(complaints(await appraise(amd, given)), { 'gpu.evidence': 'unknown ERR_GPU_UNJUDGED' })
  t.same(complaints(await appraise(amd, { report, policy: silent })), {}, 'and of none, nothing')
})
