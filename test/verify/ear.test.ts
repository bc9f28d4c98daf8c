// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { type EarClaims, earClaims, encodeEar } from '../../src/verify/ear.js'
import type { EarOptions } from '../../src/verify/ear-options.js'
import { policyId } from '../../src/verify/ear-policy-id.js'
import { AT } from '../fake/amd.js'
import { throwsCode } from '../helpers.js'
import { type Outcomes, resultOf, withClaims } from './ear-results.js'

const OPTIONS: EarOptions = {
  profile: 'ietf-04',
  verifierBuild: 'assay 0.1.0',
  issuedAt: new Date(AT.getTime() + 1999),
}

const SECONDS = AT.getTime() / 1000

interface Submodule {
  readonly [name: string]: unknown
}

function submodule(claims: EarClaims): Submodule {
  const submods = claims.submods as { readonly [label: string]: Submodule }
  return submods.cpu0 as Submodule
}

t.test('ear: the claims of the draft', async (t) => {
  const result = resultOf()
  const claims = earClaims(result, {
    ...OPTIONS,
    expiresAt: new Date(AT.getTime() + 300_500),
    nonce: Uint8Array.of(0xfb, 0xff, 0, 1, 2, 3, 4, 5),
  })
  const { submods, ...whole } = claims
  t.same(whole, {
    eat_profile: 'tag:ietf.org,2026:rats/ear#04',
    iat: SECONDS + 1,
    exp: SECONDS + 300,
    eat_nonce: '-_8AAQIDBAU',
    ear_verifier_id: { developer: 'assay', build: 'assay 0.1.0' },
    ear_status: 'affirming',
  })
  t.same(Object.keys(submods as object), ['cpu0'])
  t.same(submodule(claims), {
    ear_status: 'affirming',
    ear_trustworthiness_vector: {
      'instance-identity': 2,
      configuration: 2,
      executables: 3,
      'file-system': 0,
      hardware: 2,
      'runtime-opaque': 2,
      'storage-opaque': 0,
      'sourced-data': 0,
    },
    ear_appraisal_policy_ids: [policyId(result.policy)],
    ear_attester_claims: {
      tee: 'snp',
      claims: result.claims.snp?.report,
      report_data: '0d'.repeat(64),
      init_data: 'a5'.repeat(32),
    },
    ear_verifier_claims: {
      assay: {
        result: 'verified',
        evaluatedAt: AT.toISOString(),
        findings: result.findings,
        policy: result.policy,
        endorsementKey: null,
        root: result.claims.snp?.root,
        crls: [],
        binding: result.claims.binding,
      },
    },
  })
})

t.test('ear: the same under the names before the draft', async (t) => {
  const result = resultOf()
  const draft = submodule(earClaims(result, OPTIONS))
  const claims = earClaims(result, { ...OPTIONS, profile: 'veraison-2023' })
  const { submods: _, ...whole } = claims
  t.same(whole, {
    eat_profile: 'tag:github.com,2023:veraison/ear',
    iat: SECONDS + 1,
    'ear.verifier-id': { developer: 'assay', build: 'assay 0.1.0' },
  })
  t.same(submodule(claims), {
    'ear.status': 'affirming',
    'ear.trustworthiness-vector': draft.ear_trustworthiness_vector,
    'ear.appraisal-policy-id': policyId(result.policy),
    'ear.veraison.annotated-evidence': {
      snp: result.claims.snp?.report,
      report_data: '0d'.repeat(64),
      init_data: 'a5'.repeat(32),
    },
    'ear.veraison.policy-claims': draft.ear_verifier_claims,
  })
})

t.test('ear: status of every verdict, in both places', async (t) => {
  const statuses: [Outcomes, string][] = [
    [{}, 'affirming'],
    [{ 'snp.measurement': 'any' }, 'warning'],
    [{ 'snp.revocation': 'unknown' }, 'none'],
    [{ 'snp.signature': 'fail' }, 'contraindicated'],
  ]
  for (const [outcomes, status] of statuses) {
    const result = resultOf(outcomes)
    const claims = earClaims(result, OPTIONS)
    t.equal(claims.ear_status, status)
    t.equal(submodule(claims).ear_status, status)
    const old = earClaims(result, { ...OPTIONS, profile: 'veraison-2023' })
    t.equal(submodule(old)['ear.status'], status)
  }
})

t.test('ear: evidence that could not be read claims nothing', async (t) => {
  const result = resultOf({ 'snp.report': 'fail' })
  const { snp } = result.claims
  for (const claims of [{ snp: { ...snp, report: null } }, { snp: null }]) {
    const unread = withClaims(result, claims)
    t.notOk('ear_attester_claims' in submodule(earClaims(unread, OPTIONS)))
    const old = earClaims(unread, { ...OPTIONS, profile: 'veraison-2023' })
    t.notOk('ear.veraison.annotated-evidence' in submodule(old))
  }
})

t.test('ear: the nonce of the evidence, once it was found there', async (t) => {
  const result = resultOf()
  const bound = withClaims(result, { binding: { ...result.claims.binding, nonce: 'fbff00' } })
  t.equal(submodule(earClaims(bound, OPTIONS)).eat_nonce, '-_8A')
  t.notOk('eat_nonce' in submodule(earClaims(result, OPTIONS)))
})

t.test('ear: CRLs by number and date, not by their serials', async (t) => {
  const result = resultOf()
  const dates = { number: 7, thisUpdate: 'then', nextUpdate: 'later' }
  const crls = [{ ...dates, revoked: ['01', '02'] }]
  const given = withClaims(result, { snp: { ...result.claims.snp, crls } })
  const claims = earClaims(given, OPTIONS)
  const { assay } = submodule(claims).ear_verifier_claims as { assay: { crls: unknown } }
  t.same(assay.crls, [dates])
})

t.test('ear: as a document', async (t) => {
  const claims = earClaims(resultOf(), OPTIONS)
  t.same(JSON.parse(encodeEar(claims)), claims)
})

t.test('ear: shares nothing with the result', async (t) => {
  const result = resultOf()
  const before = JSON.stringify(result)
  const claims = earClaims(result, OPTIONS)
  const { assay } = submodule(claims).ear_verifier_claims as {
    assay: { findings: { detail: string }[] }
  }
  for (const finding of assay.findings) finding.detail = 'changed'
  t.equal(JSON.stringify(result), before)
})

t.test('ear: is of now', async (t) => {
  const result = resultOf()
  const at = (ms: number) => ({ ...OPTIONS, issuedAt: new Date(AT.getTime() + ms) })
  t.ok(earClaims(result, at(0)))
  t.ok(earClaims(result, at(300_000)))
  throwsCode(t, () => earClaims(result, at(300_001)), 'ERR_ARGUMENT')
  throwsCode(t, () => earClaims(result, at(-1)), 'ERR_ARGUMENT')
})
