// SPDX-License-Identifier: Apache-2.0
// Real answers of NVIDIA's service, and those made of them, from the command line.

import t from 'tap'
import { manifest, skip, vectorPath } from '../vectors.js'
import { AUTHENTICITY } from './desk.js'
import { assay } from './terminal.js'

interface Manifest {
  readonly nonce: string
  readonly verify_time: { readonly nras_token: number }
  readonly cases: readonly { readonly id: string; readonly file: string }[]
  readonly devices?: readonly { readonly dir: string }[]
}

const file = (name: string, ...path: string[]): string => vectorPath('nvidia', name, ...path)

async function run(name: string, token: string, more: readonly string[] = [], late = 0) {
  const { nonce, verify_time: time } = manifest<Manifest>('nvidia', name)
  const flags = ['--nras', file(name, token), ...AUTHENTICITY, '--offline', '--json']
  const at = new Date((time.nras_token + late) * 1000).toISOString()
  const base64 = Buffer.from(nonce, 'hex').toString('base64')
  const argv = ['verify', ...flags, '--nonce', base64, '--at', at]
  const { code, out } = await assay([...argv, ...more])
  const { findings, claims } = JSON.parse(out)
  return { code, claims, codes: findings.flatMap((one: { code: string | null }) => one.code ?? []) }
}

const jwks = (name: string, set = 'jwks.json'): string[] => ['--jwks', file(name, set)]
const evidence = (name: string, ...dir: string[]): string[] => [
  '--gpu',
  file(name, ...dir, 'evidence.bin'),
  '--cert-chain',
  file(name, ...dir, 'cert_chain.pem'),
]
const devices = (name: string): string[] => {
  const { devices: listed } = manifest<Manifest>('nvidia', name)
  return listed ? listed.flatMap(({ dir }) => evidence(name, dir)) : evidence(name)
}

t.test('verify --nras --gpu: real answers beside their evidence', { skip }, async (t) => {
  for (const [name, count] of [
    ['h200-570.172.08-nras', 1],
    ['h200-595.71.05-tdx-hash-bound-1', 1],
    ['h200x8-570.172.08-nras-tdx', 8],
  ] as const) {
    const { code, claims } = await run(name, 'nras_token.json', [...jwks(name), ...devices(name)])
    t.equal(code, 0, name)
    const vouched = claims.gpus.flatMap((gpu: { vouched: object[] }) => gpu.vouched)
    t.equal(vouched.length, count, name)
  }
})

t.test('verify --nras: a real refusal', { skip }, async (t) => {
  const name = 'h200x8-595.71.05-nonce-mismatch'
  const alone = await run(name, 'nras_token.json', jwks(name))
  t.same([alone.code, alone.codes], [10, Array(9).fill('ERR_TOKEN_RESULT')])
  const beside = await run(name, 'nras_token.json', [...jwks(name), ...devices(name)])
  t.equal(beside.code, 10)
  t.same(new Set(beside.codes), new Set(['ERR_NVIDIA_NONCE', 'ERR_TOKEN_RESULT']))
})

t.test('verify --nras: a token without a report', { skip }, async (t) => {
  const name = 'rtxpro6000-595.71.05-nras-only'
  const { code } = await run(name, 'nras_token.json', jwks(name, 'jwk_recovered.json'))
  t.equal(code, 0)
})

t.test('verify --nras: answers that were made of real ones', { skip }, async (t) => {
  const name = 'derived-nras'
  const codes: string[] = []
  for (const { id, file: token } of manifest<Manifest>('nvidia', name).cases) {
    const late = id === 'expired' ? 3601 : 0
    const { code, codes: given } = await run(name, token, jwks(name), late)
    t.equal(code, id === 'baseline' ? 0 : 10, id)
    codes.push(...given)
  }
  t.equal(new Set(codes).size, 9)
})
