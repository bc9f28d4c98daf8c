// SPDX-License-Identifier: Apache-2.0
// Nothing that was signed can be changed, and nothing around it either.

import t from 'tap'
import { appraiseSnp, type SnpAppraisal } from '../../src/verify/index.js'
import { AT, mintAmd } from '../fake/amd.js'
import { changed } from '../helpers.js'
import { checks, complaints } from './appraise.js'

/** Another bit of each byte: which one matters to DER, so it differs from byte to byte. */
const flip = (bytes: Uint8Array, at: number) =>
  changed(bytes, (copy) => {
    copy[at] = (copy[at] as number) ^ (1 << (at % 8))
  }) as Uint8Array<ArrayBuffer>

const good = async () => {
  const amd = await mintAmd()
  const options = { endorsements: amd.chain, roots: [amd.ark], at: AT, policy: 'authenticity' }
  return { amd, options: { report: await amd.report(), ...options } as SnpAppraisal }
}

t.test('tamper: every byte of the endorsement key certificate', async (t) => {
  const { amd, options } = await good()
  const codes = new Set<string>()
  for (let at = 0; at < amd.vek.length; at++) {
    const endorsements = [flip(amd.vek, at), amd.authority, amd.ark]
    const result = await appraiseSnp({ ...options, endorsements })
    if (result.result !== 'rejected') t.fail(`byte ${at}: ${result.result}`)
    for (const complaint of Object.values(complaints(result))) codes.add(complaint)
  }
  t.ok(codes.has('fail ERR_CERTIFICATE_SIGNATURE'))
  t.ok(codes.has('fail ERR_CERTIFICATE_FORMAT'))
})

t.test('tamper: bytes of the intermediate and the root, one after another', async (t) => {
  const { amd, options } = await good()
  for (let at = 0; at < amd.authority.length; at += 7) {
    const endorsements = [amd.vek, flip(amd.authority, at), amd.ark]
    const { result } = await appraiseSnp({ ...options, endorsements })
    if (result !== 'rejected') t.fail(`intermediate, byte ${at}: ${result}`)
  }
  for (let at = 0; at < amd.ark.length; at += 7) {
    const endorsements = [amd.vek, amd.authority, flip(amd.ark, at)]
    const { result } = await appraiseSnp({ ...options, endorsements })
    if (result !== 'rejected') t.fail(`root, byte ${at}: ${result}`)
  }
  t.equal((await appraiseSnp(options)).result, 'verified', 'and as it was')
})

t.test('tamper: bytes of the root that the caller trusts', async (t) => {
  const { amd, options } = await good()
  for (let at = 0; at < amd.ark.length; at += 7) {
    const endorsements = [amd.vek, amd.authority]
    const trusting = appraiseSnp({ ...options, endorsements, roots: [flip(amd.ark, at)] })
    const outcome = await trusting.then(
      ({ result }) => result,
      ({ code }) => code as string,
    )
    if (outcome !== 'rejected' && outcome !== 'ERR_ARGUMENT') t.fail(`byte ${at}: ${outcome}`)
  }
  t.equal((await appraiseSnp({ ...options, roots: [] })).result, 'rejected')
})

t.test('tamper: bytes of a CRL', async (t) => {
  const { amd, options } = await good()
  const crl = await amd.crl()
  for (let at = 0; at < crl.length; at += 7) {
    const endorsements = [...amd.chain, flip(crl, at)]
    const { result } = await appraiseSnp({ ...options, endorsements })
    if (result !== 'rejected') t.fail(`byte ${at}: ${result}`)
  }
  const whole = await appraiseSnp({ ...options, endorsements: [...amd.chain, crl] })
  t.ok(checks(whole).includes('snp.revocation'))
  t.equal(whole.result, 'verified')
})

t.test('tamper: every byte of the report', async (t) => {
  const { options } = await good()
  for (let at = 0; at < options.report.length; at++) {
    const result = await appraiseSnp({ ...options, report: flip(options.report, at) })
    if (result.result !== 'rejected') t.fail(`byte ${at}: ${result.result}`)
    const { 'snp.report': structure, 'snp.signature': signature } = complaints(result)
    if (!structure && !signature) t.fail(`byte ${at}: rejected for another reason`)
  }
  t.equal((await appraiseSnp(options)).result, 'verified')
})
