// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { tdxEvidenceKind } from '../../src/index.js'
import { mintQuote, mintTdReport } from '../fake/tdx.js'
import { changed } from '../helpers.js'

t.test('evidence kind: told by the first bytes', async (t) => {
  t.equal(tdxEvidenceKind(mintQuote()), 'quote')
  t.equal(tdxEvidenceKind(mintQuote({ version: 5 })), 'quote')
  t.equal(tdxEvidenceKind(mintQuote().subarray(0, 8)), 'quote')
  t.equal(
    tdxEvidenceKind(changed(mintQuote(), (copy) => copy.fill(6, 0, 1))),
    'quote',
    'a version to refuse by name',
  )
  t.equal(tdxEvidenceKind(mintTdReport(0)), 'tdreport')
  t.equal(tdxEvidenceKind(mintTdReport(1)), 'tdreport')
})

t.test('evidence kind: null for anything else', async (t) => {
  const kind = (text: string) => tdxEvidenceKind(Buffer.from(text.replaceAll(' ', ''), 'hex'))
  t.equal(kind(''), null, 'nothing')
  t.equal(kind('04 00 02 00 81 00 00'), null, 'too short to tell')
  t.equal(kind('04 00 02 00 00 00 00 00'), null, 'SGX quote')
  t.equal(kind('05 00 00 00 81 00 00 00'), null, 'SNP report with guest SVN 0x81')
  t.equal(kind('48 43 4c 41 02 00 00 00'), null, 'HCLA')
  t.equal(kind('d8 3d d2 84 43 a1 01 26'), null, 'CBOR Web Token')
  t.equal(kind('81 01 00 00 00 00 00 00'), null, 'unknown subtype')
})
