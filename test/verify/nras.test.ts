// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { appraiseNras } from '../../src/verify/nras.js'
import { conclude } from '../../src/verify/result.js'
import type { VouchedContext, VouchedGpus } from '../../src/verify/vouched.js'
import {
  type Answer,
  deviceClaims,
  FakeIssuer,
  ISSUED,
  nrasAnswer,
  refusedClaims,
  standard,
  type Wish,
} from '../fake/nras.js'
import { rejectsCode } from '../helpers.js'

const NONCE = new Uint8Array(32).map((_, at) => at + 1)
const UEIDS = ['482873259178876764428644219417865506940909712063', '17', '4711']
const issuer = await FakeIssuer.create()
const stranger = await FakeIssuer.create()

const context = (more: Partial<VouchedContext> = {}): VouchedContext => ({
  jwks: issuer.jwks,
  at: ISSUED,
  nonce: NONCE,
  devices: null,
  ...more,
})
const good = (ueid = UEIDS[0] as string) => deviceClaims(ueid, NONCE, '2.0')
const answer = (wish: Partial<Wish> = {}): Promise<Answer> =>
  nrasAnswer(issuer, { nonce: NONCE, devices: [good()], ...wish })
const codes = ({ findings }: VouchedGpus): (Code | null)[] => findings.map(({ code }) => code)

/** Codes of an answer that is appraised without evidence. */
const codesOf = async (wish: Partial<Wish>, more: Partial<VouchedContext> = {}) =>
  codes(await appraiseNras(await answer(wish), context(more)))

t.test('nras: a good answer is the word of a third party, and says whose', async (t) => {
  const { findings, claims, by } = await appraiseNras(await answer(), context())
  t.equal(by, 'NVIDIA Remote Attestation Service')
  t.equal(conclude(findings), 'verified')
  t.equal(findings.length, 2)
  for (const { check, detail } of findings) {
    t.equal(check, 'gpu.vouched')
    t.match(detail, by)
    t.match(detail, 'not checked here')
  }
  t.match(findings[1]?.detail, 'no evidence was at hand')
  t.same(claims, [
    {
      by,
      device: null,
      name: 'GPU-0',
      ueid: UEIDS[0],
      hwModel: 'GH100',
      driverVersion: '570.172.08',
      firmwareVersion: '96.00.D0.00.03',
      warning: null,
      issuedAt: '2026-10-01T12:00:00.000Z',
      expiresAt: '2026-10-01T13:00:00.000Z',
    },
  ])
})

t.test('nras: devices are matched by their ueid, wherever they stand', async (t) => {
  const devices = UEIDS.map((ueid, index) => ({ index: index + 5, ueid }))
  const wish = { devices: [...UEIDS].reverse().map(good) }
  const { findings, claims } = await appraiseNras(await answer(wish), context({ devices }))
  t.equal(conclude(findings), 'verified')
  t.same(
    findings.map(({ device }) => device),
    [undefined, 7, 6, 5],
  )
  t.match(claims, [{ name: 'GPU-0', device: 7 }, { name: 'GPU-1', device: 6 }, { device: 5 }])
  t.notMatch(findings[1]?.detail, 'no evidence')
})

t.test('nras: a device is named in the order of the request, not of the answer', async (t) => {
  const [overall, tokens] = await answer({ devices: UEIDS.map(good) })
  const reversed = Object.fromEntries(Object.entries(tokens).reverse())
  const { claims } = await appraiseNras([overall, reversed], context())
  t.same(
    claims.map(({ name }) => name),
    ['GPU-0', 'GPU-1', 'GPU-2'],
  )
})

t.test('nras: other devices than those whose evidence was sent', async (t) => {
  const [a, b] = UEIDS.map((ueid, index) => ({ index, ueid })) as [never, never]
  const twice = { index: 9, ueid: UEIDS[0] as string }
  const wishes: [string, Wish['devices'], VouchedContext['devices'], (Code | null)[]][] = [
    ['none sent', [good()], [], [null, 'ERR_TOKEN_DEVICE']],
    ['another', [good(UEIDS[1])], [a], [null, 'ERR_TOKEN_DEVICE', 'ERR_TOKEN_DEVICE']],
    ['one of two', [good()], [a, b], [null, null, 'ERR_TOKEN_DEVICE']],
    ['two of one', [good(), good(UEIDS[1])], [a], [null, null, 'ERR_TOKEN_DEVICE']],
    ['one sent twice', [good()], [a, twice], [null, ...Array(3).fill('ERR_TOKEN_DEVICE')]],
    ['one told twice', [good(), good()], [a], [null, ...Array(3).fill('ERR_TOKEN_DEVICE')]],
    [
      'one told twice, nothing sent',
      [good(), good()],
      null,
      [null, ...Array(2).fill('ERR_TOKEN_DEVICE')],
    ],
  ]
  for (const [title, devices, sent, expected] of wishes) {
    t.same(await codesOf({ devices }, { devices: sent }), expected, title)
  }
})

t.test('nras: claims 3.0, and NVSwitches', async (t) => {
  for (const version of ['2.0', '3.0'] as const) {
    const gpus = { version, devices: [deviceClaims('17', NONCE, version)] }
    t.same(await codesOf(gpus), [null, null], version)
    const switches = [deviceClaims('18', NONCE, version, 'switch')]
    const wish = { version, devices: switches, kind: 'SWITCH' } as const
    const { findings, claims } = await appraiseNras(await answer(wish), context())
    t.equal(conclude(findings), 'verified', version)
    t.match(claims, [{ name: 'SWITCH-0', driverVersion: null, firmwareVersion: '96.00.D0.00.03' }])
  }
  t.same(
    await codesOf({ version: '3.0' }),
    [null, 'ERR_TOKEN_CLAIM'],
    'one says less than the other',
  )
  t.same(await codesOf({ kind: 'SWITCH' }), [null, 'ERR_TOKEN_CLAIM'], 'a GPU is no switch')
  const another = { overall: { 'x-nvidia-ver': '4.0' } }
  t.same(await codesOf(another), ['ERR_TOKEN_CLAIM'])
})

t.test(
  'nras: the answer in the wrapper of an SDK, whose own token counts for nothing',
  async (t) => {
    const inner = await answer()
    const outer = ['JWT', await issuer.sign({ iss: 'NV-Attestation-SDK' }, { alg: 'HS256' })]
    for (const name of ['REMOTE_GPU_CLAIMS', 'REMOTE_SWITCH_CLAIMS']) {
      t.same(codes(await appraiseNras([outer, { [name]: inner }], context())), [null, null])
    }
    const local = [outer, { LOCAL_GPU_CLAIMS: inner }]
    t.same(codes(await appraiseNras(local, context())), ['ERR_TOKEN_SHAPE'])
    const both = [outer, { REMOTE_GPU_CLAIMS: inner, REMOTE_SWITCH_CLAIMS: inner }]
    t.same(codes(await appraiseNras(both, context())), ['ERR_TOKEN_SHAPE'])
    const twice = [outer, { REMOTE_GPU_CLAIMS: [outer, { REMOTE_GPU_CLAIMS: inner }] }]
    t.same(codes(await appraiseNras(twice, context())), ['ERR_TOKEN_SHAPE'])
  },
)

t.test('nras: anything but an answer', async (t) => {
  const [overall, tokens] = await answer()
  const [, jwt] = overall
  const shapes: Record<string, unknown> = {
    'version 1, flat': { eat: jwt },
    'an object': { JWT: jwt, 'GPU-0': tokens['GPU-0'] },
    'a token': jwt,
    null: null,
    'an empty list': [],
    'the overall token alone': [overall],
    'three members': [overall, tokens, tokens],
    'no label': [[jwt], tokens],
    'another label': [['CWT', jwt], tokens],
    'no list': [jwt, tokens],
    'a token that is none': [['JWT', 1], tokens],
    'devices as a list': [overall, [tokens]],
    'no devices': [overall, null],
    'devices as text': [overall, 'GPU-0'],
    'a device that is none': [overall, { 'CPU-0': tokens['GPU-0'] }],
    'a device of another spelling': [overall, { 'GPU-00': tokens['GPU-0'] }],
    'a device without a token': [overall, { 'GPU-0': null }],
  }
  for (const [title, shape] of Object.entries(shapes)) {
    t.same(codes(await appraiseNras(shape, context())), ['ERR_TOKEN_SHAPE'], title)
  }
})

t.test('nras: tokens that do not belong together', async (t) => {
  const [overall, tokens] = await answer({ devices: [good(), good('17')] })
  const [, others] = await answer({ devices: [good(), good('18')] })
  const [first, second] = [tokens['GPU-0'], tokens['GPU-1']]
  const sets: [string, unknown, Code][] = [
    ['one is missing', { 'GPU-0': first }, 'ERR_TOKEN_SUBMODULES'],
    ['all are missing', {}, 'ERR_TOKEN_SUBMODULES'],
    ['one too many', { ...tokens, 'GPU-2': first }, 'ERR_TOKEN_SUBMODULES'],
    ['one under another name', { 'GPU-0': first, 'GPU-2': second }, 'ERR_TOKEN_SUBMODULES'],
    ['two exchanged', { 'GPU-0': second, 'GPU-1': first }, 'ERR_TOKEN_DIGEST'],
    ['one of another answer', { ...tokens, 'GPU-1': others['GPU-1'] }, 'ERR_TOKEN_DIGEST'],
  ]
  for (const [title, set, code] of sets) {
    t.same(codes(await appraiseNras([overall, set], context())), [code], title)
  }
  const digest = ['DIGEST', ['SHA-384', '00']]
  const submods = { none: null, text: 'GPU-0', empty: {}, another: { 'GPU-0': digest } }
  t.same(await codesOf({ overall: { submods: submods.none } }), ['ERR_TOKEN_SUBMODULES'])
  t.same(await codesOf({ overall: { submods: submods.text } }), ['ERR_TOKEN_SUBMODULES'])
  t.same(await codesOf({ overall: { submods: {} }, devices: [] }), ['ERR_TOKEN_SUBMODULES'])
  t.same(await codesOf({ overall: { submods: submods.another } }), ['ERR_TOKEN_DIGEST'])
})

t.test('nras: what the overall token has to say', async (t) => {
  const other = Buffer.alloc(32, 7).toString('hex')
  const changes: [string, Record<string, unknown>, Code][] = [
    ['staging', { iss: 'https://nras.attestation-stg.nvidia.com' }, 'ERR_TOKEN_ISSUER'],
    ['a longer issuer', { iss: 'https://nras.attestation.nvidia.com/' }, 'ERR_TOKEN_ISSUER'],
    ['no issuer', { iss: undefined }, 'ERR_TOKEN_ISSUER'],
    ['another subject', { sub: 'NVIDIA-GPU-ATTESTATION' }, 'ERR_TOKEN_CLAIM'],
    ['another nonce', { eat_nonce: other }, 'ERR_TOKEN_NONCE'],
    ['no nonce', { eat_nonce: undefined }, 'ERR_TOKEN_NONCE'],
    ['half a nonce', { eat_nonce: '0102' }, 'ERR_TOKEN_NONCE'],
    ['no time', { exp: undefined }, 'ERR_TOKEN_CLAIM'],
    ['a time that is text', { iat: '1790000000' }, 'ERR_TOKEN_CLAIM'],
    ['a time that is none', { nbf: -1 }, 'ERR_TOKEN_CLAIM'],
    ['a time beyond all', { exp: 1e300 }, 'ERR_TOKEN_CLAIM'],
  ]
  for (const [title, overall, code] of changes) t.same(await codesOf({ overall }), [code], title)
  const upper = Buffer.from(NONCE).toString('hex').toUpperCase()
  t.same(await codesOf({ overall: { eat_nonce: upper } }), [null, null], 'hex of either case')
})

t.test('nras: the result is false although every device is good', async (t) => {
  const devices = [{ index: 3, ueid: UEIDS[0] as string }]
  for (const result of [false, 'true', 1, undefined]) {
    const wish = { overall: { 'x-nvidia-overall-att-result': result } }
    const vouched = await appraiseNras(await answer(wish), context({ devices }))
    t.same(codes(vouched), ['ERR_TOKEN_RESULT', 'ERR_TOKEN_RESULT'])
    t.match(vouched.findings, [{ outcome: 'fail' }, { outcome: 'unknown', device: 3 }])
    t.same(vouched.claims, [])
  }
})

t.test('nras: a refusal names the error of each device', async (t) => {
  const devices = [refusedClaims(4010, 'NONCE_NOT_MATCHING'), good()]
  const overall = { 'x-nvidia-overall-att-result': false }
  const vouched = await appraiseNras(await answer({ devices, overall }), context())
  t.same(codes(vouched), ['ERR_TOKEN_RESULT', 'ERR_TOKEN_RESULT'])
  t.match(vouched.findings[1]?.detail, 'GPU-0: the device was refused: error 4010, "NONCE_NOT')
  const lying = await appraiseNras(await answer({ devices }), context())
  t.equal(conclude(lying.findings), 'rejected', 'whatever the overall result says')
})

t.test('nras: when', async (t) => {
  const after = (seconds: number) => ({ at: new Date(ISSUED.getTime() + seconds * 1000) })
  t.same(await codesOf({}, after(3599.9)), [null, null])
  t.same(await codesOf({}, after(3600)), ['ERR_TOKEN_VALIDITY'])
  t.same(await codesOf({}, after(-60)), [null, null], 'the clock of the service may be ahead')
  t.same(await codesOf({}, after(-61)), ['ERR_TOKEN_VALIDITY'])
  const iat = ISSUED.getTime() / 1000
  const later = { ...good(), nbf: iat + 120 }
  t.same(await codesOf({ devices: [later] }), [null, 'ERR_TOKEN_VALIDITY'])
  const over = { ...good(), exp: iat }
  t.same(await codesOf({ devices: [over] }), [null, 'ERR_TOKEN_VALIDITY'])
})

t.test('nras: whose', async (t) => {
  t.same(await codesOf({}, { jwks: stranger.jwks }), ['ERR_TOKEN_KEY'])
  t.same(await codesOf({ deviceIssuer: stranger }), [null, 'ERR_TOKEN_KEY'])
  const forged = { keys: [{ ...stranger.jwk, kid: issuer.kid } as JsonWebKey] }
  t.same(await codesOf({}, { jwks: forged }), ['ERR_TOKEN_SIGNATURE'])
  const issuers = { iss: 'https://nras.example' }
  const wish = { overall: issuers, devices: [{ ...good(), ...issuers }] }
  t.same(await codesOf(wish), ['ERR_TOKEN_ISSUER'])
  t.same(await codesOf(wish, { issuer: 'https://nras.example' }), [null, null])
  t.same(await codesOf({}, { issuer: 'https://nras.example' }), ['ERR_TOKEN_ISSUER'])
  const mixed = { devices: [{ ...good(), ...issuers }] }
  t.same(await codesOf(mixed), [null, 'ERR_TOKEN_ISSUER'])
})

t.test('nras: no token of a device for another nonce', async (t) => {
  const devices = [{ ...good(), eat_nonce: 'ff'.repeat(32) }]
  t.same(await codesOf({ devices }), [null, 'ERR_TOKEN_NONCE'])
  t.same(await codesOf({ devices: [{ ...standard() }] }), [null, 'ERR_TOKEN_CLAIM'])
})

t.test('nras: a warning is passed on', async (t) => {
  const devices = [{ ...good(), 'x-nvidia-attestation-warning': 'driver RIM is\nold' }]
  const { findings, claims } = await appraiseNras(await answer({ devices }), context())
  t.equal(claims[0]?.warning, 'driver RIM is old')
  t.match(findings[1], { outcome: 'pass', detail: /; its warning: driver RIM is old$/ })
})

t.test('nras: a call that is wrong', async (t) => {
  const answered = await answer()
  const short = context({ nonce: new Uint8Array(31) })
  await rejectsCode(t, appraiseNras(answered, short), 'ERR_ARGUMENT')
  const timeless = context({ at: new Date(Number.NaN) })
  await rejectsCode(t, appraiseNras(answered, timeless), 'ERR_ARGUMENT')
})
