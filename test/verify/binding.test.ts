// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { gpuEvidenceDigest } from '../../src/core/digest.js'
import { merkleTree } from '../../src/core/merkle-tree.js'
import { reportDataBatch, reportDataBound, reportDataTls } from '../../src/core/report-data.js'
import { type Evidence, rawEvidence } from '../../src/evidence.js'
import { authenticity, BINDING_CHECKS, type Policy } from '../../src/verify/index.js'
import { type Amd, mintAmd } from '../fake/amd.js'
import { changed } from '../helpers.js'
import { appraise, checks, complaints, withSnp } from './appraise.js'

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)
const NONCE = bytes(64, 0xa5)
const SPKI = bytes(120, 0x30)
const OTHER_SPKI = bytes(120, 0x31)
const HPKE = bytes(34, 0x20)
const USER_DATA = bytes(5, 0x75)
const GPUS = [0, 1].map((index) => ({
  index,
  evidence: bytes(100, index),
  certChain: new Uint8Array(),
}))
const CLAIMS = { tlsSpki: SPKI, hpke: HPKE, userData: USER_DATA }
const NO_CLAIMS = { tlsSpki: null, hpke: null, userData: null }
const BOUND = { nonce: NONCE, tlsSpki: SPKI, hpke: HPKE, userData: USER_DATA }

const withBinding = (change: Partial<Policy['binding']>): Policy => {
  const policy = authenticity()
  return { ...policy, binding: { ...policy.binding, ...change } }
}

/** A report over `reportData`, and what an answer says about it. */
const raw = rawEvidence('snp', new Uint8Array())
const bound: Evidence = { ...raw, mode: 'bound', claims: CLAIMS }
const tls: Evidence = { ...raw, mode: 'tls' }

/** One of five requests that one report answers. */
const batched = (() => {
  const entries = [0, 1, 2, 3, 4].map((other) =>
    other === 3 ? reportDataBound(BOUND) : bytes(64, other),
  )
  const tree = merkleTree(entries)
  const batch = { size: 5, index: 3, claimPath: tree.path(3), noncePath: null }
  const evidence: Evidence = { ...bound, mode: 'batch', batch }
  return { evidence, reportData: reportDataBatch(5, tree.root) }
})()

interface Asked {
  readonly reportData: Uint8Array
  readonly vmpl?: number
  readonly policy?: Partial<Policy['binding']>
  readonly nonce?: Uint8Array | null
  readonly channelSpki?: Uint8Array | null
  readonly userData?: Uint8Array | null
  readonly gpus?: 'any'
}

async function judge(amd: Amd, evidence: Evidence, asked: Asked) {
  const { reportData, vmpl = 1, policy = {}, nonce = NONCE, channelSpki = null, gpus } = asked
  const report = await amd.report({ vmpl, reportData })
  return appraise(amd, {
    report,
    evidence: { ...evidence, report },
    challenge: nonce && {
      nonce,
      channelSpki,
      ...(asked.userData !== undefined && { userData: asked.userData }),
    },
    policy: { ...withBinding(policy), ...(gpus && { gpus }) },
  })
}

const bindingOf = (result: Awaited<ReturnType<typeof judge>>) =>
  checks(result).filter((check) => (BINDING_CHECKS as readonly string[]).includes(check))

t.test('binding: raw mode is the nonce, verbatim', async (t) => {
  const amd = await mintAmd()
  const good = await judge(amd, raw, { reportData: NONCE, vmpl: 0 })
  t.same(complaints(good), {})
  t.same(bindingOf(good), ['binding.nonce'])
  t.match(good.claims.binding, { mode: 'raw', nonce: 'a5'.repeat(64), tlsSpkiSha256: null })
  for (const at of [0, 31, 63]) {
    const other = changed(NONCE, (copy) => copy.fill(0, at, at + 1))
    const bad = await judge(amd, raw, { reportData: other, vmpl: 0 })
    t.same(complaints(bad), { 'binding.nonce': 'fail ERR_BINDING_REPORT_DATA' }, `byte ${at}`)
    t.equal(bad.claims.binding.nonce, null)
  }
  const host = await judge(amd, raw, { reportData: NONCE, vmpl: 0xffffffff })
  t.same(complaints(host), { 'binding.nonce': 'fail ERR_BINDING_REPORT_DATA' }, 'asked by the host')
})

t.test('binding: a policy that wants a nonce gets one or stays undecided', async (t) => {
  const amd = await mintAmd()
  const asked = { reportData: NONCE, nonce: null }
  t.same(bindingOf(await judge(amd, raw, asked)), [])
  const policy = { nonce: 'require', hpkeKey: 'require' } as const
  t.same(complaints(await judge(amd, bound, { ...asked, policy })), {
    'binding.nonce': 'unknown ERR_NONCE_MISSING',
    'binding.hpke-key': 'unknown ERR_NONCE_MISSING',
  })
  const unproven = await judge(amd, bound, { ...asked, policy: { hpkeKey: 'require' } })
  t.same(complaints(unproven), { 'binding.hpke-key': 'unknown ERR_NONCE_MISSING' })
})

t.test('binding: TLS mode hashes the key of the connection with the nonce', async (t) => {
  const amd = await mintAmd()
  const reportData = reportDataTls(SPKI, NONCE)
  const good = await judge(amd, tls, { reportData, channelSpki: SPKI })
  t.same(complaints(good), {})
  t.same(bindingOf(good), ['binding.nonce', 'binding.oracle', 'binding.tls-key'])
  t.match(good.claims.binding, { tlsSpkiSha256: /^[0-9a-f]{64}$/, hpke: null })
  const other = await judge(amd, tls, { reportData, channelSpki: OTHER_SPKI })
  t.same(complaints(other), {
    'binding.nonce': 'fail ERR_BINDING_REPORT_DATA',
    'binding.tls-key': 'unknown ERR_BINDING_REPORT_DATA',
  })
  const keyless = await judge(amd, tls, { reportData, policy: { tlsKey: 'require' } })
  t.same(complaints(keyless), {
    'binding.nonce': 'unknown ERR_CHANNEL_KEY_MISSING',
    'binding.tls-key': 'unknown ERR_CHANNEL_KEY_MISSING',
  })
})

t.test('binding: composed bytes count only at the level where callers choose none', async (t) => {
  const amd = await mintAmd()
  const oracle = { 'binding.oracle': 'fail ERR_BINDING_ORACLE' }
  const tlsData = reportDataTls(SPKI, NONCE)
  const cases: [string, Evidence, Asked, object][] = [
    ['TLS at the raw level', tls, { reportData: tlsData, vmpl: 0 }, oracle],
    ['bound at the raw level', bound, { reportData: reportDataBound(BOUND), vmpl: 0 }, oracle],
    ['bound above', bound, { reportData: reportDataBound(BOUND), vmpl: 2 }, oracle],
    ['batch at the raw level', batched.evidence, { ...batched, vmpl: 0 }, oracle],
    [
      'bound at the level of the policy',
      bound,
      { reportData: reportDataBound(BOUND), vmpl: 2, policy: { boundVmpl: 2 } },
      {},
    ],
    [
      'bound with legacy TLS allowed',
      bound,
      { reportData: reportDataBound(BOUND), vmpl: 0, policy: { legacyTlsBinding: 'allow' } },
      oracle,
    ],
  ]
  for (const [title, evidence, asked, expected] of cases) {
    t.same(complaints(await judge(amd, evidence, { ...asked, channelSpki: SPKI })), expected, title)
  }
  const legacy = { legacyTlsBinding: 'allow' } as const
  const allowed = { reportData: tlsData, vmpl: 0, policy: legacy, channelSpki: SPKI }
  const accepted = await judge(amd, tls, allowed)
  t.same(complaints(accepted), {})
  t.notOk(bindingOf(accepted).includes('binding.oracle'), 'accepted by name, but not passed')
  const report = await amd.report({ vmpl: 2, reportData: tlsData })
  const elsewhere = await appraise(amd, {
    evidence: { ...tls, report },
    challenge: { nonce: NONCE, channelSpki: SPKI },
    policy: withSnp(withBinding(legacy), { vmpl: [0] }),
  })
  t.same(complaints(elsewhere), { 'snp.vmpl': 'fail ERR_POLICY_VMPL' }, 'at a level of its own')
  const unreadable = await appraise(amd, {
    report: NONCE,
    evidence: { ...bound, report: NONCE },
    challenge: { nonce: NONCE, channelSpki: null },
  })
  t.match(complaints(unreadable), {
    'binding.nonce': 'unknown ERR_SNP_LENGTH',
    'binding.oracle': 'unknown ERR_SNP_LENGTH',
  })
  for (const [evidence, policy] of [
    [bound, {}],
    [tls, legacy],
  ] as const) {
    const host = await judge(amd, evidence, {
      reportData: bytes(64, 0),
      vmpl: 0xffffffff,
      nonce: null,
      policy,
    })
    t.same(complaints(host), oracle, 'asked by the host')
  }
})

t.test('binding: bound mode is the transcript of every claim', async (t) => {
  const amd = await mintAmd()
  const reportData = reportDataBound(BOUND)
  const policy = { hpkeKey: 'require', userData: 'require', tlsKey: 'require' } as const
  const good = await judge(amd, bound, { reportData, policy, channelSpki: SPKI })
  t.same(complaints(good), {})
  t.same(
    bindingOf(good),
    BINDING_CHECKS.filter((check) => check !== 'binding.modes'),
  )
  t.match(good.claims.binding, { hpke: '20'.repeat(34), userData: '75'.repeat(5), gpuDigest: null })
  const failing = { 'binding.nonce': 'fail ERR_BINDING_REPORT_DATA' }
  const changes: Record<string, Partial<Evidence['claims']>> = {
    'another TLS key': { tlsSpki: OTHER_SPKI },
    'no TLS key': { tlsSpki: null },
    'another HPKE key': { hpke: bytes(34, 0x21) },
    'no HPKE key': { hpke: null },
    'other data': { userData: bytes(5, 0x76) },
    'no data': { userData: null },
    'a key that cannot be one': { tlsSpki: new Uint8Array() },
    'data longer than data can be': { userData: bytes(4097, 0) },
  }
  for (const [title, change] of Object.entries(changes)) {
    const evidence = { ...bound, claims: { ...CLAIMS, ...change } } as Evidence
    const result = await judge(amd, evidence, { reportData })
    t.same(complaints(result), failing, title)
    t.match(result.claims.binding, { nonce: null, tlsSpkiSha256: null, hpke: null, userData: null })
  }
  const other = await judge(amd, bound, { reportData, nonce: bytes(32, 1) })
  t.same(complaints(other), failing, 'another nonce')
})

t.test('binding: what the policy requires must be bound, and to this connection', async (t) => {
  const amd = await mintAmd()
  const reportData = reportDataBound(BOUND)
  const bare: Evidence = { ...bound, claims: NO_CLAIMS }
  const bareData = reportDataBound({ nonce: NONCE })
  const policy = { hpkeKey: 'require', userData: 'require', tlsKey: 'require' } as const
  const misses = {
    'binding.tls-key': 'fail ERR_BINDING_TLS_KEY',
    'binding.hpke-key': 'fail ERR_BINDING_CLAIM',
    'binding.user-data': 'fail ERR_BINDING_CLAIM',
  }
  t.same(complaints(await judge(amd, bare, { reportData: bareData, policy })), misses)
  t.same(complaints(await judge(amd, raw, { reportData: NONCE, policy })), misses)
  const named: Evidence = { ...raw, claims: CLAIMS }
  t.same(complaints(await judge(amd, named, { reportData: NONCE, policy })), misses, 'only named')
  const { 'binding.tls-key': _, ...rest } = misses
  const beside = { reportData: reportDataTls(SPKI, NONCE), policy, channelSpki: SPKI }
  t.same(complaints(await judge(amd, { ...tls, claims: CLAIMS }, beside)), rest, 'beside TLS')
  t.same(complaints(await judge(amd, bare, { reportData: bareData, channelSpki: SPKI })), {})
  const elsewhere = await judge(amd, bound, { reportData, channelSpki: OTHER_SPKI })
  t.same(complaints(elsewhere), { 'binding.tls-key': 'fail ERR_BINDING_TLS_KEY' })
  const unknown = await judge(amd, bound, { reportData, policy: { tlsKey: 'require' } })
  t.same(complaints(unknown), { 'binding.tls-key': 'unknown ERR_CHANNEL_KEY_MISSING' })
})

t.test('binding: user data that the tenant states is what must be bound', async (t) => {
  const amd = await mintAmd()
  const reportData = reportDataBound(BOUND)
  const stated = await judge(amd, bound, { reportData, userData: USER_DATA })
  t.same(complaints(stated), {})
  t.ok(bindingOf(stated).includes('binding.user-data'), 'whatever the policy asks')
  t.equal(stated.policy.binding.userData, 'require', 'which the result then repeats')
  for (const userData of [null, undefined]) {
    const open = await judge(amd, bound, { reportData, userData } as Asked)
    t.same(complaints(open), {})
    t.notOk(bindingOf(open).includes('binding.user-data'), `${userData} states nothing`)
    t.equal(open.policy.binding.userData, 'any')
  }
  const fresh = { reportData, userData: USER_DATA, policy: { nonce: 'require' } } as const
  t.equal((await judge(amd, bound, fresh)).policy.binding.userData, 'require')
  const failing = { 'binding.user-data': 'fail ERR_BINDING_CLAIM' }
  for (const userData of [bytes(5, 0x76), bytes(4, 0x75), bytes(6, 0x75), new Uint8Array()]) {
    for (const rule of ['any', 'require'] as const) {
      const other = await judge(amd, bound, { reportData, userData, policy: { userData: rule } })
      t.same(complaints(other), failing, `${userData.length} bytes`)
    }
  }
  const bare: Evidence = { ...bound, claims: NO_CLAIMS }
  const bareData = reportDataBound({ nonce: NONCE })
  const none = await judge(amd, bare, { reportData: bareData, userData: new Uint8Array() })
  t.same(complaints(none), failing, 'nothing is not the same as data without bytes')
  const named: Evidence = { ...raw, claims: CLAIMS }
  const only = await judge(amd, named, { reportData: NONCE, userData: USER_DATA })
  t.same(complaints(only), failing, 'only named')
  const swapped: Evidence = { ...bound, claims: { ...CLAIMS, userData: bytes(5, 0x76) } }
  const forged = await judge(amd, swapped, { reportData, userData: bytes(5, 0x76) })
  t.same(complaints(forged), {
    'binding.nonce': 'fail ERR_BINDING_REPORT_DATA',
    'binding.user-data': 'unknown ERR_BINDING_REPORT_DATA',
  })
})

t.test('binding: the policy says which modes it accepts', async (t) => {
  const amd = await mintAmd()
  const asked = { reportData: reportDataBound(BOUND) }
  const accepted = await judge(amd, bound, { ...asked, policy: { modes: ['batch', 'bound'] } })
  t.same(complaints(accepted), {})
  t.ok(bindingOf(accepted).includes('binding.modes'))
  const refused = await judge(amd, bound, { ...asked, policy: { modes: ['batch'] } })
  t.same(complaints(refused), { 'binding.modes': 'fail ERR_BINDING_MODE' })
})

t.test('binding: batch mode leads from the claims over the tree to REPORT_DATA', async (t) => {
  const amd = await mintAmd()
  const { evidence, reportData } = batched
  const good = await judge(amd, evidence, { reportData, channelSpki: SPKI })
  t.same(complaints(good), {})
  t.match(good.claims.binding, { mode: 'batch', batch: { size: 5, index: 3 }, hpke: /^20/ })
  const proof = evidence.batch as NonNullable<Evidence['batch']>
  const failing = { 'binding.nonce': 'fail ERR_MERKLE_PATH' }
  const changes: Record<string, Partial<Evidence>> = {
    'another index': { batch: { ...proof, index: 2 } },
    'another size': { batch: { ...proof, size: 7 } },
    'an index outside the tree': { batch: { ...proof, index: 5 } },
    'a shorter path': { batch: { ...proof, claimPath: proof.claimPath.slice(1) } },
    'a longer path': { batch: { ...proof, claimPath: [...proof.claimPath, bytes(48, 0)] } },
    'another claim': { claims: { ...CLAIMS, hpke: null } },
  }
  for (const [title, change] of Object.entries(changes)) {
    const result = await judge(amd, { ...evidence, ...change }, { reportData })
    t.same(complaints(result), failing, title)
  }
  const alone = await judge(amd, { ...bound, mode: 'bound' }, { reportData })
  t.same(complaints(alone), { 'binding.nonce': 'fail ERR_BINDING_REPORT_DATA' }, 'posing as bound')
})

t.test('binding: GPUs that the policy leaves aside are still bound by their digest', async (t) => {
  const amd = await mintAmd()
  const asked = { reportData: reportDataBound({ ...BOUND, gpuDigest: gpuEvidenceDigest(GPUS) }) }
  const good = await judge(amd, { ...bound, gpus: GPUS }, { ...asked, gpus: 'any' })
  t.equal(good.result, 'verified')
  t.notOk(checks(good).includes('gpu.evidence'))
  t.equal(good.policy.gpus, 'any', 'which the result repeats')
  const swapped = GPUS.map((gpu) => ({ ...gpu, evidence: bytes(100, 9) }))
  for (const gpus of [swapped, GPUS.slice(1), []]) {
    const bad = await judge(amd, { ...bound, gpus }, { ...asked, gpus: 'any' })
    t.same(complaints(bad), { 'binding.nonce': 'fail ERR_BINDING_REPORT_DATA' })
  }
})

t.test('binding: a TDX quote is named as not appraised', async (t) => {
  const amd = await mintAmd()
  const result = await appraise(amd, {
    evidence: { ...bound, tee: 'tdx' },
    challenge: { nonce: NONCE, channelSpki: null },
  })
  t.equal(result.result, 'undecided')
  t.same(complaints(result), {
    'tdx.quote': 'unknown ERR_UNSUPPORTED',
    'binding.nonce': 'unknown ERR_UNSUPPORTED',
    'binding.oracle': 'unknown ERR_UNSUPPORTED',
  })
  t.equal(result.claims.snp, null)
})
