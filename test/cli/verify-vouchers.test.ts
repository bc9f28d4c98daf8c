// SPDX-License-Identifier: Apache-2.0
// `assay verify --nras` and `--ita`: what somebody else says, by itself and beside evidence.

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import type { GpuEvidence } from '../../src/evidence.js'
import { authenticity } from '../../src/verify/index.js'
import { base64 } from '../fake/evidence.js'
import { mintGpus } from '../fake/gpus.js'
import { deviceClaims, FakeIssuer, ISSUED, nrasAnswer } from '../fake/nras.js'
import { AUTHENTICITY, NONCE, put } from './desk.js'
import { assay } from './terminal.js'

const GPU_NONCE = NONCE.slice(0, 32)
const FLAGS = ['--offline', '--at', new Date(ISSUED.getTime() + 1000).toISOString()]
const NONCE_FLAGS = ['--nonce', base64(GPU_NONCE)]
const issuer = await FakeIssuer.create()
const JWKS = ['--jwks', put(issuer.jwks)]
const nvidia = await mintGpus(2)
const gpus = await nvidia.answer(GPU_NONCE)

/** Decimal serial of the first certificate, by another reader than ours. */
const ueidOf = ({ certChain }: GpuEvidence): string =>
  String(BigInt(`0x${new X509Certificate(certChain).serialNumber}`))
const UEIDS = gpus.map(ueidOf)

async function token(ueids = UEIDS, overall = {}): Promise<string> {
  const devices = ueids.map((ueid) => deviceClaims(ueid, GPU_NONCE, '3.0'))
  return put(await nrasAnswer(issuer, { nonce: GPU_NONCE, devices, version: '3.0', overall }))
}

async function run(...argv: readonly string[]) {
  const { code, out, err } = await assay(['verify', ...argv, ...FLAGS, '--json'])
  const { findings = [], ...json } = code < 30 ? JSON.parse(out) : {}
  const codes = findings.flatMap((one: { code: string | null }) => one.code ?? [])
  return { code, err, codes, json, findings }
}

t.test('verify --nras: the word of somebody else, without any evidence', async (t) => {
  const argv = ['--nras', await token(), ...JWKS, ...AUTHENTICITY]
  const { code, json, findings } = await run(...argv, ...NONCE_FLAGS)
  t.equal(code, 0)
  t.match(json, {
    result: 'verified',
    claims: {
      gpus: [],
      vouched: [
        { name: 'GPU-0', ueid: UEIDS[0], device: null, by: 'NVIDIA Remote Attestation Service' },
        { name: 'GPU-1', ueid: UEIDS[1] },
      ],
      binding: null,
    },
    policy: { gpus: 'any' },
  })
  t.same(new Set(findings.map(({ check }: { check: string }) => check)), new Set(['gpu.vouched']))
  const { out } = await assay(['verify', ...argv, '--nonce', base64(NONCE), ...FLAGS])
  t.match(out, /^VERIFIED \(the word of somebody else; assay has seen NO evidence\)\n/)
  t.match(out, /\n {2}gpus: the GPUs themselves\n/)
  const other = await run(...argv, '--nonce', base64(NONCE.slice(1, 33)))
  t.same([other.code, other.codes], [10, ['ERR_TOKEN_NONCE']])
  const refused = { 'x-nvidia-overall-att-result': false }
  const no = ['--nras', await token(UEIDS, refused), ...JWKS, ...AUTHENTICITY, ...NONCE_FLAGS]
  t.same((await run(...no)).codes, ['ERR_TOKEN_RESULT'])
})

t.test('verify --nras --gpu: beside evidence, each device by its ueid', async (t) => {
  const evidence = gpus.flatMap(({ evidence, certChain }) => [
    '--gpu',
    put(evidence),
    '--cert-chain',
    put(certChain),
  ])
  const argv = [...evidence, '--roots', put(nvidia.root), ...JWKS, ...AUTHENTICITY]
  const reversed = await token([...UEIDS].reverse())
  const good = await run(...argv, '--nras', reversed, ...NONCE_FLAGS)
  t.equal(good.code, 0)
  t.match(good.json.claims.gpus, [
    { index: 0, ueid: UEIDS[0], vouched: [{ name: 'GPU-1', device: 0, ueid: UEIDS[0] }] },
    { index: 1, vouched: [{ name: 'GPU-0', device: 1 }] },
  ])
  const halves = [await token([UEIDS[0] as string]), await token([UEIDS[1] as string])]
  const both = halves.flatMap((half) => ['--nras', half])
  t.equal((await run(...argv, ...both, ...NONCE_FLAGS)).code, 0, 'a token for each')
  const one = await run(...argv, '--nras', halves[0] as string, ...NONCE_FLAGS)
  t.same([one.code, one.codes], [10, ['ERR_TOKEN_DEVICE']], 'nobody vouches for the second')
  const another = await run(...argv, '--nras', await token(['17']), ...NONCE_FLAGS)
  t.same([another.code, another.codes], [10, Array(3).fill('ERR_TOKEN_DEVICE')])
  const unasked = await run(...argv, '--nras', reversed)
  t.same([unasked.code, unasked.codes], [20, ['ERR_NONCE_MISSING']])
  const none = await run(...argv, ...NONCE_FLAGS)
  t.same([none.code, none.codes], [30, []], 'keys without a token')
  const bare = argv.filter((word) => !JWKS.includes(word))
  const without = await run(...bare, ...NONCE_FLAGS)
  t.match(without.json.claims.gpus, [{ vouched: [] }, { vouched: [] }])
})

t.test('verify --ita: as the service answers, or the token alone', async (t) => {
  const intel = await FakeIssuer.create('PS384')
  const signed = await intel.sign({ iss: 'Intel Trust Authority', exp: 1, iat: 0, nbf: 0 })
  for (const file of [put({ token: signed }), put(`${signed}\n`)]) {
    const argv = ['--ita', file, '--jwks', put(intel.jwks), ...AUTHENTICITY, ...NONCE_FLAGS]
    const { code, codes } = await run(...argv)
    t.same([code, codes], [10, ['ERR_TOKEN_VALIDITY']])
  }
})

t.test('verify --nras: keys for each token, in their order', async (t) => {
  const stranger = put((await FakeIssuer.create()).jwks)
  const keys = JWKS[1] as string
  const argv = ['--nras', await token(), '--nras', await token(), ...AUTHENTICITY, ...NONCE_FLAGS]
  const { codes } = await run(...argv, '--jwks', keys, '--jwks', stranger)
  t.same(codes, ['ERR_TOKEN_KEY'])
  t.equal((await run(...argv, ...JWKS)).code, 0)
})

t.test('verify --nras: a wrong call', async (t) => {
  const nras = ['--nras', await token()]
  const calls: [argv: string[], says: RegExp][] = [
    [[...nras, ...NONCE_FLAGS], /ERR_USAGE: one --jwks for all tokens/],
    [[...nras, ...JWKS, ...JWKS, ...NONCE_FLAGS], /one for each of 1, got 2/],
    [[...nras, ...JWKS], /need --nonce/],
    [[...nras, ...JWKS, '--nonce', base64(NONCE.slice(0, 33))], /ERR_REPORT_DATA_LENGTH/],
    [[...nras, ...JWKS, ...NONCE_FLAGS, '--rim', 'x'], /--rim is for evidence/],
    [[...nras, ...JWKS, ...NONCE_FLAGS, '--report-data', '00'], /--report-data is for evidence/],
    [['--nras', put('no'), ...JWKS, ...NONCE_FLAGS], /ERR_FILE_FORMAT: not JSON/],
    [[...nras, '--jwks', put('{"keys":1,"keys":2}'), ...NONCE_FLAGS], /ERR_FILE_FORMAT/],
    [['--nras', 'nowhere', ...JWKS, ...NONCE_FLAGS], /ERR_FILE: /],
  ]
  for (const [argv, says] of calls) {
    const { code, err } = await run(...argv, ...AUTHENTICITY)
    t.equal(code, 30)
    t.match(err, says)
  }
  const flags = [...nras, ...JWKS, ...NONCE_FLAGS, '--policy']
  t.match((await run(...flags, put('{}'))).err, /ERR_POLICY_DOCUMENT/)
  t.match((await run(...flags, put(authenticity()))).err, /a policy file is for evidence/)
  t.match((await run(...nras, ...JWKS, ...NONCE_FLAGS)).err, /without a policy/)
})
