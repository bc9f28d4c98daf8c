// SPDX-License-Identifier: Apache-2.0
// AMD's own intermediates and roots sign nothing for tests. Here WebCrypto of the test world says
// that they did, or that a certificate is one of theirs; what follows from that is ours.

import t from 'tap'
import { AMD_AUTHORITIES } from '../../src/verify/amd-authorities.js'
import { mintAmd } from '../fake/amd.js'
import { appraise, complaints } from './appraise.js'

t.test('pinned: a VEK alone is enough under AMD’s own intermediate', async (t) => {
  const amd = await mintAmd()
  const report = await amd.report()
  t.intercept(crypto.subtle, 'verify', { value: async () => true })
  const result = await appraise(amd, { report, endorsements: [amd.vek], roots: [] })
  t.same(complaints(result), {})
  t.match(result.claims.snp.root, { origin: 'vendor', serial: '010000' })
  t.match(
    result.findings.find(({ check }) => check === 'snp.root'),
    { detail: 'the root is ARK-Milan of AMD' },
  )
})

t.test('pinned: AMD’s certificates are known by content, and need no checks', async (t) => {
  const amd = await mintAmd()
  const digest = AMD_AUTHORITIES[0]?.certificateSha256 as string
  const value = async () => new Uint8Array(Buffer.from(digest, 'hex')).buffer
  const report = await amd.report()
  t.intercept(crypto.subtle, 'digest', { value })
  const stranger = Uint8Array.of(0x30, 0x03, 1, 2, 3)
  const endorsements = [amd.vek, stranger]
  const result = await appraise(amd, { report, endorsements, roots: [] })
  t.notMatch(complaints(result), { 'snp.endorsements': /fail/ })
})
