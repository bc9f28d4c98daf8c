// SPDX-License-Identifier: Apache-2.0

import { id_ce_basicConstraints, id_ce_keyUsage, type TBSCertificate } from '@peculiar/asn1-x509'
import t from 'tap'
import { PSS_SHA_384, vendorName } from '../../src/simulate/x509.js'
import { type Amd, foreignKeys, type Knobs, mintAmd, setExtension } from '../fake/amd.js'
import { appraise, complaints } from './appraise.js'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const CA_ANY = '30030101ff'
const CA_ONE_BELOW = '30060101ff020101'
const CA_NONE_BELOW = '30060101ff020100'
const NO_CA = '3000'
const CRL_SIGN = '03020102'

const basic = (value: string | null) => (tbs: TBSCertificate) =>
  setExtension(tbs, id_ce_basicConstraints, value === null ? null : hex(value))
const usage = (value: string | null) => (tbs: TBSCertificate) =>
  setExtension(tbs, id_ce_keyUsage, value === null ? null : hex(value))
const issuer = (commonName: string) => (tbs: TBSCertificate) => {
  tbs.issuer = vendorName(commonName)
}
const subject = (commonName: string) => (tbs: TBSCertificate) => {
  tbs.subject = vendorName(commonName)
}

const CHAIN = { 'snp.chain': 'fail ERR_CERTIFICATE_CHAIN' }
const UNSIGNED = {
  'snp.chain': 'fail ERR_CERTIFICATE_SIGNATURE',
  'snp.root': 'unknown ERR_CERTIFICATE_SIGNATURE',
}
const UNTRUSTED = { 'snp.root': 'fail ERR_CERTIFICATE_ROOT' }

t.test('chain: a root that nobody trusts is refused, however consistent', async (t) => {
  const foreign = await mintAmd({ keys: await foreignKeys() })
  const ours = await mintAmd()
  t.same(complaints(await appraise(foreign, { roots: [] })), UNTRUSTED, 'foreign chain')
  t.same(complaints(await appraise(foreign, { roots: [ours.ark] })), UNTRUSTED, 'another root')
  const result = await appraise(foreign, { roots: [] })
  t.equal(result.result, 'rejected')
  t.equal(result.claims.snp.root?.origin, 'none')
  const genoa = await mintAmd({ product: 'Genoa' })
  t.same(complaints(await appraise(foreign, { roots: [genoa.ark] })), UNTRUSTED, 'generation')
})

t.test('chain: the caller may trust a root, and the result says so', async (t) => {
  const amd = await mintAmd()
  const result = await appraise(amd, { endorsements: [amd.vek, amd.authority] })
  t.same(complaints(result), {}, 'the root need not be presented')
  t.equal(result.claims.snp.root?.origin, 'caller')
  const root = result.findings.find(({ check }) => check === 'snp.root')
  t.match(root?.detail, /NOT one of AMD/)
})

t.test('chain: somebody else’s signature', async (t) => {
  const { ark, authority } = await foreignKeys()
  const cases: Record<string, [Knobs, Record<string, string>]> = {
    'on the endorsement key': [{ signers: { vek: authority.privateKey } }, UNSIGNED],
    'on the intermediate': [{ signers: { authority: ark.privateKey } }, UNSIGNED],
    'on the root': [
      { signers: { ark: ark.privateKey } },
      { 'snp.chain': 'fail ERR_CERTIFICATE_SIGNATURE' },
    ],
  }
  for (const [what, [knobs, expected]] of Object.entries(cases)) {
    t.same(complaints(await appraise(await mintAmd(knobs))), expected, what)
  }
})

t.test('chain: a forged intermediate under a real name', async (t) => {
  const ours = await mintAmd()
  const keys = await foreignKeys()
  const forged = await mintAmd({
    keys: { authority: keys.authority, vek: keys.vek },
    signers: { authority: keys.ark.privateKey },
  })
  const endorsements = [forged.vek, forged.authority, ours.ark]
  t.same(complaints(await appraise(forged, { endorsements, roots: [ours.ark] })), UNSIGNED)
})

t.test('chain: without its intermediate nothing leads to a root', async (t) => {
  const amd = await mintAmd()
  t.same(complaints(await appraise(amd, { endorsements: [amd.vek, amd.ark] })), UNSIGNED)
})

t.test('chain: a signature algorithm of one’s own', async (t) => {
  const amd = await mintAmd({
    vek: (tbs) => {
      tbs.signature = Object.assign(Object.create(Object.getPrototypeOf(PSS_SHA_384)), {
        algorithm: PSS_SHA_384.algorithm,
      })
    },
  })
  t.same(complaints(await appraise(amd)), UNSIGNED)
})

t.test('chain: names, kinds and permissions of the intermediate and the root', async (t) => {
  const noRoot = { ...CHAIN, 'snp.root': 'unknown ERR_CERTIFICATE_CHAIN' }
  const cases: Record<string, [Knobs, Record<string, string>]> = {
    'an intermediate that is no CA': [{ authority: basic(NO_CA) }, CHAIN],
    'an intermediate without basicConstraints': [{ authority: basic(null) }, CHAIN],
    'an intermediate that may only sign CRLs': [{ authority: usage(CRL_SIGN) }, CHAIN],
    'an intermediate that does not say what it may': [{ authority: usage(null) }, {}],
    'an intermediate under another product': [{ authority: issuer('ARK-Genoa') }, noRoot],
    'a root that is no CA': [{ ark: basic(NO_CA) }, CHAIN],
    'a root that may only sign CRLs': [{ ark: usage(CRL_SIGN) }, CHAIN],
    'a root that does not say what it may': [{ ark: usage(null) }, {}],
    'a root without a limit': [{ ark: basic(CA_ANY) }, {}],
    'a root with one level below': [{ ark: basic(CA_ONE_BELOW) }, {}],
    'a root with no level below': [{ ark: basic(CA_NONE_BELOW) }, CHAIN],
    'a root that somebody else issued': [{ ark: issuer('ARK-Genoa') }, CHAIN],
  }
  for (const [what, [knobs, expected]] of Object.entries(cases)) {
    t.same(complaints(await appraise(await mintAmd(knobs))), expected, what)
  }
})

t.test('chain: names, kind and key of the endorsement key', async (t) => {
  const { ark } = await foreignKeys()
  const plain = await mintAmd()
  const report = await plain.report()
  const kind = { 'snp.vek': 'fail ERR_SNP_VEK_KIND', 'snp.csp': 'fail ERR_SNP_CSP_ID' }
  const cases: Record<string, [Knobs, Record<string, string>]> = {
    'a CA': [{ vek: basic(CA_ANY) }, CHAIN],
    'the other kind of key': [{ vek: subject('SEV-VLEK') }, { ...CHAIN, ...kind }],
    'an RSA key': [{ keys: { vek: ark } }, { ...CHAIN, 'snp.signature': 'fail ERR_SNP_SIGNATURE' }],
  }
  for (const [what, [knobs, expected]] of Object.entries(cases)) {
    t.same(complaints(await appraise(await mintAmd(knobs), { report })), expected, what)
  }
})

t.test('chain: an issuer that is no intermediate of AMD', async (t) => {
  const code = 'unknown ERR_CERTIFICATE_CHAIN'
  const expected = {
    ...CHAIN,
    'snp.vek': code,
    'snp.root': code,
    'snp.product': code,
    'snp.tcb': code,
    'snp.chip': code,
  }
  const { keys, report } = await mintAmd()
  const somebody = await mintAmd({ vek: issuer('Somebody') })
  t.same(complaints(await appraise(somebody)), expected, 'a stranger')
  const result = await appraise(somebody)
  t.equal(result.claims.snp.endorsementKey?.product, null)
  const direct = await mintAmd({
    vek: issuer('ARK-Milan'),
    signers: { vek: keys.ark.privateKey },
  })
  const byRoot = await appraise(direct, {
    report: await report(),
    endorsements: [direct.vek, direct.ark],
  })
  const { 'snp.root': _, ...rooted } = expected
  t.same(complaints(byRoot), rooted, 'the root itself')
})

t.test('presented: what nothing depends on must be genuine all the same', async (t) => {
  const amd = await mintAmd()
  const foreign = await mintAmd({ keys: await foreignKeys() })
  const older = await mintAmd({ tcb: { fmc: null, bootLoader: 3, tee: 0, snp: 8, microcode: 115 } })
  const vlek = await mintAmd({ kind: 'vlek' })
  const flipped = amd.ark.slice()
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1
  const cases: Record<string, [Uint8Array[], string | null]> = {
    'an older VCEK': [[older.vek], null],
    'a VLEK with its ASVK': [[vlek.vek, vlek.authority], null],
    'everything twice': [amd.chain, null],
    'a foreign VCEK': [[foreign.vek], 'ERR_CERTIFICATE_SIGNATURE'],
    'a foreign chain': [foreign.chain, 'ERR_CERTIFICATE_ROOT'],
    'a foreign root': [[foreign.ark], 'ERR_CERTIFICATE_ROOT'],
    'a foreign intermediate': [[foreign.authority], 'ERR_CERTIFICATE_SIGNATURE'],
    'the root with another signature': [[flipped], 'ERR_CERTIFICATE_SIGNATURE'],
    'no certificate': [[Uint8Array.of(1, 2, 3)], 'ERR_CERTIFICATE_FORMAT'],
    'other DER': [[hex('3082000430020200')], 'ERR_CERTIFICATE_FORMAT'],
  }
  for (const [what, [extra, code]] of Object.entries(cases)) {
    const result = await appraise(amd, { endorsements: [...amd.chain, ...extra] })
    t.same(complaints(result), code ? { 'snp.endorsements': `fail ${code}` } : {}, what)
  }
})

t.test('validity: of each certificate, at the time asked', async (t) => {
  const at = (time: string) => ({ at: new Date(time) })
  const amd: Amd = await mintAmd()
  const invalid = { 'snp.validity': 'fail ERR_CERTIFICATE_VALIDITY' }
  const cases: [string, Record<string, string>][] = [
    ['2025-12-31T23:59:59Z', invalid],
    ['2026-01-01T00:00:00Z', {}],
    ['2033-01-01T00:00:00Z', {}],
    ['2033-01-01T00:00:01Z', invalid],
  ]
  for (const [time, expected] of cases) {
    t.same(complaints(await appraise(amd, at(time))), expected, time)
  }
  const late = (tbs: TBSCertificate) => {
    tbs.validity.notBefore.utcTime = new Date('2027-01-01T00:00:00Z')
  }
  for (const which of ['ark', 'authority'] as const) {
    const minted = await mintAmd({ [which]: late })
    t.same(complaints(await appraise(minted)), invalid, `${which} not yet valid`)
  }
})
