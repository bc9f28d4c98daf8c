// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { appraiseTokens } from '../../src/verify/appraise-tokens.js'
import { judgeVouchers } from '../../src/verify/gpu-vouched.js'
import { appraiseVouchers, checkVouchers, type Voucher } from '../../src/verify/vouchers.js'
import { deviceClaims, FakeIssuer, ISSUED, nrasAnswer, type Wish } from '../fake/nras.js'
import { rejectsCode, throwsCode } from '../helpers.js'

const NONCE = new Uint8Array(32).fill(3)
const issuer = await FakeIssuer.create()
const { jwks } = issuer

async function nras(ueid: string, more: Partial<Wish> & { kind?: 'GPU' | 'SWITCH' } = {}) {
  const kind = more.kind === 'SWITCH' ? 'switch' : 'gpu'
  const devices = [deviceClaims(ueid, NONCE, '2.0', kind)]
  const answer = await nrasAnswer(issuer, { nonce: NONCE, devices, ...more })
  return { service: 'nras', answer, jwks } satisfies Voucher
}

const DEVICES = [
  { index: 0, ueid: '17' },
  { index: 1, ueid: '18' },
]
const asked = { at: ISSUED, nonce: NONCE, devices: DEVICES }
const codes = (findings: readonly { readonly code: Code | null }[]) =>
  findings.map(({ code }) => code)

t.test('vouchers: GPUs and NVSwitches of one machine have a token each', async (t) => {
  const both = [await nras('17'), await nras('18', { kind: 'SWITCH' })]
  const { findings, claims } = await appraiseVouchers(both, asked)
  t.same(codes(findings), [null, null, null, null])
  t.same(
    claims.map(({ name, device }) => [name, device]),
    [
      ['GPU-0', 0],
      ['SWITCH-0', 1],
    ],
  )
  const one = await appraiseVouchers(both.slice(0, 1), asked)
  t.same(codes(one.findings), [null, null, 'ERR_TOKEN_DEVICE'])
})

t.test('vouchers: with a token that is refused, nobody knows of the devices left', async (t) => {
  const refused = await nras('18', { overall: { 'x-nvidia-overall-att-result': false } })
  const { findings, claims } = await appraiseVouchers([await nras('17'), refused], asked)
  t.match(findings.at(-1), { outcome: 'unknown', device: 1, code: 'ERR_TOKEN_RESULT' })
  t.equal(claims.length, 1)
  const intel: Voucher = { service: 'ita', answer: {}, jwks }
  const third = await appraiseVouchers([await nras('17'), intel], asked)
  t.same(codes(third.findings), [null, null, 'ERR_TOKEN_SHAPE', 'ERR_TOKEN_SHAPE'])
})

t.test('vouchers: an issuer by name', async (t) => {
  const issuerName = 'https://nras.example'
  const named = { ...(await nras('17')), issuer: issuerName }
  const { findings } = await appraiseVouchers([named], { ...asked, devices: null })
  t.same(codes(findings), ['ERR_TOKEN_ISSUER'])
})

t.test('vouchers: copied, so that nothing changes what is judged', async (t) => {
  const given = await nras('17')
  const before = structuredClone(given)
  const checked = checkVouchers([given])
  given.answer[1]['GPU-0'] = 'another'
  t.same(checked, [before])
})

t.test('vouchers: a wrong call', async (t) => {
  const good = await nras('17')
  const calls: Record<string, unknown> = {
    'no list': good,
    'too many': Array(65).fill(good),
    'no object': [null],
    'an unknown property': [{ ...good, key: 'secret' }],
    'an unknown service': [{ ...good, service: 'amd' }],
    'a service by another way': [{ ...good, service: 'constructor' }],
  }
  for (const [title, call] of Object.entries(calls)) {
    throwsCode(t, () => checkVouchers(call as Voucher[]), 'ERR_ARGUMENT', title)
  }
})

t.test('gpu-vouched: by the nonce of the request', async (t) => {
  const vouchers = [await nras('17'), await nras('18')]
  const judge = (nonce: Parameters<typeof judgeVouchers>[0]['nonce'], given = vouchers) =>
    judgeVouchers({ vouchers: given, at: ISSUED, nonce }, DEVICES)
  t.same(codes((await judge(NONCE)).findings), Array(4).fill(null))
  t.same(await judge(NONCE, []), { findings: [], claims: [] })
  t.same(codes((await judge(null)).findings), ['ERR_NONCE_MISSING'])
  const problem = { code: 'ERR_MERKLE_PATH', detail: 'no path' } as const
  t.match((await judge(problem)).findings, [{ outcome: 'unknown', code: 'ERR_MERKLE_PATH' }])
})

t.test('appraise-tokens: what somebody says, and nothing else', async (t) => {
  const vouchers = [await nras('17')]
  const result = await appraiseTokens({ vouchers, nonce: NONCE, at: ISSUED })
  t.match(result, {
    result: 'verified',
    claims: {
      snp: null,
      tdx: null,
      gpus: [],
      vouched: [{ ueid: '17', device: null }],
      binding: null,
    },
    policy: { name: 'authenticity', gpus: 'any' },
    evaluatedAt: ISSUED.toISOString(),
  })
  const later = new Date(ISSUED.getTime() + 3_600_000)
  const old = await appraiseTokens({ vouchers, nonce: NONCE, at: later })
  t.match(old, { result: 'rejected', findings: [{ code: 'ERR_TOKEN_VALIDITY' }] })
  const long = new Uint8Array([...NONCE, ...NONCE])
  t.equal((await appraiseTokens({ vouchers, nonce: long, at: ISSUED })).result, 'verified')
})

t.test('appraise-tokens: a wrong call', async (t) => {
  const good = { vouchers: [await nras('17')], nonce: NONCE, at: ISSUED }
  const calls: [object, Code][] = [
    [{ vouchers: [] }, 'ERR_ARGUMENT'],
    [{ at: 'now' }, 'ERR_ARGUMENT'],
    [{ at: new Date(Number.NaN) }, 'ERR_ARGUMENT'],
    [{ nonce: new Uint8Array(33) }, 'ERR_REPORT_DATA_LENGTH'],
    [{ policy: 'authenticity' }, 'ERR_ARGUMENT'],
  ]
  for (const [change, code] of calls) {
    await rejectsCode(t, appraiseTokens({ ...good, ...change } as typeof good), code)
  }
})
