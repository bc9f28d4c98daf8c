// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { parseSnpReport, type SnpReport } from '../../src/core/snp.js'
import { endorse as endorseSorted, type Wants } from '../../src/verify/endorse.js'
import { openAll, sort } from '../../src/verify/endorsements.js'
import type { SnpEndorser } from '../../src/verify/endorser.js'
import { amdKds } from '../../src/verify/kds.js'
import { memoryStore } from '../../src/verify/store.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { AT, mintAmd, pem } from '../fake/amd.js'
import { VirtualClock } from '../fake/clock.js'
import { FakeKds, fetchOf } from '../fake/kds.js'
import type { ReportFields } from '../fake/snp.js'
import { hex } from '../helpers.js'
import { manifest, skip, vectorBytes, vectors } from '../vectors.js'
import { appraise, complaints } from './appraise.js'
import { chipOf, mintChip, world } from './kds-world.js'

const NOTHING = { crl: false, chain: false }
const EVERYTHING = { crl: true, chain: false }

/** With what was presented as it came. */
async function endorse(
  report: SnpReport,
  presented: readonly Bytes[],
  endorser: SnpEndorser,
  wants: Wants,
): ReturnType<typeof endorseSorted> {
  return endorseSorted(report, await sort(openAll(presented)), endorser, wants)
}

/** What is asked for, and codes of what is missing. */
async function outcome(answer: ReturnType<typeof endorse>) {
  const { endorsements, problems } = await answer
  return {
    endorsements: endorsements.map(hex),
    problems: problems.map(({ of, code }) => `${of} ${code}`),
  }
}

/** An endorser that nobody may ask. */
const nobody = new Proxy({} as SnpEndorser, {
  get: (_, name) => () => {
    throw new Error(`asked for ${String(name)}`)
  },
})

t.test('endorse: everything that is missing, and it verifies', async (t) => {
  for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
    const { client, amd, kds } = await world(product)
    const report = await amd.report()
    const answer = await endorse(parseSnpReport(report), [], client(), EVERYTHING)
    t.same(answer.problems, [])
    t.equal(answer.endorsements.length, 4, 'VCEK, chain and CRL')
    t.equal(kds.requests.length, 3)
    const result = await appraise(amd, { report, endorsements: answer.endorsements })
    t.same(complaints(result), {}, product)
  }
})

t.test('endorse: only what is missing', async (t) => {
  const { client, amd, kds } = await world()
  const report = parseSnpReport(await amd.report())
  t.same(await outcome(endorse(report, amd.chain, nobody, NOTHING)), {
    endorsements: [],
    problems: [],
  })
  const carried = new Uint8Array(Buffer.from(amd.chain.map((der) => pem(der)).join('')))
  t.same(await outcome(endorse(report, [carried], nobody, NOTHING)), {
    endorsements: [],
    problems: [],
  })
  const withoutChain = await outcome(endorse(report, [amd.vek], client(), NOTHING))
  t.same(withoutChain, { endorsements: [amd.authority, amd.ark].map(hex), problems: [] })
  const crl = await outcome(endorse(report, amd.chain, client(), EVERYTHING))
  t.equal(crl.endorsements.length, 1)
  t.same(
    kds.requests.map((path) => path.split('/').at(-1)),
    ['cert_chain', 'crl'],
  )
})

t.test('endorse: the VCEK of another chip or TCB does not count', async (t) => {
  const { client, amd, chip } = await world()
  const report = parseSnpReport(await amd.report())
  const others = [
    await mintChip(chipOf('Milan', 0xc2)),
    await mintChip({ ...chip, tcb: { ...chip.tcb, snp: 1 } }),
    await mintAmd({ kind: 'vlek' }),
    await mintAmd({ product: 'Genoa' }),
  ]
  const presented = [...others.map(({ vek }) => vek), amd.authority]
  const answer = await outcome(endorse(report, presented, client(), NOTHING))
  t.same(answer, { endorsements: [hex(amd.vek)], problems: [] })
})

t.test('endorse: version 2 does not name the product', async (t) => {
  const old: ReportFields = { version: 2 }
  const cases = { Milan: ['Milan'], Genoa: ['Milan', 'Genoa'], Turin: ['Turin'] } as const
  for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
    const { client, amd, kds } = await world(product)
    const report = parseSnpReport(await amd.report(old))
    const presented = [amd.authority]
    t.same((await outcome(endorse(report, presented, client(), NOTHING))).endorsements, [
      hex(amd.vek),
    ])
    const asked = kds.requests
      .map((path) => path.split('/')[3])
      .filter((_, at) => kds.requests[at]?.includes('?'))
    t.same(asked, cases[product], product)
    kds.requests.length = 0
    const offline = client({ fetch: null })
    t.same(
      (await outcome(endorse(report, presented, offline, NOTHING))).endorsements,
      [hex(amd.vek)],
      'from the store',
    )
  }
})

t.test('endorse: why something is missing', async (t) => {
  const { client, amd, kds } = await world()
  const report = async (fields: ReportFields) => parseSnpReport(await amd.report(fields))
  const problems = async (
    fields: ReportFields,
    endorser: SnpEndorser = nobody,
    wants = EVERYTHING,
  ) => (await outcome(endorse(await report(fields), [], endorser, wants))).problems
  t.same(await problems({ chipId: new Uint8Array(64) }), ['vek ERR_CHIP_ID_MASKED'])
  t.same(await problems({ signingKey: 'vlek' }), ['vek ERR_ENDORSEMENT_MISSING'])
  const cpuid = { family: 0x1a, model: 0x50, stepping: 0 }
  t.same(await problems({ cpuid }), ['vek ERR_SNP_PRODUCT'])
  const turin = { version: 2, chipId: new Uint8Array(64).fill(1, 0, 8) }
  t.same(await problems(turin), ['vek ERR_SNP_TCB'], 'the TCB of another product')
  const unknown = { chipId: new Uint8Array(64).fill(7) }
  t.same(await problems(unknown, client()), ['vek ERR_ENDORSER_NOT_FOUND'])
  t.same(await problems({ ...unknown, version: 2 }, client()), ['vek ERR_ENDORSER_NOT_FOUND'])
  t.same(await problems({}, client({ fetch: null })), ['vek ERR_ENDORSER_OFFLINE'])
  kds.fault = ({ path }) => (path.includes('?') ? { status: 500 } : null)
  t.same(
    await problems({ version: 2 }, client()),
    ['vek ERR_ENDORSER_STATUS'],
    'and Genoa is not tried',
  )
  t.notOk(kds.requests.slice(-4).some((path) => path.includes('Genoa')))
  kds.fault = ({ path }) => (path.includes('?') ? null : { status: 400 })
  const { vek } = amd
  const failing = await outcome(endorse(await report({}), [vek], client(), EVERYTHING))
  t.same(failing, {
    endorsements: [],
    problems: ['chain ERR_ENDORSER_STATUS', 'crl ERR_ENDORSER_STATUS'],
  })
  const lying: SnpEndorser = { ...nobody, vcek: async () => new Uint8Array(9) }
  t.same(await problems({}, lying), ['vek ERR_CERTIFICATE_FORMAT'])
})

t.test('endorse: a presented VLEK gets its own chain and CRL', async (t) => {
  const { client, kds } = await world()
  const vlek = await mintAmd({ kind: 'vlek' })
  await kds.addAuthority('Milan', 'vlek', vlek)
  const report = parseSnpReport(await vlek.report({ chipId: new Uint8Array(64) }))
  const answer = await outcome(
    endorse(report, [vlek.vek], client({ roots: [vlek.ark] }), EVERYTHING),
  )
  t.same(answer.problems, [])
  t.same(kds.requests, ['/vlek/v1/Milan/cert_chain', '/vlek/v1/Milan/crl'])
})

t.test('endorse: what the endorser does later to its bytes changes nothing', async (t) => {
  const { amd } = await world()
  const report = await amd.report()
  const lent = Buffer.from(amd.vek)
  const lending: SnpEndorser = { ...nobody, vcek: async () => lent }
  const given = { report, endorsements: [amd.authority, amd.ark] }
  t.same(complaints(await appraise(amd, { ...given, endorser: lending })), {})
  const [before, after] = [new Uint8Array(lent), amd.ark]
  lent.set(after.subarray(0, lent.length))
  const kept = await sort(openAll([before]))
  t.same(
    kept.veks.map(({ certificate }) => hex(certificate.tbs)),
    [hex(parseCertificate(amd.vek).tbs)],
  )
})

t.test('endorse: an endorser that hands out no bytes', async (t) => {
  const { amd } = await world()
  const report = parseSnpReport(await amd.report())
  for (const answer of [undefined, null, 'AA==', 0x7fffffff, [48], {}]) {
    const lying = { ...nobody, vcek: async () => answer } as unknown as SnpEndorser
    const { problems } = await endorse(report, [], lying, NOTHING)
    t.same(
      problems.map(({ of, code }) => `${of} ${code}`),
      ['vek ERR_ENDORSER_ANSWER'],
    )
  }
})

t.test('endorse: a fault of our own goes on', async (t) => {
  const { amd } = await world()
  const report = parseSnpReport(await amd.report())
  await t.rejects(endorse(report, [], nobody, NOTHING), { message: 'asked for vcek' })
})

interface Manifest {
  readonly expect: string
  readonly signer: string
  readonly files: Record<string, unknown>
}

t.test('endorse: real reports, from a service that has their certificates', { skip }, async (t) => {
  let count = 0
  for (const name of vectors('snp')) {
    const { expect, signer, files } = manifest<Manifest>('snp', name)
    if (expect !== 'valid' || signer !== 'vcek' || !files['report.bin'] || !files['vcek.der'])
      continue
    const report = parseSnpReport(vectorBytes('snp', name, 'report.bin'))
    const vcek = vectorBytes('snp', name, 'vcek.der')
    const kds = new FakeKds()
    const clock = new VirtualClock(AT)
    const { now, sleep } = clock
    kds.fault = ({ path }) =>
      path.includes('/Milan/') && !/Milan/.test(issuer(vcek)) ? null : { status: 200, body: vcek }
    const endorser = amdKds({ fetch: fetchOf(kds, clock), store: memoryStore(), now, sleep })
    const answer = await outcome(endorse(report, [], endorser, NOTHING))
    if (report.chipId.every((byte) => byte === 0)) {
      t.same(answer.problems, ['vek ERR_CHIP_ID_MASKED'], name)
      continue
    }
    t.same(answer, { endorsements: [hex(vcek)], problems: [] }, name)
    count++
  }
  t.ok(count > 20, `${count} reports`)
})

const issuer = (der: Uint8Array): string =>
  Buffer.from(der)
    .toString('latin1')
    .match(/SEV-(Milan|Genoa|Turin)/)?.[0] as string
