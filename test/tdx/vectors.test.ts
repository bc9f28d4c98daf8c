// SPDX-License-Identifier: Apache-2.0
// Real TDX evidence: what the parsers say is what other tools said when the evidence was collected.

import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parseTdReport, parseTdxQuote, tdxEvidenceKind } from '../../src/index.js'
import { hex, throwsCode } from '../helpers.js'
import { readQuote, readTdReport } from '../oracle/tdx.js'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'
import { hex64, quoteReading, tdReportReading } from './view.js'

interface QuoteManifest {
  readonly quoteVersion: number
  readonly bodyType: number | string
  readonly fields: Readonly<Record<string, string>>
  readonly attributesDecoded: Readonly<Record<string, boolean>>
  readonly qeReport: Readonly<Record<string, string | number>>
  readonly pck: { readonly issuerCN: string; readonly rootSha256: string }
  readonly certificationDataTypes?: readonly number[]
  readonly attestationKeyType?: number
  readonly quoteLength: number
  readonly trailingBytes: number
  readonly sha256: Readonly<Record<string, string>>
}

interface TdReportManifest {
  readonly fields: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

const folders = vectors('tdx').filter((name) => name !== 'corpus-quotes')
const having = (file: string) => folders.filter((name) => existsSync(vectorPath('tdx', name, file)))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Fields of the view under the manifests' names: Intel's, in lower case, with underscores. */
function named(bytes: Uint8Array): Record<string, string> {
  const { body } = parseTdxQuote(bytes)
  const fields: Record<string, string> = {
    tee_tcb_svn: hex(body.teeTcbSvn),
    mrseam: hex(body.mrSeam),
    mrsignerseam: hex(body.mrSignerSeam),
    seamattributes: hex64(body.seamAttributes),
    tdattributes: hex64(body.tdAttributes),
    xfam: hex64(body.xfam),
    mrtd: hex(body.mrTd),
    mrconfigid: hex(body.mrConfigId),
    mrowner: hex(body.mrOwner),
    mrownerconfig: hex(body.mrOwnerConfig),
    reportdata: hex(body.reportData),
  }
  for (const [index, rtmr] of body.rtmr.entries()) fields[`rtmr${index}`] = hex(rtmr)
  if (body.teeTcbSvn2 !== null) fields.tee_tcb_svn2 = hex(body.teeTcbSvn2)
  if (body.mrServiceTd !== null) fields.mrservicetd = hex(body.mrServiceTd)
  return fields
}

function sameAsManifest(t: Test, bytes: Uint8Array, expected: QuoteManifest): void {
  const quote = parseTdxQuote(bytes)
  t.equal(tdxEvidenceKind(bytes), 'quote')
  t.equal(quote.version, expected.quoteVersion)
  t.equal(quote.body.type, expected.quoteVersion === 4 ? 2 : expected.bodyType)
  t.equal(quote.attestationKeyType, expected.attestationKeyType ?? 2)
  t.equal(quote.bytes.length, expected.quoteLength)
  t.equal(quote.trailingBytes, expected.trailingBytes)
  t.equal(sha256(quote.bytes), expected.sha256.quoteTrimmed)
  t.same(named(bytes), expected.fields)
  t.match(quote.body.tdAttributeBits, expected.attributesDecoded)
  t.same([6, quote.certificationData.type], expected.certificationDataTypes ?? [6, 5])
  sameQeReport(t, bytes, expected)
  sameChain(t, bytes, expected)
  t.same(quoteReading(quote), readQuote(bytes), 'as the oracle reads it')
}

function sameQeReport(t: Test, bytes: Uint8Array, expected: QuoteManifest): void {
  const { qeReport, attestationKey, qeAuthData } = parseTdxQuote(bytes)
  t.same(
    {
      cpusvn: hex(qeReport.cpuSvn),
      misc: hex64(BigInt(qeReport.miscSelect)).slice(0, 8),
      attr: hex(qeReport.attributes),
      mrenclave: hex(qeReport.mrEnclave),
      mrsigner: hex(qeReport.mrSigner),
      prodid: qeReport.isvProdId,
      isvsvn: qeReport.isvSvn,
    },
    expected.qeReport,
  )
  const binding = sha256(Buffer.concat([attestationKey, qeAuthData]))
  t.equal(hex(qeReport.reportData), binding.padEnd(128, '0'), 'the QE report binds the key')
}

function sameChain(t: Test, bytes: Uint8Array, { pck }: QuoteManifest): void {
  const chain = parseTdxQuote(bytes).pckChain ?? []
  const [leaf, issuer, root] = chain.map((der) => new X509Certificate(der))
  t.equal(chain.length, 3)
  t.match(leaf?.subject, 'CN=Intel SGX PCK Certificate')
  t.match(issuer?.subject, `CN=${pck.issuerCN}`)
  t.ok(leaf?.checkIssued(issuer as X509Certificate))
  t.ok(issuer?.checkIssued(root as X509Certificate))
  t.equal(sha256(chain[2] as Uint8Array), pck.rootSha256)
}

for (const name of having('quote.bin')) {
  t.test(`real quote: ${name}`, async (t) => {
    sameAsManifest(t, vectorBytes('tdx', name, 'quote.bin'), manifest('tdx', name))
  })
}

t.test('real quotes: the corpus', { skip }, async (t) => {
  type Entry = QuoteManifest & { readonly file: string }
  const { quotes } = manifest<{ readonly quotes: readonly Entry[] }>('tdx', 'corpus-quotes')
  t.ok(quotes.length > 0)
  for (const entry of quotes) {
    t.test(entry.file, async (t) => {
      sameAsManifest(t, vectorBytes('tdx', 'corpus-quotes', entry.file), entry)
    })
  }
})

t.test('real quotes: there are some of each version', { skip }, async (t) => {
  const versions = having('quote.bin').map(
    (name) => manifest<QuoteManifest>('tdx', name).quoteVersion,
  )
  t.ok(versions.includes(4))
  t.ok(versions.includes(5))
})

for (const name of having('tdreport.bin')) {
  t.test(`real TDREPORT: ${name}`, async (t) => {
    const bytes = vectorBytes('tdx', name, 'tdreport.bin')
    const report = parseTdReport(bytes)
    t.equal(tdxEvidenceKind(bytes), 'tdreport')
    t.same(tdReportReading(report), readTdReport(bytes), 'as the oracle reads it')
    if (existsSync(vectorPath('tdx', name, 'quote.bin'))) {
      const { body } = parseTdxQuote(vectorBytes('tdx', name, 'quote.bin'))
      t.equal(hex(report.reportData), hex(body.reportData))
      t.equal(hex(report.tdInfo.mrTd), hex(body.mrTd))
      t.same(report.tdInfo.rtmr.map(hex), body.rtmr.map(hex))
    } else {
      sameTdReport(t, bytes, manifest<TdReportManifest>('tdx', name))
    }
  })
}

function sameTdReport(t: Test, bytes: Uint8Array, { fields }: TdReportManifest): void {
  const report = parseTdReport(bytes)
  const { teeTcbInfo, tdInfo } = report
  const rtmrs = tdInfo.rtmr.map((rtmr, index) => [`rtmr${index}`, hex(rtmr)])
  t.same(
    {
      reportType: hex(report.bytes.subarray(0, 4)),
      cpuSvn: hex(report.cpuSvn),
      teeTcbInfoHash: hex(report.teeTcbInfoHash),
      teeInfoHash: hex(report.teeInfoHash),
      reportData: hex(report.reportData),
      mac: hex(report.mac),
      teeTcbInfo: {
        valid: hex64(teeTcbInfo.valid),
        teeTcbSvn: hex(teeTcbInfo.teeTcbSvn),
        mrSeam: hex(teeTcbInfo.mrSeam),
        mrSignerSeam: hex(teeTcbInfo.mrSignerSeam),
        attributes: hex64(teeTcbInfo.attributes),
        teeTcbSvn2: hex(teeTcbInfo.teeTcbSvn2),
      },
      tdInfo: {
        attributes: hex64(tdInfo.attributes),
        xfam: hex64(tdInfo.xfam),
        mrTd: hex(tdInfo.mrTd),
        mrConfigId: hex(tdInfo.mrConfigId),
        mrOwner: hex(tdInfo.mrOwner),
        mrOwnerConfig: hex(tdInfo.mrOwnerConfig),
        ...Object.fromEntries(rtmrs),
        servTdHash: hex(tdInfo.servtdHash),
      },
    },
    fields,
  )
}

for (const name of having('hcl_report.bin')) {
  t.test(`real HCL report: ${name}: wraps a TDREPORT and is none`, async (t) => {
    const hcl = vectorBytes('tdx', name, 'hcl_report.bin')
    t.equal(tdxEvidenceKind(hcl), null)
    throwsCode(t, () => parseTdReport(hcl), 'ERR_TDREPORT_LENGTH')
    throwsCode(t, () => parseTdxQuote(hcl), 'ERR_TDX_VERSION')
    const report = parseTdReport(hcl.subarray(32, 32 + 1024))
    t.equal(hex(report.bytes), hex(vectorBytes('tdx', name, 'tdreport.bin')))
    const length = new DataView(hcl.buffer).getUint32(1232, true)
    const runtimeData = hcl.subarray(1236, 1236 + length)
    t.equal(hex(report.reportData).slice(0, 64), sha256(runtimeData))
  })
}
