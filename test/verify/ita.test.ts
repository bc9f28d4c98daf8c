// SPDX-License-Identifier: Apache-2.0
// No genuine token of Intel Trust Authority about a GPU is public: these have the shape of the one that
// Intel documents.

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { appraiseIta, ITA_PORTALS } from '../../src/verify/ita.js'
import { conclude } from '../../src/verify/result.js'
import type { VouchedContext } from '../../src/verify/vouched.js'
import { FakeIssuer, ISSUED } from '../fake/nras.js'

type Json = Record<string, unknown>

const NONCE = new Uint8Array(32).map((_, at) => 255 - at)
const issuer = await FakeIssuer.create('PS384')
const older = await FakeIssuer.create('RS256')
const elliptic = await FakeIssuer.create('ES384')
const [PORTAL] = ITA_PORTALS
const IAT = ISSUED.getTime() / 1000

const DETAILS: Json = {
  'x-nvidia-gpu-driver-rim-schema-validated': true,
  'x-nvidia-gpu-vbios-rim-cert-validated': true,
  'x-nvidia-gpu-attestation-report-cert-chain-validated': true,
  'x-nvidia-gpu-driver-rim-schema-fetched': true,
  'x-nvidia-gpu-attestation-report-parsed': true,
  'x-nvidia-gpu-nonce-match': true,
  'x-nvidia-gpu-vbios-rim-signature-verified': true,
  'x-nvidia-gpu-driver-rim-signature-verified': true,
  'x-nvidia-gpu-arch-check': true,
  'x-nvidia-attestation-warning': null,
  'x-nvidia-gpu-measurements-match': true,
  'x-nvidia-gpu-attestation-report-signature-verified': true,
  'x-nvidia-gpu-vbios-rim-schema-validated': true,
  'x-nvidia-gpu-driver-rim-cert-validated': true,
  'x-nvidia-gpu-vbios-rim-schema-fetched': true,
  'x-nvidia-gpu-vbios-rim-measurements-available': true,
  'x-nvidia-gpu-driver-rim-driver-measurements-available': true,
}
const GPU: Json = {
  sub: 'NVIDIA-GPU-ATTESTATION',
  secboot: true,
  dbgstat: 'disabled',
  'x-nvidia-gpu-manufacturer': 'NVIDIA Corporation',
  'x-nvidia-attestation-type': 'GPU',
  iss: 'https://nras.attestation.nvidia.com',
  eat_nonce: Buffer.from(NONCE).toString('hex').toUpperCase(),
  'x-nvidia-attestation-detailed-result': DETAILS,
  'x-nvidia-ver': '1.0',
  'x-nvidia-gpu-driver-version': '535.104.05',
  hwmodel: 'GH100 A01 GSP BROM',
  oemid: '5703',
  measres: 'comparison-successful',
  'x-nvidia-eat-ver': 'EAT-21',
  ueid: '459476496349316601295249567433029502192259050788',
  'x-nvidia-gpu-vbios-version': '96.00.5E.00.01',
}
const CLAIMS: Json = {
  ver: '1.0.0',
  eat_profile: 'https://portal.trustauthority.intel.com/eat_profile.html',
  exp: IAT + 300,
  iat: IAT,
  nbf: IAT,
  iss: 'Intel Trust Authority',
  policy_ids_matched: [{ id: 'b802fff0-eba4-4286-9fdb-7a3cdc04e94d', version: 'v1' }],
  nvgpu: GPU,
  tdx: { tdx_mrtd: '0cc2', attester_tcb_status: 'OutOfDate' },
}

const context = (more: Partial<VouchedContext> = {}): VouchedContext => ({
  jwks: { keys: [...issuer.jwks.keys, ...older.jwks.keys, ...elliptic.jwks.keys] },
  at: ISSUED,
  nonce: NONCE,
  devices: null,
  ...more,
})
const sign = (claims: Json = {}, header: Json = {}, by = issuer) =>
  by.sign({ ...CLAIMS, ...claims }, { jku: `${PORTAL}/certs`, typ: 'JWT', ...header })
const gpu = (change: Json) => ({ nvgpu: { ...GPU, ...change } })
const codesOf = async (answer: unknown, more: Partial<VouchedContext> = {}) =>
  (await appraiseIta(answer, context(more))).findings.map(({ code }): Code | null => code)

t.test('ita: the word of Intel about a GPU, and nothing about the CPU', async (t) => {
  const devices = [{ index: 2, ueid: GPU.ueid as string }]
  const { findings, claims, by } = await appraiseIta({ token: await sign() }, context({ devices }))
  t.equal(by, 'Intel Trust Authority')
  t.equal(conclude(findings), 'verified')
  t.match(findings, [
    { check: 'gpu.vouched' },
    { device: 2, detail: /by Intel Trust Authority, not/ },
  ])
  t.match(claims, [
    {
      by,
      device: 2,
      hwModel: 'GH100 A01 GSP BROM',
      driverVersion: '535.104.05',
      firmwareVersion: '96.00.5E.00.01',
      warning: null,
      expiresAt: '2026-10-01T12:05:00.000Z',
    },
  ])
  t.same(await codesOf(await sign()), [null, null], 'the token alone')
  t.same(await codesOf(await sign({}, {}, older)), [null, null], 'RS256')
})

t.test('ita: one GPU for each token', async (t) => {
  const devices = [
    { index: 0, ueid: GPU.ueid as string },
    { index: 1, ueid: '17' },
  ]
  t.same(await codesOf(await sign(), { devices }), [null, null, 'ERR_TOKEN_DEVICE'])
  const many = { nvgpu: [GPU, GPU] }
  t.same(await codesOf(await sign(many)), ['ERR_TOKEN_SUBMODULES'])
})

t.test('ita: issuers', async (t) => {
  for (const iss of ITA_PORTALS) t.same(await codesOf(await sign({ iss })), [null, null], iss)
  const iss = 'https://portal.example'
  t.same(await codesOf(await sign({ iss })), ['ERR_TOKEN_ISSUER'])
  const jku = `${iss}/certs`
  t.same(await codesOf(await sign({ iss }, { jku }), { issuer: iss }), [null, null])
  t.same(await codesOf(await sign(), { issuer: PORTAL }), ['ERR_TOKEN_ISSUER'])
  t.same(await codesOf(await sign({}, { jku })), ['ERR_TOKEN_HEADER'], 'a key set of another')
})

t.test('ita: what is refused', async (t) => {
  const unmatched = [{ id: 'p' }]
  const changes: [string, Json, Code][] = [
    ['expired', { exp: IAT }, 'ERR_TOKEN_VALIDITY'],
    ['no expiry', { exp: undefined }, 'ERR_TOKEN_CLAIM'],
    ['no GPU', { nvgpu: undefined }, 'ERR_TOKEN_SUBMODULES'],
    ['a GPU that is null', { nvgpu: null }, 'ERR_TOKEN_SUBMODULES'],
    ['a policy that does not match', { policy_ids_unmatched: unmatched }, 'ERR_TOKEN_RESULT'],
    ['policies that are no list', { policy_ids_unmatched: 'p' }, 'ERR_TOKEN_RESULT'],
    ['another nonce', gpu({ eat_nonce: '00'.repeat(32) }), 'ERR_TOKEN_NONCE'],
    [
      'the staging of NVIDIA',
      gpu({ iss: 'https://nras.attestation-stg.nvidia.com' }),
      'ERR_TOKEN_CLAIM',
    ],
    ['no details', gpu({ 'x-nvidia-attestation-detailed-result': undefined }), 'ERR_TOKEN_CLAIM'],
    [
      'details that are null',
      gpu({ 'x-nvidia-attestation-detailed-result': null }),
      'ERR_TOKEN_CLAIM',
    ],
    ['no ueid', gpu({ ueid: 'XXX' }), 'ERR_TOKEN_CLAIM'],
  ]
  for (const [title, change, code] of changes)
    t.same(await codesOf(await sign(change)), [code], title)
  for (const policies of [null, []]) {
    t.same(await codesOf(await sign({ policy_ids_unmatched: policies })), [null, null])
  }
  const elsewhere = await sign({}, {}, elliptic)
  t.same(await codesOf(elsewhere), ['ERR_TOKEN_ALGORITHM'], 'the algorithm of NVIDIA')
})

t.test('ita: every claim has to be there and to be good', async (t) => {
  const asked = ['sub', 'secboot', 'dbgstat', 'iss', 'measres', 'hwmodel', 'ueid']
  asked.push('x-nvidia-gpu-driver-version', 'x-nvidia-gpu-vbios-version')
  for (const name of asked) {
    t.same(await codesOf(await sign(gpu({ [name]: null }))), ['ERR_TOKEN_CLAIM'], name)
  }
  for (const name of Object.keys(DETAILS)) {
    for (const value of [false, undefined]) {
      const details = { 'x-nvidia-attestation-detailed-result': { ...DETAILS, [name]: value } }
      const warning = name === 'x-nvidia-attestation-warning'
      const expected = warning ? [null, null] : ['ERR_TOKEN_CLAIM']
      t.same(await codesOf(await sign(gpu(details))), expected, name)
    }
  }
  t.same(await codesOf(await sign(gpu({ measres: 'comparison-fail' }))), ['ERR_TOKEN_CLAIM'])
})

t.test('ita: anything but an answer', async (t) => {
  for (const answer of [null, undefined, 7, [], {}, { token: null }, { error: 'no' }]) {
    t.same(await codesOf(answer), ['ERR_TOKEN_SHAPE'], JSON.stringify(answer))
  }
  t.same(await codesOf('not a token'), ['ERR_TOKEN_ENCODING'])
  t.same(await codesOf(await sign(), { jwks: elliptic.jwks }), ['ERR_TOKEN_KEY'])
  t.same(await codesOf(await sign(), { jwks: null as never }), ['ERR_TOKEN_KEY'])
})
