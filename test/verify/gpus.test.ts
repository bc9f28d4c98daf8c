// SPDX-License-Identifier: Apache-2.0
// GPUs with RIMs, OCSP responses and the word of somebody else: what is given, what is asked for, and
// from whom.

import t from 'tap'
import { parseGpuReport } from '../../src/core/nvidia.js'
import type { GpuEvidence } from '../../src/evidence.js'
import {
  appraiseGpus,
  authenticity,
  type GpuAppraisal,
  type GpuAttestationResult,
  type GpuPolicy,
  type OcspClient,
  type RimSource,
} from '../../src/verify/index.js'
import { type FakeGpus, mintGpus } from '../fake/gpus.js'
import { deviceClaims, FakeIssuer, ISSUED, nrasAnswer } from '../fake/nras.js'
import { mintDevice } from '../fake/nvidia-device.js'
import { issuerOf, mintOcsp, NOW } from '../fake/ocsp.js'
import { mintRimSigner, RIM_AT } from '../fake/rim.js'
import { hex } from '../helpers.js'

const NONCE = new Uint8Array(32).fill(0xa5)
const HOUR = 3_600_000

/** Every finding that is no pass. */
const complaints = ({ findings }: GpuAttestationResult) =>
  findings.flatMap(({ check, outcome, code, device = '-' }) =>
    outcome === 'pass' ? [] : `${device} ${check}: ${outcome} ${code}`,
  )
const made = ({ findings }: GpuAttestationResult, check: string) =>
  findings.filter((one) => one.check === check).length

const policyOf = (gpus: Partial<GpuPolicy>): GpuAppraisal['policy'] => {
  const policy = authenticity()
  return { ...policy, gpus: { ...policy.gpus, binding: 'any', ...gpus } }
}

const judge = async (
  { root, answer }: FakeGpus,
  gpus: Partial<GpuPolicy>,
  change: Partial<GpuAppraisal> = {},
) =>
  appraiseGpus({
    gpus: await answer(NONCE),
    nonce: NONCE,
    at: RIM_AT,
    policy: policyOf(gpus),
    ...change,
    roots: [root, ...(change.roots ?? [])],
  })

/** RIMs that fit what `mintGpus` makes. */
async function rimsFor({ answer }: FakeGpus) {
  const signer = await mintRimSigner()
  const [gpu] = (await answer(NONCE)) as [GpuEvidence]
  const { measurements } = parseGpuReport(gpu.evidence)
  const golden = (...indices: number[]) =>
    indices.map((index) => ({
      index,
      alternatives: [hex(measurements[index] as Uint8Array)],
    }))
  return {
    roots: [signer.root],
    driver: await signer.rim({ version: '580.95.05', measurements: golden(7, 21) }),
    vbios: await signer.rim({ version: '96.00.74.00.1A', measurements: golden(0, 1) }),
    debug: await signer.rim({
      version: '96.00.74.00.1A',
      measurements: [{ index: 1, alternatives: ['ee'.repeat(48)] }],
    }),
  }
}

t.test('gpus: RIMs that are given are judged, for each device', async (t) => {
  const nvidia = await mintGpus()
  const { roots, driver, vbios, debug } = await rimsFor(nvidia)
  const asked = { rim: 'require', secureBoot: 'require', debug: 'forbid' } as const
  const good = await judge(nvidia, asked, { roots, rims: [vbios, driver] })
  t.same(complaints(good), [])
  t.equal(made(good, 'gpu.measurements'), 2)
  t.match(good.claims.gpus, [
    { measurements: 'match', rims: { driver: { version: '580.95.05', root: 'caller' } } },
    { measurements: 'match', rims: { vbios: { version: '96.00.74.00.1A' } } },
  ])
  const bad = await judge(nvidia, asked, { roots, rims: [driver, debug] })
  t.same(complaints(bad), [
    '0 gpu.measurements: fail ERR_NVIDIA_MEASUREMENT_MISMATCH',
    '1 gpu.measurements: fail ERR_NVIDIA_MEASUREMENT_MISMATCH',
    '0 gpus.secure-boot: fail ERR_POLICY_GPU_SECURE_BOOT',
    '0 gpus.debug: fail ERR_POLICY_GPU_DEBUG',
  ])
  const open = await judge(nvidia, {}, { roots, rims: [driver, debug] })
  t.equal(open.result, 'rejected', 'whatever the policy says')
})

t.test('gpus: RIMs are fetched only where the policy needs them', async (t) => {
  const nvidia = await mintGpus(1)
  const { roots, driver, vbios } = await rimsFor(nvidia)
  const asked: string[] = []
  const rimSource: RimSource = {
    rim: async ({ kind, id }) => {
      asked.push(id)
      return [kind === 'driver' ? driver : vbios]
    },
  }
  t.same(complaints(await judge(nvidia, {}, { roots, rimSource })), [])
  t.same(asked, [])
  t.same(complaints(await judge(nvidia, { rim: 'require' }, { roots, rimSource })), [])
  t.same(asked.sort(), ['NV_GPU_DRIVER_GH100_580.95.05', 'NV_GPU_VBIOS_SIM0_0000_882_960074001A'])
})

t.test('gpus: OCSP responses are judged by their age, and nobody is asked unasked', async (t) => {
  const device = await mintDevice()
  const evidence = new Uint8Array(device.report())
  const gpus = [{ index: 0, evidence, certChain: device.pem }]
  const places = ['device', 'provisioner', 'identity'] as const
  const ocspResponses = await Promise.all(
    places.map((place, at) =>
      mintOcsp(device.chain[at + 1] as Uint8Array<ArrayBuffer>, issuerOf(device, place)),
    ),
  )
  const asked: string[] = []
  const ocspClient: OcspClient = {
    status: async ({ subject }) => {
      asked.push(subject)
      return ocspResponses[
        device.certificates.findIndex((one) => one.subject === subject) - 1
      ] as Uint8Array<ArrayBuffer>
    },
  }
  const at = (hours: number) => new Date(NOW.getTime() + hours * HOUR)
  const decide = (hours: number, policy: Partial<GpuPolicy>, change: Partial<GpuAppraisal>) =>
    appraiseGpus({
      ...{ gpus, nonce: null, roots: [device.root], at: at(hours), policy: policyOf(policy) },
      ...change,
    })
  const revocation = { maximumAgeHours: 3 }
  const fresh = await decide(3, { revocation }, { ocspResponses })
  t.same(complaints(fresh), [])
  t.equal(made(fresh, 'gpu.revocation'), 1)
  t.same(complaints(await decide(4, { revocation }, { ocspResponses })), [
    '0 gpu.revocation: unknown ERR_OCSP_STALE',
  ])
  t.same(complaints(await decide(4, {}, { ocspResponses })), [], 'current all the same')
  t.same(complaints(await decide(1, { revocation }, {})), [
    '0 gpu.revocation: unknown ERR_OCSP_MISSING',
  ])
  t.same(complaints(await decide(1, {}, { ocspClient })), [])
  t.same(asked, [], 'no policy asks for it')
  t.same(complaints(await decide(1, { revocation }, { ocspClient })), [])
  t.equal(asked.length, 3)
})

t.test('gpus: somebody else’s word, and whose', async (t) => {
  const nvidia = await mintGpus()
  const issuer = await FakeIssuer.create()
  const gpus = await nvidia.answer(NONCE)
  const at = ISSUED
  const { claims } = await judge(nvidia, {}, { gpus, at })
  const devices = claims.gpus.map(({ ueid }) => deviceClaims(ueid, NONCE, '2.0'))
  const answer = await nrasAnswer(issuer, { nonce: NONCE, devices })
  const vouchers = [{ service: 'nras' as const, answer, jwks: issuer.jwks }]
  const good = await judge(nvidia, { vouched: 'require' }, { gpus, at, vouchers })
  t.same(complaints(good), [])
  t.equal(made(good, 'gpu.vouched'), 3)
  t.same(complaints(await judge(nvidia, { vouched: 'require' }, { gpus, at })), [
    '- gpu.vouched: unknown ERR_TOKEN_MISSING',
  ])
  const half = await nrasAnswer(issuer, { nonce: NONCE, devices: devices.slice(0, 1) })
  const partly = { service: 'nras' as const, answer: half, jwks: issuer.jwks }
  t.same(
    complaints(await judge(nvidia, {}, { gpus, at, vouchers: [partly] })),
    ['1 gpu.vouched: fail ERR_TOKEN_DEVICE'],
    'what is given is judged',
  )
  const [first, second] = gpus as [GpuEvidence, GpuEvidence]
  const hidden = [first, { ...second, index: first.index }]
  t.same(
    complaints(await judge(nvidia, {}, { gpus: hidden, at, vouchers: [partly] })),
    ['- gpu.evidence: fail ERR_GPU_ORDER'],
    'and not for another device that has the same index',
  )
})
