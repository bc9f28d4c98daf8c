// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { openRim } from '../../src/verify/rim.js'
import { empty, full, judge, rimIn } from '../../src/verify/rim-findings.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { mintRimSigner, RIM_AT } from '../fake/rim.js'

const signer = await mintRimSigner()
const rim = await openRim(await signer.rim(), [parseCertificate(signer.root)])
const nothing = { matched: 0, mismatches: [], conflicts: [], skipped: [] }

t.test('RIM findings: who vouches for a RIM is said', async (t) => {
  const said = (anchor: 'vendor' | 'caller') =>
    full('gpu.rim.vbios', { ...rim, anchor }, RIM_AT).finding.detail
  t.match(said('vendor'), /signed by NVIDIA,/)
  t.match(said('caller'), /NOT NVIDIA's/)
})

t.test('RIM findings: valid up to the second', async (t) => {
  const outcome = (at: Date, add = 0) =>
    full('gpu.rim.driver', rim, new Date(at.getTime() + add)).finding.outcome
  t.equal(outcome(rim.notBefore), 'pass')
  t.equal(outcome(rim.notAfter), 'pass')
  t.equal(outcome(rim.notBefore, -1), 'fail')
  t.equal(outcome(rim.notAfter, 1), 'fail')
})

t.test('RIM findings: what is missing is open, what is wrong is not', async (t) => {
  const missing = empty('gpu.rim.driver', { code: 'ERR_RIM_MISSING', detail: 'none' })
  t.equal(missing.finding.outcome, 'unknown')
  t.equal(rimIn(missing), null)
  t.equal(rimIn(null), null)
  const bad = empty('gpu.rim.driver', { code: 'ERR_RIM_DIGEST', detail: 'altered' })
  t.equal(bad.finding.outcome, 'fail')
  const held = full('gpu.rim.vbios', rim, RIM_AT)
  t.equal(rimIn(held), rim)
  t.match(judge(nothing, [held, missing]).finding, { outcome: 'unknown', code: 'ERR_RIM_MISSING' })
  t.equal(judge(nothing, [held]).measurements, 'match')
})
