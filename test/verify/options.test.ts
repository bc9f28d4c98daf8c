// SPDX-License-Identifier: Apache-2.0

import t, { type Test } from 'tap'
import { AttestationError, type Code } from '../../src/errors.js'
import { appraiseSnp, type SnpAppraisal } from '../../src/verify/index.js'
import { AT, mintAmd, pem } from '../fake/amd.js'
import { appraise, complaints } from './appraise.js'

async function rejects(t: Test, options: unknown, code: Code, title: string): Promise<void> {
  const error = await appraiseSnp(options as SnpAppraisal).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  t.equal(error instanceof AttestationError && error.code, code, title)
}

t.test('options: a wrong call is refused before any work', async (t) => {
  const { ark, vek } = await mintAmd()
  const good = { report: vek, endorsements: [], at: AT, policy: 'authenticity' }
  const cases: Record<string, object> = {
    'an unknown option': { now: AT },
    'no policy': { policy: undefined },
    'an unknown policy': { policy: 'strict' },
    'no time': { at: undefined },
    'a time that is a string': { at: AT.toISOString() },
    'a time that is none': { at: new Date('yesterday') },
    'no report': { report: undefined },
    'a report that is a string': { report: 'AA==' },
    'no endorsements': { endorsements: undefined },
    'endorsements that are bytes': { endorsements: vek },
    'an endorsement that is a string': { endorsements: [pem(vek)] },
    'a root that is a string': { roots: [pem(ark)] },
    'a root that is no certificate': { roots: [ark, Uint8Array.of(0x30, 0)] },
    'a root that is cut': { roots: [ark.slice(0, -1)] },
    'REPORT_DATA that is a string': { reportData: '00' },
  }
  for (const [what, change] of Object.entries(cases)) {
    await rejects(t, { ...good, ...change }, 'ERR_ARGUMENT', what)
  }
  for (const options of [undefined, null, 'authenticity']) {
    await rejects(t, options, 'ERR_ARGUMENT', `${options} for options`)
  }
  await rejects(t, { ...good, endorsements: new Array(1) }, 'ERR_ARGUMENT', 'a hole')
  for (const length of [0, 63, 65]) {
    const reportData = new Uint8Array(length)
    await rejects(t, { ...good, reportData }, 'ERR_REPORT_DATA_LENGTH', `${length} bytes`)
  }
})

t.test('options: roots in DER and PEM, several in one', async (t) => {
  const amd = await mintAmd()
  const genoa = await mintAmd({ product: 'Genoa' })
  const both = new TextEncoder().encode(pem(genoa.ark) + pem(amd.ark))
  t.same(complaints(await appraise(amd, { roots: [both] })), {})
  t.same(complaints(await appraise(amd, { roots: [genoa.ark, amd.ark] })), {})
  const report = await amd.report()
  const without = { report, endorsements: amd.chain, at: AT, policy: 'authenticity' } as const
  t.same(complaints(await appraiseSnp(without)), { 'snp.root': 'fail ERR_CERTIFICATE_ROOT' })
})

t.test('options: what the caller changes after the call changes nothing', async (t) => {
  const amd = await mintAmd()
  const report = await amd.report()
  const [endorsements, roots] = [amd.chain.map((der) => der.slice()), [amd.ark.slice()]]
  const at = new Date(AT)
  const reportData = new Uint8Array(64)
  const pending = appraise(amd, { report, endorsements, roots, at, reportData })
  for (const bytes of [report, ...endorsements, ...roots, reportData]) bytes.fill(0xff)
  endorsements.length = 0
  at.setTime(0)
  t.same(complaints(await pending), {})
})

t.test('options: an endorsement of absurd size is a finding, and not kept', async (t) => {
  const huge = new Uint8Array(0x40001).fill(0x30)
  const result = await appraise(await mintAmd(), { endorsements: [huge] })
  t.equal(complaints(result)['snp.endorsements'], 'fail ERR_CERTIFICATE_FORMAT')
})
