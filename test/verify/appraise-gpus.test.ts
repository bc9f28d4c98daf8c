// SPDX-License-Identifier: Apache-2.0
// GPUs by themselves.

import t from 'tap'
import type { GpuEvidence } from '../../src/evidence.js'
import {
  appraiseGpus,
  authenticity,
  type GpuAppraisal,
  type GpuAttestationResult,
  type GpuPolicy,
  type Policy,
} from '../../src/verify/index.js'
import { AT } from '../fake/amd.js'
import { mintGpus } from '../fake/gpus.js'
import { rejectsCode } from '../helpers.js'

const NONCE = new Uint8Array(32).fill(0xa5)

const complaints = ({ findings }: GpuAttestationResult) =>
  findings.flatMap(({ check, outcome, code, device = '-' }) =>
    outcome === 'pass' ? [] : `${device} ${check}: ${outcome} ${code}`,
  )

async function judge(change: Partial<GpuAppraisal> = {}) {
  const nvidia = await mintGpus()
  return appraiseGpus({
    gpus: await nvidia.answer(NONCE),
    nonce: NONCE,
    roots: [nvidia.root],
    at: AT,
    policy: 'authenticity',
    ...change,
  })
}

const withGpus = (change: Partial<GpuPolicy>): Policy => {
  const policy = authenticity()
  return { ...policy, gpus: { ...policy.gpus, binding: 'any', ...change } }
}

t.test('appraiseGpus: genuine GPUs, of nobody knows which machine', async (t) => {
  const good = await judge()
  t.same(complaints(good), [])
  t.equal(good.result, 'verified')
  t.match(good, {
    claims: { snp: null, tdx: null, gpus: [{ index: 0 }, { index: 1 }], binding: null },
    policy: { gpus: { binding: 'any', nonce: 'require' } },
    evaluatedAt: AT.toISOString(),
  })
  const long = new Uint8Array(64).fill(0xa5)
  t.equal((await judge({ nonce: long })).result, 'verified', 'as the raw mode of AEP-83 has it')
  const other = await judge({ nonce: new Uint8Array(32) })
  t.same(
    complaints(other),
    [0, 1].map((device) => `${device} gpu.nonce: fail ERR_NVIDIA_NONCE`),
  )
  t.match(await judge({ nonce: null }), { result: 'verified', policy: { gpus: { nonce: 'any' } } })
  t.same(complaints(await judge({ nonce: null, policy: withGpus({ nonce: 'require' }) })), [
    '- gpu.nonce: unknown ERR_NONCE_MISSING',
  ])
})

t.test('appraiseGpus: the root is one that nobody has to trust', async (t) => {
  const [gpu] = (await (await mintGpus(1)).answer(NONCE)) as [GpuEvidence]
  const stranger = await appraiseGpus({ gpus: [gpu], nonce: null, at: AT, policy: 'authenticity' })
  t.same(complaints(stranger), ['0 gpu.root: fail ERR_CERTIFICATE_ROOT'])
  t.match(stranger.claims.gpus, [{ root: { origin: 'none' } }])
})

t.test('appraiseGpus: nothing here can bind them', async (t) => {
  t.same(complaints(await judge({ policy: authenticity() })), [
    '- gpus.binding: fail ERR_GPU_UNBOUND',
  ])
})

t.test('appraiseGpus: a policy that looks at no GPU decides nothing', async (t) => {
  const { gpus: _, ...silent } = authenticity()
  for (const policy of [silent, { ...silent, gpus: 'any' as const }]) {
    const left = await judge({ policy })
    t.same(complaints(left), ['- gpu.evidence: unknown ERR_GPU_UNJUDGED'])
    t.equal(left.result, 'undecided')
  }
})

t.test('appraiseGpus: RIMs and OCSP responses are wanted where the policy says so', async (t) => {
  const each = (line: string) => [0, 1].map((device) => `${device} ${line}`)
  t.same(
    complaints(await judge({ policy: withGpus({ revocation: { maximumAgeHours: 24 } }) })),
    each('gpu.revocation: unknown ERR_OCSP_MISSING'),
  )
  for (const policy of [
    { rim: 'require' },
    { secureBoot: 'require' },
    { debug: 'forbid' },
  ] as const) {
    const { result, findings } = await judge({ policy: withGpus(policy) })
    t.equal(result, 'undecided')
    t.ok(
      findings.some(
        ({ check, code }) => check === 'gpu.measurements' && code === 'ERR_RIM_MISSING',
      ),
    )
  }
})

t.test('appraiseGpus: unreadable evidence is a finding, and of no claim', async (t) => {
  const [first, second] = (await (await mintGpus()).answer(NONCE)) as [GpuEvidence, GpuEvidence]
  const cut = { ...second, evidence: second.evidence.slice(0, 100) }
  const bad = await judge({ gpus: [first, cut] })
  t.equal(bad.result, 'rejected')
  t.ok(complaints(bad).includes('1 gpu.report: fail ERR_NVIDIA_LENGTH'))
  t.same(
    bad.claims.gpus.map(({ index }) => index),
    [0],
  )
})

t.test('appraiseGpus: a wrong call', async (t) => {
  const [gpu] = await (await mintGpus(1)).answer(NONCE)
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ gpus: [] }, /^gpus is empty$/],
    [{ gpus: null }, /^gpus is not an array$/],
    [{ gpus: [{ ...gpu, uuid: 1 }] }, /^gpus\[0\]: unknown property "uuid"$/],
    [{ gpus: [{ ...gpu, index: 0.5 }] }, /^gpus\[0\].index is not an integer$/],
    [{ at: new Date(Number.NaN) }, /^at is not a valid Date$/],
    [{ at: 7 }, /^at is not a valid Date$/],
    [{ nonce: 'abc' }, /^nonce is not a Uint8Array$/],
    [{ rims: [7] }, /^rims\[0\] is not a Uint8Array$/],
    [{ ocspResponses: {} }, /^ocspResponses is not an array$/],
    [{ roots: [NONCE] }, /^roots\[0\] is not a certificate$/],
    [{ challenge: null }, /^options: unknown property "challenge"$/],
  ]
  for (const [change, message] of wrong) {
    t.match((await rejectsCode(t, judge(change), 'ERR_ARGUMENT'))?.message, message)
  }
  await rejectsCode(t, judge({ nonce: new Uint8Array(48) }), 'ERR_REPORT_DATA_LENGTH')
  await rejectsCode(t, judge({ policy: {} as Policy }), 'ERR_POLICY_DOCUMENT')
})
