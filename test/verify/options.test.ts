// SPDX-License-Identifier: Apache-2.0

import t, { type Test } from 'tap'
import { reportDataBound } from '../../src/core/report-data.js'
import { AttestationError, type Code } from '../../src/errors.js'
import { rawEvidence } from '../../src/evidence.js'
import { type Appraisal, appraise as appraiseEvidence } from '../../src/verify/index.js'
import { AT, mintAmd, pem } from '../fake/amd.js'
import { appraise, appraiseReport, complaints } from './appraise.js'

async function rejects(t: Test, options: unknown, code: Code, title: string): Promise<void> {
  const error = await appraiseEvidence(options as Appraisal).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  t.equal(error instanceof AttestationError && error.code, code, title)
}

const NOTHING = new Uint8Array()
const evidence = rawEvidence('snp', NOTHING)
const good = { evidence, challenge: null, endorsements: [], at: AT, policy: 'authenticity' }

t.test('options: a wrong call is refused before any work', async (t) => {
  const { ark, vek } = await mintAmd()
  const cases: Record<string, object> = {
    'an unknown option': { now: AT },
    'no time': { at: undefined },
    'a time that is a string': { at: AT.toISOString() },
    'a time that is none': { at: new Date('yesterday') },
    'no evidence': { evidence: undefined },
    'no challenge': { challenge: undefined },
    'no endorsements': { endorsements: undefined },
    'endorsements that are bytes': { endorsements: vek },
    'an endorsement that is a string': { endorsements: [pem(vek)] },
    'a hole': { endorsements: new Array(1) },
    'a root that is a string': { roots: [pem(ark)] },
    'a root that is no certificate': { roots: [ark, Uint8Array.of(0x30, 0)] },
    'a root that is cut': { roots: [ark.slice(0, -1)] },
  }
  for (const [what, change] of Object.entries(cases)) {
    await rejects(t, { ...good, ...change }, 'ERR_ARGUMENT', what)
  }
  for (const options of [undefined, null, 'authenticity']) {
    await rejects(t, options, 'ERR_ARGUMENT', `${options} for options`)
  }
  for (const policy of [undefined, 'strict', {}]) {
    await rejects(t, { ...good, policy }, 'ERR_POLICY_DOCUMENT', `${policy} for a policy`)
  }
})

t.test('options: evidence is of the kinds that it says', async (t) => {
  const batch = { size: 1, index: 0, claimPath: [], noncePath: null }
  const gpu = { index: 0, evidence: NOTHING, certChain: NOTHING }
  const claims = { tlsSpki: null, hpke: null, userData: null }
  const cases: Record<string, object> = {
    'an unknown property': { verdict: 'verified' },
    'another tee': { tee: 'sgx' },
    'another mode': { mode: 'bind' },
    'a batch without batch mode': { batch },
    'batch mode without a batch': { mode: 'batch' },
    'a report that is a string': { report: 'AA==' },
    'endorsements that are none': { endorsements: null },
    'an auxblob that is none': { auxblob: null },
    'GPUs that are none': { gpus: null },
    'a GPU that is none': { gpus: [null] },
    'an unknown property of a GPU': { gpus: [{ ...gpu, report: NOTHING }] },
    'a GPU without an index': { gpus: [{ ...gpu, index: 0.5 }] },
    'a GPU without evidence': { gpus: [{ ...gpu, evidence: undefined }] },
    'a GPU without a chain': { gpus: [{ ...gpu, certChain: '' }] },
    'claims that are none': { claims: null },
    'an unknown claim': { claims: { ...claims, gpuDigest: NOTHING } },
    'a claim that is a string': { claims: { ...claims, tlsSpki: 'AA==' } },
    'batch mode and nothing': { mode: 'batch', batch: undefined },
    'an unknown property of a batch': { mode: 'batch', batch: { ...batch, root: NOTHING } },
    'a size that is a string': { mode: 'batch', batch: { ...batch, size: '1' } },
    'an index that is none': { mode: 'batch', batch: { ...batch, index: Number.NaN } },
    'a path that is none': { mode: 'batch', batch: { ...batch, claimPath: undefined } },
    'a nonce path of strings': { mode: 'batch', batch: { ...batch, noncePath: [''] } },
  }
  for (const [what, change] of Object.entries(cases)) {
    await rejects(t, { ...good, evidence: { ...evidence, ...change } }, 'ERR_ARGUMENT', what)
  }
})

t.test('options: a nonce has the length of its mode', async (t) => {
  const composed = { ...evidence, mode: 'bound' } as const
  const batched = {
    ...evidence,
    mode: 'batch',
    batch: { size: 1, index: 0, claimPath: [], noncePath: [] },
  }
  const tls = { ...evidence, mode: 'tls' } as const
  const wrong: [object, number[]][] = [
    [evidence, [0, 32, 63, 65]],
    [tls, [32, 63, 65]],
    [composed, [0, 31, 65]],
    [batched, [31, 65]],
  ]
  const right: [object, number[]][] = [
    [evidence, [64]],
    [tls, [64]],
    [composed, [32, 64]],
    [batched, [32, 33]],
  ]
  const ask = (evidence: object, length: number) => {
    const challenge = { nonce: new Uint8Array(length), channelSpki: null }
    return { ...good, evidence, challenge }
  }
  for (const [evidence, lengths] of wrong) {
    for (const length of lengths) {
      const title = `${(evidence as typeof composed).mode} with ${length} bytes`
      await rejects(t, ask(evidence, length), 'ERR_REPORT_DATA_LENGTH', title)
    }
  }
  for (const [evidence, lengths] of right) {
    for (const length of lengths) {
      const { result } = await appraiseEvidence(ask(evidence, length) as Appraisal)
      t.equal(result, 'rejected', 'appraised, and an empty report is none')
    }
  }
  const nonce = new Uint8Array(64)
  for (const challenge of [
    { nonce },
    { nonce: 'AA==', channelSpki: null },
    { nonce, spki: nonce },
    { nonce, channelSpki: null, userData: 'text' },
  ]) {
    await rejects(t, { ...good, challenge }, 'ERR_ARGUMENT', JSON.stringify(Object.keys(challenge)))
  }
})

t.test('options: roots in DER and PEM, several in one', async (t) => {
  const amd = await mintAmd()
  const genoa = await mintAmd({ product: 'Genoa' })
  const both = new TextEncoder().encode(pem(genoa.ark) + pem(amd.ark))
  t.same(complaints(await appraise(amd, { roots: [both] })), {})
  t.same(complaints(await appraise(amd, { roots: [genoa.ark, amd.ark] })), {})
  const report = await amd.report()
  const without = await appraiseReport({ report, endorsements: amd.chain })
  t.same(complaints(without), { 'snp.root': 'fail ERR_CERTIFICATE_ROOT' })
})

t.test('options: what the caller changes after the call changes nothing', async (t) => {
  const amd = await mintAmd()
  const report = await amd.report()
  const [endorsements, roots] = [amd.chain.map((der) => der.slice()), [amd.ark.slice()]]
  const at = new Date(AT)
  const nonce = new Uint8Array(64)
  const userData = Uint8Array.of(1, 2, 3)
  const asked = { nonce: new Uint8Array(nonce), tlsSpki: nonce, userData: new Uint8Array(userData) }
  const signed = await amd.report({ reportData: reportDataBound(asked), vmpl: 1 })
  const evidence = {
    ...{ ...rawEvidence('snp', signed), mode: 'bound' as const },
    claims: { tlsSpki: asked.tlsSpki, hpke: null, userData: asked.userData },
  }
  const challenge = { nonce, channelSpki: new Uint8Array(nonce), userData }
  const bound = appraise(amd, { report, evidence, endorsements, roots, at, challenge })
  const pending = appraise(amd, {
    ...{ report, endorsements, roots, at },
    challenge: { nonce, channelSpki: null },
  })
  const given = [report, ...endorsements, ...roots, nonce, userData, asked.userData]
  for (const bytes of given) bytes.fill(0xff)
  endorsements.length = 0
  at.setTime(0)
  t.same(complaints(await pending), {})
  t.same(complaints(await bound), {})
})

t.test('options: an endorsement of absurd size is a finding, and not kept', async (t) => {
  const huge = new Uint8Array(0x40001).fill(0x30)
  const result = await appraise(await mintAmd(), { endorsements: [huge] })
  t.equal(complaints(result)['snp.endorsements'], 'fail ERR_CERTIFICATE_FORMAT')
})

t.test('options: what the caller makes of a result is in no later one', async (t) => {
  const amd = await mintAmd()
  const { claims } = await appraise(amd)
  const tcb = claims.snp.endorsementKey?.tcb as { snp: number }
  tcb.snp = 0
  t.same(complaints(await appraise(amd)), {})
})
