// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseSnpReport } from '../../src/core/snp.js'
import { AttestationError } from '../../src/errors.js'
import { vendorName } from '../../src/simulate/x509.js'
import { endorsementsFor } from '../../src/verify/endorsements-for.js'
import type { SnpEndorser } from '../../src/verify/endorser.js'
import { type Amd, mintAmd, pem } from '../fake/amd.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { hex, rejectsCode } from '../helpers.js'
import { skip, vectorBytes } from '../vectors.js'
import { world } from './kds-world.js'

const absent = (what: string) => async (): Promise<never> => {
  throw new AttestationError('ERR_ENDORSER_NOT_FOUND', what)
}
/** An endorser that has nothing. */
const NOBODY: SnpEndorser = { vcek: absent('vcek'), chain: absent('chain'), crl: absent('crl') }

const reportOf = async (amd: Amd) => parseSnpReport(await amd.report())
const all = (objects: readonly Uint8Array[]) => objects.map(hex)

t.test('endorsementsFor: everything there is', async (t) => {
  const { amd, client, kds } = await world()
  const crl = await amd.crl()
  kds.setCrl('Milan', 'vcek', crl)
  const found = await endorsementsFor(await reportOf(amd), [], client())
  t.same(all(found), all([...amd.chain, crl]))
})

t.test('endorsementsFor: nothing that is carried, in whatever form', async (t) => {
  const { amd, client, kds } = await world()
  const report = await reportOf(amd)
  const { vek, authority, ark } = amd
  const crl = await amd.crl()
  kds.setCrl('Milan', 'vcek', crl)
  const table = mintCertTable([[GUIDS.vcek, vek]])
  const chain = new TextEncoder().encode(pem(authority) + pem(ark))
  t.same(all(await endorsementsFor(report, [table, chain], client())), all([crl]))
  t.same(await endorsementsFor(report, [table, chain, crl], client()), [])
  t.notOk(
    kds.requests.some((path) => path.includes('?')),
    'the VCEK is not asked for',
  )
  const newer = await amd.crl({ number: 8 })
  kds.setCrl('Milan', 'vcek', newer)
  const fresh = client({ crlReuseMs: 0 })
  t.same(all(await endorsementsFor(report, [table, chain, crl], fresh)), all([newer]))
})

t.test('endorsementsFor: what cannot be fetched must be carried', async (t) => {
  const amd = await mintAmd()
  const report = await reportOf(amd)
  const { vek, authority, ark } = amd
  const crl = await amd.crl()
  const whole = [vek, authority, ark, crl]
  t.same(await endorsementsFor(report, whole, NOBODY), [])
  for (const [lacking, what] of [
    [vek, 'vcek'],
    [authority, 'chain'],
    [ark, 'chain'],
    [crl, 'crl'],
  ] as const) {
    const carried = whole.filter((one) => one !== lacking)
    const call = endorsementsFor(report, carried, NOBODY)
    const error = await rejectsCode(t, call, 'ERR_ENDORSER_NOT_FOUND', what)
    t.equal(error?.message, what)
  }
  const { vek: another } = await mintAmd({ chipId: new Uint8Array(64).fill(0xc2) })
  const stranger = endorsementsFor(report, [another, authority, ark, crl], NOBODY)
  await rejectsCode(t, stranger, 'ERR_ENDORSER_NOT_FOUND', 'the VCEK of another chip')
  const genoa = await (await mintAmd({ product: 'Genoa' })).crl({ product: 'Genoa' })
  const call = endorsementsFor(report, [vek, authority, ark, genoa], NOBODY)
  await rejectsCode(t, call, 'ERR_ENDORSER_NOT_FOUND', 'the CRL of another root')
})

t.test('endorsementsFor: strangers and garbage beside it', async (t) => {
  const amd = await mintAmd()
  const { vek } = await mintAmd({
    vek: (tbs) => {
      tbs.issuer = vendorName('Somebody')
    },
  })
  const garbage = Uint8Array.of(1, 2, 3)
  const carried = [garbage, vek, ...amd.chain, await amd.crl()]
  t.same(await endorsementsFor(await reportOf(amd), carried, NOBODY), [])
})

t.test('endorsementsFor: the chain of AMD itself', { skip }, async (t) => {
  const read = (file: string) => vectorBytes('snp', 'genoa-v3-vcek-tinfoil', file)
  const report = parseSnpReport(read('report.bin'))
  const crl = Uint8Array.of(0x30, 0)
  const endorser = { ...NOBODY, crl: async () => crl }
  const carried = [read('vcek.der'), read('cert_chain.pem')]
  t.same(await endorsementsFor(report, carried, endorser), [crl])
  await rejectsCode(
    t,
    endorsementsFor(report, carried.slice(0, 1), endorser),
    'ERR_ENDORSER_NOT_FOUND',
  )
})
