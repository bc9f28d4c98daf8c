// SPDX-License-Identifier: Apache-2.0
// Nothing that was signed can be changed, and nothing around it either.

import t from 'tap'
import { SIGNED_LEN } from '../../assembly/snp/layout.js'
import { mintAmd } from '../fake/amd.js'
import { changed } from '../helpers.js'
import { appraiseReport, checks, complaints, type Given, type SnpResult } from './appraise.js'

/** Another bit of each byte: which one matters to DER, so it differs from byte to byte. */
const flip = (bytes: Uint8Array, at: number) =>
  changed(bytes, (copy) => {
    copy[at] = (copy[at] as number) ^ (1 << (at % 8))
  }) as Uint8Array<ArrayBuffer>

const good = async () => {
  const amd = await mintAmd()
  const options: Given = { report: await amd.report(), endorsements: amd.chain, roots: [amd.ark] }
  return { amd, options }
}

/** Whether a certificate, or a CRL, is what the evidence is rejected for. */
const refused = (result: SnpResult, code = 'ERR_CERTIFICATE_'): boolean =>
  result.result === 'rejected' &&
  Object.values(complaints(result)).some((complaint) => complaint.startsWith(`fail ${code}`))

t.test('tamper: every byte of the endorsement key certificate', async (t) => {
  const { amd, options } = await good()
  const codes = new Set<string>()
  for (let at = 0; at < amd.vek.length; at++) {
    const endorsements = [flip(amd.vek, at), amd.authority, amd.ark]
    const result = await appraiseReport({ ...options, endorsements })
    if (!refused(result)) t.fail(`byte ${at}: ${result.result}`)
    for (const complaint of Object.values(complaints(result))) codes.add(complaint)
  }
  t.ok(codes.has('fail ERR_CERTIFICATE_SIGNATURE'))
  t.ok(codes.has('fail ERR_CERTIFICATE_FORMAT'))
})

t.test('tamper: every byte of the intermediate and of the root', async (t) => {
  const { amd, options } = await good()
  for (let at = 0; at < amd.authority.length; at++) {
    const endorsements = [amd.vek, flip(amd.authority, at), amd.ark]
    const result = await appraiseReport({ ...options, endorsements })
    if (!refused(result)) t.fail(`intermediate, byte ${at}: ${result.result}`)
  }
  for (let at = 0; at < amd.ark.length; at++) {
    const endorsements = [amd.vek, amd.authority, flip(amd.ark, at)]
    const result = await appraiseReport({ ...options, endorsements })
    if (!refused(result)) t.fail(`root, byte ${at}: ${result.result}`)
  }
  t.equal((await appraiseReport(options)).result, 'verified', 'and as it was')
})

t.test('tamper: every byte of the root that the caller trusts', async (t) => {
  const { amd, options } = await good()
  for (let at = 0; at < amd.ark.length; at++) {
    const endorsements = [amd.vek, amd.authority]
    const trusting = appraiseReport({ ...options, endorsements, roots: [flip(amd.ark, at)] })
    const outcome = await trusting.then(
      ({ result }) => result,
      ({ code }) => code as string,
    )
    if (outcome !== 'rejected' && outcome !== 'ERR_ARGUMENT') t.fail(`byte ${at}: ${outcome}`)
  }
  t.equal((await appraiseReport({ ...options, roots: [] })).result, 'rejected')
})

t.test('tamper: every byte of a CRL', async (t) => {
  const { amd, options } = await good()
  const crl = await amd.crl()
  for (let at = 0; at < crl.length; at++) {
    const endorsements = [...amd.chain, flip(crl, at)]
    const result = await appraiseReport({ ...options, endorsements })
    if (!refused(result, 'ERR_C')) t.fail(`byte ${at}: ${result.result}`)
  }
  const whole = await appraiseReport({ ...options, endorsements: [...amd.chain, crl] })
  t.ok(checks(whole).includes('snp.revocation'))
  t.equal(whole.result, 'verified')
})

/** Whether the report is refused for its structure, or else for its signature, and by its code. */
function reason(result: SnpResult): boolean {
  const { 'snp.report': structure, 'snp.signature': signature } = complaints(result)
  return structure?.startsWith('fail ERR_SNP_') || signature === 'fail ERR_SNP_SIGNATURE'
}

t.test('tamper: every bit that the signature covers', async (t) => {
  const { options } = await good()
  for (let bit = 0; bit < 8 * SIGNED_LEN; bit++) {
    const report = changed(options.report, (copy) => {
      const at = bit >>> 3
      copy[at] = (copy[at] as number) ^ (1 << (bit & 7))
    })
    const result = await appraiseReport({ ...options, report })
    if (result.result !== 'rejected' || !reason(result)) t.fail(`bit ${bit}: ${result.result}`)
  }
  t.equal((await appraiseReport(options)).result, 'verified')
})

t.test('tamper: every byte of the signature', async (t) => {
  const { options } = await good()
  for (let at = SIGNED_LEN; at < options.report.length; at++) {
    const result = await appraiseReport({ ...options, report: flip(options.report, at) })
    if (result.result !== 'rejected' || !reason(result)) t.fail(`byte ${at}: ${result.result}`)
  }
  t.equal((await appraiseReport(options)).result, 'verified')
})
