// SPDX-License-Identifier: Apache-2.0
// Real answers of NVIDIA's service, and answers that were made of real ones.

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { fromHex } from '../../src/encoding.js'
import type { Code } from '../../src/errors.js'
import type { JwkSet } from '../../src/verify/jwk-set.js'
import { appraiseNras } from '../../src/verify/nras.js'
import { checkDeviceClaims } from '../../src/verify/nras-claims.js'
import { conclude } from '../../src/verify/result.js'
import type { SentDevice, VouchedGpus } from '../../src/verify/vouched.js'
import { manifest, skip, vectorBytes } from '../vectors.js'

interface Manifest {
  readonly nonce: string
  readonly verify_time: { readonly nras_token: number }
  readonly nras: { readonly ueids: readonly string[]; readonly iat: number }
  readonly driver: string
  readonly vbios: string
}

const json = (name: string, file: string): unknown =>
  JSON.parse(Buffer.from(vectorBytes('nvidia', name, file)).toString())
const jwksOf = (name: string) => json(name, 'jwks.json') as JwkSet
const nonceOf = (name: string) =>
  new Uint8Array(fromHex(manifest<Manifest>('nvidia', name).nonce, 'nonce'))
const times = (name: string): number => {
  const { verify_time: time, nras } = manifest<Manifest>('nvidia', name)
  return (time?.nras_token ?? nras.iat) * 1000
}

/** Decimal serial of the first certificate of a chain, by another reader than ours. */
function ueidOf(name: string, ...file: string[]): string {
  const { serialNumber } = new X509Certificate(
    vectorBytes('nvidia', name, ...file, 'cert_chain.pem'),
  )
  return String(BigInt(`0x${serialNumber}`))
}

const one = (name: string): SentDevice[] => [{ index: 0, ueid: ueidOf(name) }]
/** In another order than they were sent in. */
const eight = (name: string): SentDevice[] =>
  [7, 1, 2, 3, 4, 5, 6, 0].map((index) => ({ index, ueid: ueidOf(name, `gpu${index}`) }))

async function appraised(
  name: string,
  more: { jwks?: string; devices?: SentDevice[]; file?: string } = {},
) {
  return appraiseNras(json(name, more.file ?? 'nras_token.json'), {
    jwks: jwksOf(more.jwks ?? name),
    at: new Date(times(name)),
    nonce: nonceOf(name),
    devices: more.devices ?? null,
  })
}

const codes = ({ findings }: VouchedGpus): (Code | null)[] => findings.map(({ code }) => code)

t.test('nras: real answers for one GPU', { skip }, async (t) => {
  for (const name of ['h200-570.172.08-nras', 'h200-595.71.05-tdx-hash-bound-1']) {
    const { findings, claims } = await appraised(name, { devices: one(name) })
    const { driver, vbios, nras } = manifest<Manifest>('nvidia', name)
    t.equal(conclude(findings), 'verified', name)
    t.same(
      findings.map(({ device }) => device),
      [undefined, 0],
    )
    t.match(claims, [
      {
        device: 0,
        ueid: nras.ueids[0],
        driverVersion: driver,
        firmwareVersion: vbios,
        warning: null,
      },
    ])
    const other = await appraised(name, { devices: [{ index: 0, ueid: '1' }] })
    t.same(codes(other), [null, 'ERR_TOKEN_DEVICE', 'ERR_TOKEN_DEVICE'])
  }
})

t.test('nras: a real answer for eight GPUs, told apart by their ueid', { skip }, async (t) => {
  const name = 'h200x8-570.172.08-nras-tdx'
  const devices = eight(name)
  const { findings, claims } = await appraised(name, { devices })
  t.equal(conclude(findings), 'verified')
  t.equal(findings.length, 9)
  for (const { device, ueid } of claims) {
    t.equal(devices.find(({ index }) => index === device)?.ueid, ueid)
  }
  const seven = await appraised(name, { devices: devices.slice(1) })
  t.equal(codes(seven).filter((code) => code === 'ERR_TOKEN_DEVICE').length, 1)
})

t.test('nras: a real refusal, which came with HTTP 200', { skip }, async (t) => {
  const name = 'h200x8-595.71.05-nonce-mismatch'
  const { findings, claims } = await appraised(name, { devices: eight(name) })
  t.same(claims, [])
  t.same(
    findings.map(({ outcome, code }) => `${outcome} ${code}`),
    [...Array(9).fill('fail ERR_TOKEN_RESULT'), ...Array(8).fill('unknown ERR_TOKEN_RESULT')],
  )
  t.match(findings[1]?.detail, /error 4010, "NONCE_NOT_MATCHING"/)
})

t.test(
  'nras: an answer in the wrapper of an SDK, for a GPU without a report',
  { skip },
  async (t) => {
    const name = 'rtxpro6000-595.71.05-nras-only'
    const jwks = json(name, 'jwk_recovered.json') as JwkSet
    const context = { at: new Date(times(name)), nonce: nonceOf(name), devices: null }
    const answer = json(name, 'nras_token.json')
    const { findings, claims } = await appraiseNras(answer, { ...context, jwks })
    t.equal(conclude(findings), 'verified')
    t.match(claims, [{ hwModel: 'GB20X', driverVersion: '595.71.05', device: null }])
    const others = await appraiseNras(answer, { ...context, jwks: jwksOf('derived-nras') })
    t.same(codes(others), ['ERR_TOKEN_KEY'])
  },
)

t.test('nras: every derived answer is refused, each with its code', { skip }, async (t) => {
  const name = 'derived-nras'
  const { cases } = manifest<{ cases: readonly { id: string; file: string }[] }>('nvidia', name)
  const expected: Record<string, Code | null> = {
    baseline: null,
    expired: 'ERR_TOKEN_VALIDITY',
    submod_from_other_response: 'ERR_TOKEN_DIGEST',
    overall_from_other_response: 'ERR_TOKEN_VALIDITY',
    submod_missing: 'ERR_TOKEN_SUBMODULES',
    submod_extra: 'ERR_TOKEN_SUBMODULES',
    alg_none: 'ERR_TOKEN_ALGORITHM',
    alg_confusion_hs384: 'ERR_TOKEN_ALGORITHM',
    overall_result_flipped: 'ERR_TOKEN_SIGNATURE',
    nonce_changed: 'ERR_TOKEN_SIGNATURE',
    unknown_kid: 'ERR_TOKEN_KEY',
    der_signature: 'ERR_TOKEN_SIGNATURE_FORMAT',
    padded_base64: 'ERR_TOKEN_ENCODING',
    not_an_array: 'ERR_TOKEN_SHAPE',
    flat_v1_shape: 'ERR_TOKEN_SHAPE',
  }
  t.same(cases.map(({ id }) => id).sort(), Object.keys(expected).sort())
  const context = { jwks: jwksOf(name), nonce: nonceOf(name), devices: null }
  for (const { id, file } of cases) {
    const at = new Date(times(name) + (id === 'expired' ? 3_601_000 : 0))
    const { findings, claims } = await appraiseNras(json(name, file), { ...context, at })
    t.equal(findings[0]?.code, expected[id], id)
    t.equal(claims.length, expected[id] === null ? 1 : 0, id)
  }
})

t.test(
  'nras: the overall token of another answer, also at the time of that one',
  { skip },
  async (t) => {
    const other = manifest<Manifest>('nvidia', 'h200-595.71.05-tdx-hash-bound-1')
    const answer = json('derived-nras', 'overall_from_other_response.json')
    const at = new Date(other.nras.iat * 1000)
    const jwks = jwksOf('derived-nras')
    const ours = { jwks, at, nonce: nonceOf('derived-nras'), devices: null }
    t.same(codes(await appraiseNras(answer, ours)), ['ERR_TOKEN_NONCE'])
    const theirs = { ...ours, nonce: new Uint8Array(fromHex(other.nonce, 'nonce')) }
    t.same(codes(await appraiseNras(answer, theirs)), ['ERR_TOKEN_DIGEST'])
  },
)

t.test(
  'nras: claims 3.0 of a GPU and of an NVSwitch, whose keys are not to be had',
  { skip },
  async (t) => {
    for (const [name, device, kind] of [
      ['h100-550.90.07-complete', 'GPU-0', 'gpu'],
      ['ls10-switch-bios-96.10.55.00.01', 'SWITCH-0', 'switch'],
    ] as const) {
      const answer = json(name, 'nras_token.json') as [unknown, Record<string, string>]
      const payload = answer[1][device]?.split('.')[1] as string
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      t.equal(checkDeviceClaims(claims, kind, '3.0').ueid, ueidOf(name), name)
      const at = new Date(claims.iat * 1000)
      const nonce = nonceOf(name)
      const context = { jwks: jwksOf('derived-nras'), at, nonce, devices: null }
      t.same(codes(await appraiseNras(answer, context)), ['ERR_TOKEN_KEY'], name)
    }
  },
)
