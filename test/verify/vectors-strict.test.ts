// SPDX-License-Identifier: Apache-2.0
// Real evidence under policies that pin everything which can be seen in it: the outcome that each
// manifest states.

import { existsSync } from 'node:fs'
import t from 'tap'
import { parseSnpReport } from '../../src/core/snp.js'
import { AttestationError } from '../../src/errors.js'
import { initPolicy, type Policy, parsePolicy } from '../../src/verify/index.js'
import { attempt } from '../../src/verify/result.js'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'
import { appraiseReport, complaints, type SnpResult, withSnp } from './appraise.js'

interface Manifest {
  readonly expect: string
  readonly validityTime: string | null
}

/** When a vector without a stated time is appraised. */
const ANY_TIME = '2026-07-01T00:00:00Z'
const BASELINE = 'synthetic-genoa-v3-604-synth-baseline-accept'
const VERDICT: Record<string, SnpResult['result']> = {
  valid: 'verified',
  invalid: 'rejected',
  'parse-only': 'undecided',
  'synthetic-valid': 'verified',
  'synthetic-invalid': 'rejected',
}
/** Genuine in every respect, and of a guest that its host may debug. */
const REFUSED_BY_POLICY = 'milan-v2-vcek-go-sev-guest'

const names = vectors('snp').filter((name) => existsSync(vectorPath('snp', name, 'report.bin')))
const about = (name: string) => manifest<Manifest>('snp', name)
const bytes = (name: string, file: string) => new Uint8Array(vectorBytes('snp', name, file))
const given = (name: string, files: string[]) =>
  files.filter((file) => existsSync(vectorPath('snp', name, file))).map((file) => bytes(name, file))

/** Everything that a manifest comes with; its nonce is what REPORT_DATA carries. */
function evidenceOf(name: string, policy: Policy | 'authenticity', nonce: Uint8Array | null) {
  const { expect, validityTime } = about(name)
  return appraiseReport({
    report: bytes(name, 'report.bin'),
    endorsements: given(name, ['vcek.der', 'vlek.der', 'cert_chain.pem']),
    roots: expect.startsWith('synthetic') ? given(name, ['ark.pem']) : [],
    at: new Date(validityTime ?? ANY_TIME),
    challenge: nonce && { nonce, channelSpki: null },
    policy,
  })
}

/** As strict as the evidence of a vector allows; no CRL of its time is at hand. */
async function strictFor(name: string): Promise<Policy> {
  const report = parseSnpReport(bytes(name, 'report.bin'))
  const { claims, result } = await evidenceOf(name, 'authenticity', null)
  const key = claims.snp.endorsementKey
  const text = initPolicy({
    name: 'strict',
    report,
    product: key?.product ?? null,
    kind: key?.kind ?? null,
    cspId: key?.cspId ?? null,
    mode: 'raw',
    binds: { tlsKey: false, hpkeKey: false, userData: false },
    verdict: result,
  })
  return withSnp(parsePolicy(text), { revocation: 'any' })
}

t.test('strict: every vector has the outcome of its manifest', { skip }, async (t) => {
  for (const name of names) {
    const parsed = attempt(() => parseSnpReport(bytes(name, 'report.bin')))
    const readable = parsed instanceof AttestationError ? null : parsed
    const synthetic = about(name).expect.startsWith('synthetic')
    const policy = await strictFor(synthetic || !readable ? BASELINE : name)
    const result = await evidenceOf(name, policy, readable?.reportData ?? null)
    const expected = name === REFUSED_BY_POLICY ? 'rejected' : VERDICT[about(name).expect]
    t.equal(result.result, expected, `${name}: ${JSON.stringify(complaints(result))}`)
  }
})

t.test('strict: what only a policy refuses has its code', { skip }, async (t) => {
  const judge = async (name: string, policy: Policy) => {
    const { reportData } = parseSnpReport(bytes(name, 'report.bin'))
    return complaints(await evidenceOf(name, policy, reportData))
  }
  t.same(await judge(REFUSED_BY_POLICY, await strictFor(REFUSED_BY_POLICY)), {
    'snp.debug': 'fail ERR_POLICY_DEBUG',
  })
  const baseline = await strictFor(BASELINE)
  t.match(await judge('synthetic-genoa-v3-603-synth-migrate-ma-set', baseline), {
    'snp.guest-policy.migrate-ma': 'fail ERR_POLICY_GUEST_POLICY',
  })
  const other = await judge('genoa-v3-vcek-tinfoil', await strictFor('genoa-v3-vcek-ms-tav'))
  t.match(other, { 'snp.measurement': 'fail ERR_POLICY_MEASUREMENT' })
})

t.test('strict: revocation data of a policy that asks for it', { skip }, async (t) => {
  const name = 'milan-v2-vcek-trustee'
  const { reportData: nonce } = parseSnpReport(bytes(name, 'report.bin'))
  const policy = await strictFor(name)
  const judge = async (maximumAgeDays: number, crls: Uint8Array[]) =>
    complaints(
      await appraiseReport({
        report: bytes(name, 'report.bin'),
        endorsements: [...given(name, ['vcek.der']), ...crls],
        at: new Date('2023-01-25T17:58:26Z'),
        challenge: { nonce, channelSpki: null },
        policy: withSnp(policy, { revocation: { maximumAgeDays } }),
      }),
    )
  const crl = bytes('crl-milan-3', 'crl.der')
  t.same(await judge(370, [crl]), {})
  t.same(await judge(1, [crl]), { 'snp.revocation': 'unknown ERR_CRL_STALE' })
  t.same(await judge(370, []), { 'snp.revocation': 'unknown ERR_ENDORSEMENT_MISSING' })
})
