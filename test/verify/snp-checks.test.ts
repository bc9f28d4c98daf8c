// SPDX-License-Identifier: Apache-2.0
// What report and certificate must agree in.

import t, { type Test } from 'tap'
import { amdOid, type Knobs, mintAmd, setExtension } from '../fake/amd.js'
import { MODELS, type ReportFields } from '../fake/snp.js'
import { appraise, complaints } from './appraise.js'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const ia5 = (text: string) => Uint8Array.of(0x16, text.length, ...new TextEncoder().encode(text))
const extension = (id: string, value: Uint8Array | null): Knobs => ({
  vek: (tbs) => setExtension(tbs, amdOid(id), value),
})

interface Disagreement {
  readonly knobs?: Knobs
  readonly report?: ReportFields
  readonly expect: Record<string, string>
}

async function disagree(t: Test, cases: Record<string, Disagreement>): Promise<void> {
  for (const [what, { knobs, report, expect }] of Object.entries(cases)) {
    const amd = await mintAmd(knobs)
    const result = await appraise(amd, { report: await amd.report(report) })
    t.same(complaints(result), expect, what)
  }
}

t.test('vek: the kind that the report names, with the identity of its kind', async (t) => {
  const expect = { 'snp.vek': 'fail ERR_SNP_VEK_KIND' }
  await disagree(t, {
    'a VCEK for a VLEK': { report: { signingKey: 'vlek' }, expect },
    'a VLEK for a VCEK': { knobs: { kind: 'vlek' }, report: { signingKey: 'vcek' }, expect },
    'a VCEK of a provider': { knobs: extension('5', ia5('CN=x')), expect },
    'a VLEK of a chip': {
      knobs: { kind: 'vlek', ...extension('4', new Uint8Array(64)) },
      report: { signingKey: 'vlek' },
      expect,
    },
  })
})

t.test('product: of issuer, certificate and CPUID', async (t) => {
  const expect = { 'snp.product': 'fail ERR_SNP_PRODUCT_MISMATCH' }
  const unknown = { family: 0x1a, model: 0x50, stepping: 0 }
  await disagree(t, {
    'CPUID of another product': { report: { cpuid: MODELS.Genoa.cpuid }, expect },
    'CPUID of no known product': {
      report: { cpuid: unknown },
      expect: { 'snp.product': 'fail ERR_SNP_PRODUCT' },
    },
    'productName of another product': { knobs: extension('2', ia5('Genoa')), expect },
    'productName that only starts like it': { knobs: extension('2', ia5('Milano')), expect },
    'no productName': { knobs: extension('2', null), expect },
    'CPUID of another product, in a version without': {
      report: { version: 2, chipId: new Uint8Array(64).fill(0xc1) },
      expect: {},
    },
  })
})

t.test('tcb: the certificate is for REPORTED_TCB, component by component', async (t) => {
  const expect = { 'snp.tcb': 'fail ERR_SNP_TCB_MISMATCH' }
  const cases: Record<string, Disagreement> = {
    'of another product': {
      report: { reportedTcb: Uint8Array.from(MODELS.Turin.tcb) },
      expect: {
        'snp.tcb': 'fail ERR_SNP_TCB',
        'snp.tcb-order': 'fail ERR_SNP_TCB_ORDER',
      },
    },
    'FMC on Milan': { knobs: extension('3.9', bytes('020100')), expect },
    'no FMC on Turin': { knobs: { product: 'Turin', ...extension('3.9', null) }, expect },
  }
  for (const id of ['3.1', '3.2', '3.3', '3.8']) {
    cases[`${id} other`] = { knobs: extension(id, bytes('02017e')), expect }
    cases[`${id} missing`] = { knobs: extension(id, null), expect }
  }
  for (const id of ['3.1', '3.2', '3.3', '3.8', '3.9']) {
    const knobs: Knobs = { product: 'Turin', ...extension(id, bytes('02017e')) }
    cases[`${id} other, on Turin`] = { knobs, expect }
  }
  await disagree(t, cases)
})

t.test('tcb: a TCB of another product stays raw in the claims', async (t) => {
  const amd = await mintAmd()
  const raw = Uint8Array.from(MODELS.Turin.tcb)
  const result = await appraise(amd, { report: await amd.report({ launchTcb: raw }) })
  t.match(result.claims.snp.report, { launchTcb: '0101010400000051', currentTcb: { snp: 0x18 } })
})

t.test('chip: hwID is CHIP_ID, unless the host masks it', async (t) => {
  const expect = { 'snp.chip': 'fail ERR_SNP_CHIP_ID' }
  const turin = new Uint8Array(64).fill(0xc1, 0, 8)
  await disagree(t, {
    'another chip': { report: { chipId: new Uint8Array(64).fill(0xc2) }, expect },
    'a chip that differs in its last byte': {
      report: { chipId: new Uint8Array(64).fill(0xc1).fill(0, 63) },
      expect,
    },
    masked: {
      report: { chipId: new Uint8Array(64) },
      expect: { 'snp.chip': 'unknown ERR_CHIP_ID_MASKED' },
    },
    'no hwID': { knobs: extension('4', null), expect },
    'hwID of Turin on Milan': { knobs: extension('4', turin.slice(0, 8)), expect },
    'hwID of Milan on Turin': {
      knobs: { product: 'Turin', ...extension('4', turin) },
      expect,
    },
    'hwID in an OCTET STRING': {
      knobs: extension('4', Uint8Array.of(4, 64, ...new Uint8Array(64).fill(0xc1))),
      expect: {},
    },
    'more CHIP_ID than Turin has': {
      knobs: { product: 'Turin' },
      report: { chipId: turin.slice().fill(1, 8, 9) },
      expect,
    },
  })
})

t.test('csp: a VLEK names its provider', async (t) => {
  await disagree(t, {
    'no provider': {
      knobs: { kind: 'vlek', ...extension('5', null) },
      report: { signingKey: 'vlek' },
      expect: { 'snp.csp': 'fail ERR_SNP_CSP_ID' },
    },
    'CHIP_ID masked, as providers do': {
      knobs: { kind: 'vlek' },
      report: { signingKey: 'vlek', chipId: new Uint8Array(64) },
      expect: {},
    },
  })
})
