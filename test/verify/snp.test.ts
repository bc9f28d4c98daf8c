// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { POLICY_DEBUG_BIT } from '../../assembly/snp/bits.js'
import { MEASUREMENT_AT, SIGNATURE_S_AT, SIGNATURE_S_LEN } from '../../assembly/snp/layout.js'
import type { Product } from '../../src/core/snp.js'
import { AttestationError } from '../../src/errors.js'
import {
  AppraisalError,
  authenticity,
  parsePolicy,
  SNP_CHECKS,
  verify,
} from '../../src/verify/index.js'
import { checkAppraisal } from '../../src/verify/options.js'
import { appraiseSnp } from '../../src/verify/snp.js'
import { AT, foreignKeys, mintAmd, pem } from '../fake/amd.js'
import { changed, codeOf } from '../helpers.js'
import {
  appraise,
  checks,
  complaints,
  type Given,
  request,
  type SnpResult,
  withoutKey,
  withoutReport,
} from './appraise.js'

const PRODUCTS: readonly Product[] = ['Milan', 'Genoa', 'Turin']
const KINDS = ['vcek', 'vlek'] as const
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const text = (value: string) => new Uint8Array(new TextEncoder().encode(value))

t.test('appraisal: every product, kind and version verifies', async (t) => {
  for (const product of PRODUCTS) {
    for (const kind of KINDS) {
      const amd = await mintAmd({ product, kind })
      for (const version of [2, 3, 4, 5]) {
        const result = await appraise(amd, { report: await amd.report({ version }) })
        t.same(complaints(result), {}, `${product} ${kind} version ${version}`)
        t.equal(result.result, 'verified')
        t.match(result.claims.snp, {
          report: { version, signingKey: kind, vmpl: 0, policy: '0x0000000000030000' },
          endorsementKey: { kind, product, serial: '00', notBefore: '2026-01-01T00:00:00.000Z' },
          root: { origin: 'caller' },
          crls: [],
        })
      }
    }
  }
})

t.test('appraisal: findings in one order, and the policy with every any', async (t) => {
  const amd = await mintAmd()
  const result = await appraise(amd, {
    reportData: new Uint8Array(64),
    challenge: { nonce: new Uint8Array(64), channelSpki: null },
    endorsements: [...amd.chain, await amd.crl()],
  })
  const always = SNP_CHECKS.filter((check) => check !== 'snp.csp')
  t.same(checks(result), [
    ...always,
    'snp.tcb-order',
    'snp.report-data',
    'snp.debug',
    'binding.nonce',
  ])
  t.equal(result.evaluatedAt, AT.toISOString())
  t.equal(result.policy.name, 'authenticity')
  t.match(result.policy.snp, { debug: 'forbid', reportData: '00'.repeat(64), vmpl: 'any' })
  t.equal(result.policy.binding.nonce, 'require', 'what is judged does not say any')
  t.match((await appraise(amd)).policy, { snp: { reportData: 'any' }, binding: { nonce: 'any' } })
  t.same(JSON.parse(JSON.stringify(result)), result, 'JSON as it stands')
})

t.test('appraisal: verify returns the claims, or throws what stands in the way', async (t) => {
  const amd = await mintAmd()
  const given = { report: await amd.report(), endorsements: amd.chain, roots: [amd.ark] }
  t.match(await verify(request(given)), { snp: { root: { origin: 'caller' } } })
  const refusal = async (change: Partial<Given>): Promise<AppraisalError> => {
    const error = await verify(request({ ...given, ...change })).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error instanceof AppraisalError) return error
    throw new Error('nothing was refused')
  }
  const missing = await refusal({ endorsements: [] })
  t.equal(missing.code, 'ERR_ENDORSEMENT_MISSING')
  t.equal(missing.result.result, 'undecided')
  t.match(missing.message, /^snp\.chain: /)
  const worse = await refusal({ endorsements: [], reportData: new Uint8Array(64).fill(1) })
  t.equal(worse.code, 'ERR_POLICY_REPORT_DATA', 'a fail before what is unknown')
  t.ok(worse instanceof AttestationError && worse.result.findings.length > 10)
})

t.test('appraisal: a policy without a section on SNP refuses all of it', async (t) => {
  const { snp: _, ...rest } = authenticity()
  const { gpus: __, ...nothing } = rest
  const amd = await mintAmd()
  t.equal(
    codeOf(() => parsePolicy(nothing)),
    'ERR_POLICY_DOCUMENT',
    'and is no policy alone',
  )
  const asked = checkAppraisal(
    request({ report: await amd.report(), endorsements: amd.chain, roots: [amd.ark] }),
  )
  const { findings } = await appraiseSnp({ ...asked, policy: rest })
  t.match(
    findings.filter(({ outcome }) => outcome !== 'pass'),
    [{ check: 'snp', outcome: 'fail', code: 'ERR_POLICY_TEE' }],
  )
})

t.test('appraisal: endorsements in any form and order', async (t) => {
  const amd = await mintAmd()
  const [vek, authority, ark] = amd.chain.map((der) => pem(der)) as [string, string, string]
  const crl = pem(await amd.crl(), 'X509 CRL')
  for (const endorsements of [
    [text(ark + vek + crl + authority)],
    [text(crl), amd.ark, text(authority), amd.vek],
    [text(`${vek}some words\n${authority}`)],
  ]) {
    t.same(complaints(await appraise(amd, { endorsements })), {})
  }
})

t.test('appraisal: without its key nothing is decided', async (t) => {
  const amd = await mintAmd()
  const none = await appraise(amd, { endorsements: [] })
  t.equal(none.result, 'undecided')
  t.same(complaints(none), withoutKey('ERR_ENDORSEMENT_MISSING'))
  t.notOk(checks(none).includes('snp.endorsements'))
  t.match(none.claims.snp, { endorsementKey: null, root: null, report: { version: 5 } })
  const vlek = await mintAmd({ kind: 'vlek' })
  const noVlek = await appraise(vlek, { endorsements: [vlek.ark] })
  t.same(complaints(noVlek), withoutKey('ERR_ENDORSEMENT_MISSING', 'snp.csp'))
  const garbled = await appraise(amd, { endorsements: [amd.vek.slice(1)] })
  t.equal(garbled.result, 'rejected')
  t.same(complaints(garbled), {
    'snp.endorsements': 'fail ERR_CERTIFICATE_FORMAT',
    ...withoutKey('ERR_CERTIFICATE_FORMAT'),
  })
})

t.test('appraisal: an unreadable report leaves the chain to be judged', async (t) => {
  const amd = await mintAmd()
  const report = await amd.report()
  const cases: [Uint8Array, string][] = [
    [report.slice(1), 'ERR_SNP_LENGTH'],
    [new Uint8Array(10_000_000), 'ERR_EVIDENCE_SIZE'],
    [await amd.report({ version: 6 }), 'ERR_SNP_VERSION'],
    [await amd.report({ vmpl: 4 }), 'ERR_SNP_VMPL'],
  ]
  for (const [bad, code] of cases) {
    const result = await appraise(amd, { report: bad })
    t.same(complaints(result), withoutReport(code), code)
    t.equal(result.claims.snp.report, null)
  }
  const expecting = await appraise(amd, { report: report.slice(1), reportData: new Uint8Array(64) })
  t.match(complaints(expecting), { 'snp.report-data': 'unknown ERR_SNP_LENGTH' })
  const vlek = await mintAmd({ kind: 'vlek' })
  const ofVlek = await appraise(vlek, { report: report.slice(1) })
  t.same(complaints(ofVlek), withoutReport('ERR_SNP_LENGTH', 'snp.csp'))
  const neither = await appraise(amd, { report: report.slice(1), endorsements: [] })
  t.same(complaints(neither), {
    ...withoutKey('ERR_ENDORSEMENT_MISSING'),
    ...withoutReport('ERR_SNP_LENGTH'),
  })
})

/** The order n of P-384 (FIPS 186-4, D.1.2.4), little-endian arithmetic aside. */
const N =
  0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n

t.test('signature: over the report, by the key of the certificate, with either S', async (t) => {
  const amd = await mintAmd()
  const report = await amd.report()
  const expected = { 'snp.signature': 'fail ERR_SNP_SIGNATURE' }
  const tampered = changed(report, (copy) => copy.fill(0, MEASUREMENT_AT, MEASUREMENT_AT + 1))
  t.same(complaints(await appraise(amd, { report: tampered })), expected, 'another measurement')
  const other = await mintAmd({ keys: { vek: (await foreignKeys()).vek } })
  t.same(complaints(await appraise(other, { report })), expected, 'another key')
  const mirrored = changed(report, (copy) => {
    const s = copy.subarray(SIGNATURE_S_AT, SIGNATURE_S_AT + SIGNATURE_S_LEN)
    const value = BigInt(`0x${Buffer.from(s.slice().reverse()).toString('hex')}`)
    s.set(bytes((N - value).toString(16).padStart(96, '0')).reverse())
  })
  t.same(complaints(await appraise(amd, { report: mirrored })), {}, 'n - S')
})

t.test('signature: under the key that the parser finds, whatever looks like one', async (t) => {
  const { vek } = await foreignKeys()
  const foreign = await crypto.subtle.exportKey('spki', vek.publicKey)
  const amd = await mintAmd({
    vek: (tbs) => {
      // As much of a key as a serial number has room for: its algorithm.
      tbs.serialNumber = foreign.slice(2, 20)
    },
  })
  t.same(complaints(await appraise(amd)), {}, 'a key in the serial number')
  const report = await mintAmd({ keys: { vek } }).then((other) => other.report())
  t.same(complaints(await appraise(amd, { report })), { 'snp.signature': 'fail ERR_SNP_SIGNATURE' })
})

t.test('debug: a guest that its host may debug is refused', async (t) => {
  const policy = 0x30000n | (1n << BigInt(POLICY_DEBUG_BIT))
  const amd = await mintAmd()
  const result = await appraise(amd, { report: await amd.report({ policy }) })
  t.same(complaints(result), { 'snp.debug': 'fail ERR_POLICY_DEBUG' })
})

t.test('report-data: not that of a guest when the host asked for the report', async (t) => {
  const amd = await mintAmd()
  const zero = new Uint8Array(64)
  for (const [vmpl, found] of [
    [3, {}],
    [0xffffffff, { 'snp.report-data': 'fail ERR_POLICY_REPORT_DATA' }],
  ] as const) {
    const report = await amd.report({ vmpl, reportData: zero })
    t.same(complaints(await appraise(amd, { report, reportData: zero })), found, `VMPL ${vmpl}`)
  }
})

t.test('report-data: judged when a value is expected', async (t) => {
  const amd = await mintAmd()
  const reportData = Uint8Array.from({ length: 64 }, (_, at) => at)
  const report = await amd.report({ reportData })
  t.same(complaints(await appraise(amd, { report, reportData })), {})
  const failing = { 'snp.report-data': 'fail ERR_POLICY_REPORT_DATA' }
  for (const at of [0, 31, 63]) {
    const other = changed(reportData, (copy) => copy.fill(0xff, at, at + 1))
    t.same(complaints(await appraise(amd, { report, reportData: other })), failing, `byte ${at}`)
  }
})

t.test('choice: the key that fits the report, wherever it stands', async (t) => {
  const amd = await mintAmd()
  const other = { fmc: null, bootLoader: 3, tee: 0, snp: 8, microcode: 115 }
  const older = await mintAmd({ tcb: other, chipId: new Uint8Array(64).fill(7) })
  const vlek = await mintAmd({ kind: 'vlek' })
  const expired = await mintAmd({ notBefore: new Date('2018-01-01T00:00:00Z') })
  const strangers = [older.vek, vlek.vek, vlek.authority, expired.vek]
  const chosen = (result: SnpResult) => result.claims.snp.endorsementKey
  for (const endorsements of [
    [...strangers, ...amd.chain],
    [...amd.chain, ...strangers],
  ]) {
    const result = await appraise(amd, { endorsements })
    t.same(complaints(result), {})
    t.match(chosen(result), { kind: 'vcek', tcb: { snp: 0x18 }, notAfter: /^2033/ })
  }
  const endorsements = [...strangers, ...amd.chain]
  const kinds = await appraise(amd, { endorsements: [vlek.vek, vlek.authority, older.vek] })
  t.match(chosen(kinds), { kind: 'vcek' }, 'the right kind before all else')
  const report = await amd.report()
  const unreadable = await appraise(amd, { endorsements, report: report.slice(1) })
  t.match(chosen(unreadable), { kind: 'vcek', tcb: other }, 'the first one without a report')
})

t.test('limits: more certificates than a chain can need are not read', async (t) => {
  const amd = await mintAmd()
  const many = Array.from({ length: 62 }, () => amd.ark)
  t.same(complaints(await appraise(amd, { endorsements: [amd.vek, amd.authority, ...many] })), {})
  const over = await appraise(amd, { endorsements: [...amd.chain, ...many] })
  t.same(complaints(over), { 'snp.endorsements': 'fail ERR_CERTIFICATE_FORMAT' })
})
