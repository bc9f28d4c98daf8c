// SPDX-License-Identifier: Apache-2.0

import { id_ce_keyUsage } from '@peculiar/asn1-x509'
import t from 'tap'
import { authenticity } from '../../src/verify/policy.js'
import { checkRevocation } from '../../src/verify/revocation.js'
import { PINNED } from '../../src/verify/roots.js'
import { readVek, type Vek } from '../../src/verify/vek.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { AT, foreignKeys, mintAmd, setExtension } from '../fake/amd.js'
import { appraise, checks, complaints, withoutKey, withSnp } from './appraise.js'

const ASK = 0x010001
const ARK = 0x010000
const PAST = new Date('2026-02-01T00:00:00Z')
const FUTURE = new Date('2026-12-01T00:00:00Z')
const revocation = (outcome: string) => ({ 'snp.revocation': outcome })

t.test('revocation: is judged when a CRL is presented, and only then', async (t) => {
  const amd = await mintAmd()
  t.notOk(checks(await appraise(amd)).includes('snp.revocation'))
  const result = await appraise(amd, { endorsements: [...amd.chain, await amd.crl()] })
  t.same(complaints(result), {})
  t.ok(checks(result).includes('snp.revocation'))
  t.match(result.claims.snp.crls, [{ number: 7, revoked: [] }])
})

t.test('revocation: content and time of the CRL', async (t) => {
  const amd = await mintAmd()
  const revoked = revocation('fail ERR_CERTIFICATE_REVOKED')
  const stale = revocation('unknown ERR_CRL_STALE')
  const crl = amd.crl
  const cases: Record<string, [Promise<Uint8Array>[], Record<string, string>]> = {
    'another serial': [[crl({ revoked: [0x010002, 0] })], {}],
    'the intermediate': [[crl({ revoked: [7, ASK] })], revoked],
    'the root': [[crl({ revoked: [ARK] })], revoked],
    'the intermediate, long ago': [[crl({ revoked: [ASK], nextUpdate: PAST })], revoked],
    stale: [[crl({ nextUpdate: PAST })], stale],
    'not yet issued': [[crl({ thisUpdate: FUTURE })], stale],
    'on its last day': [[crl({ nextUpdate: AT })], {}],
    'on its first day': [[crl({ thisUpdate: AT })], {}],
    'an old one and a new one': [[crl({ nextUpdate: PAST }), crl()], {}],
    'an old one that knew': [[crl(), crl({ revoked: [ASK], nextUpdate: PAST })], revoked],
  }
  for (const [what, [crls, expected]] of Object.entries(cases)) {
    const endorsements = [...amd.chain, ...(await Promise.all(crls))]
    t.same(complaints(await appraise(amd, { endorsements })), expected, what)
  }
})

t.test('revocation: a CRL must be the root’s own', async (t) => {
  const amd = await mintAmd()
  const foreign = await mintAmd({ keys: await foreignKeys() })
  const genoa = await mintAmd({ product: 'Genoa' })
  const forged = await appraise(amd, { endorsements: [...amd.chain, await foreign.crl()] })
  t.same(complaints(forged), revocation('fail ERR_CRL'), 'foreign signature')
  const mute = await mintAmd({
    ark: (tbs) => setExtension(tbs, id_ce_keyUsage, Uint8Array.of(3, 2, 2, 4)),
  })
  const unable = await appraise(mute, { endorsements: [...mute.chain, await mute.crl()] })
  t.same(complaints(unable), revocation('fail ERR_CRL'), 'a root that may not sign CRLs')
  const endorsements = [...amd.chain, await genoa.crl()]
  const missing = revocation('unknown ERR_ENDORSEMENT_MISSING')
  const other = await appraise(amd, { endorsements, roots: [amd.ark, genoa.ark] })
  t.same(complaints(other), missing, 'of another root that is trusted')
  t.same(
    complaints(await appraise(amd, { endorsements })),
    { ...missing, 'snp.endorsements': 'fail ERR_CRL' },
    'of another root that is not',
  )
})

t.test('revocation: stays open without a chain to judge', async (t) => {
  const amd = await mintAmd()
  const alone = await appraise(amd, { endorsements: [await amd.crl()] })
  t.same(complaints(alone), {
    ...withoutKey('ERR_ENDORSEMENT_MISSING'),
    ...revocation('unknown ERR_ENDORSEMENT_MISSING'),
  })
  const unsigned = await mintAmd({ signers: { vek: (await foreignKeys()).authority.privateKey } })
  const broken = await appraise(unsigned, { endorsements: [...unsigned.chain, await amd.crl()] })
  t.match(complaints(broken), revocation('unknown ERR_CERTIFICATE_SIGNATURE'))
})

t.test('revocation: the first SEV-Genoa is refused without any CRL', async (t) => {
  const vek = readVek(parseCertificate((await mintAmd({ product: 'Genoa' })).vek)) as Vek
  const genoa = PINNED.filter(({ subject }) => subject.endsWith('CN=SEV-Genoa'))
  const root = PINNED.find(({ subject }) => subject.endsWith('CN=ARK-Genoa')) ?? null
  const judge = (authority: (typeof PINNED)[number]) =>
    checkRevocation(
      {
        vek,
        path: { vek: vek.certificate, authority, root, anchor: 'vendor', problem: null },
      },
      [],
      { at: AT, policy: authenticity() },
      [],
    )
  const [current, first] = genoa
  t.equal(current && (await judge(current)), null)
  t.match(first && (await judge(first)), { outcome: 'fail', code: 'ERR_CERTIFICATE_REVOKED' })
})

t.test(
  'revocation: a policy that asks for it gets a list of its age, or nothing is decided',
  async (t) => {
    const amd = await mintAmd()
    const judge = async (maximumAgeDays: number, crls: Uint8Array[]) =>
      complaints(
        await appraise(amd, {
          endorsements: [...amd.chain, ...crls],
          policy: withSnp(authenticity(), { revocation: { maximumAgeDays } }),
        }),
      )
    const crl = await amd.crl()
    t.same(await judge(182, [crl]), {})
    t.same(await judge(181, [crl]), revocation('unknown ERR_CRL_STALE'), 'half a day too old')
    t.same(await judge(182, []), revocation('unknown ERR_ENDORSEMENT_MISSING'))
    const policy = withSnp(authenticity(), { revocation: { maximumAgeDays: 182 } })
    const keyless = await appraise(amd, { endorsements: [], policy })
    t.match(complaints(keyless), revocation('unknown ERR_ENDORSEMENT_MISSING'))
  },
)

t.test(
  'revocation: an endorsement key by its serial, unless that is the zero of them all',
  async (t) => {
    const numbered = await mintAmd({
      kind: 'vlek',
      vek: (tbs) => {
        tbs.serialNumber = Uint8Array.of(0x77).buffer
      },
    })
    const judge = async (amd: typeof numbered, revoked: number[]) =>
      complaints(await appraise(amd, { endorsements: [...amd.chain, await amd.crl({ revoked })] }))
    t.same(await judge(numbered, [0x77]), revocation('fail ERR_CERTIFICATE_REVOKED'))
    t.same(await judge(numbered, [0x78]), {})
    t.same(await judge(await mintAmd(), [0]), {}, 'every VCEK has that one')
  },
)
