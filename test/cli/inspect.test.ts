// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { V1, V1_LEAST } from '../evidence/documents.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { base64 } from '../fake/evidence.js'
import { joinAep83, mintGpuReport, mintPemChain, pattern } from '../fake/nvidia.js'
import { mintReport } from '../fake/snp.js'
import { mintQuote, mintTdReport } from '../fake/tdx.js'
import { changed } from '../helpers.js'
import { assay } from './terminal.js'

const dir = mkdtempSync(path.join(tmpdir(), 'assay-inspect-'))
let files = 0
const file = (content: Uint8Array | string): string => {
  const name = path.join(dir, `${files++}.bin`)
  writeFileSync(name, content)
  return name
}

const KINDS: Record<string, readonly [evidence: Uint8Array, field: string]> = {
  snp: [mintReport({ version: 5, product: 'Turin' }), 'measurement'],
  tdx: [mintQuote(), 'body'],
  tdreport: [mintTdReport(1), 'reportData'],
  gpu: [mintGpuReport(), 'measurements'],
  certs: [mintCertTable([[GUIDS.vcek, Uint8Array.of(0x30, 0x00)]]), 'certificates'],
}

for (const [kind, [evidence, field]] of Object.entries(KINDS)) {
  t.test(`inspect: ${kind}, recognised and decoded, and not verified`, async (t) => {
    const name = file(evidence)
    const text = await assay(['inspect', name])
    t.equal(text.code, 0)
    t.equal(text.err, '')
    t.match(text.out, /^[^\n]+: decoded, NOT verified\n/)
    t.match(text.out, new RegExp(`\\b${field}\\b`))
    const json = await assay(['inspect', name, '--json'])
    const decoded = JSON.parse(json.out)
    t.equal(decoded.kind, kind)
    t.equal(decoded.verified, false)
    t.ok(field in decoded.evidence)
    t.same(JSON.parse((await assay(['inspect', name, '--json', '--as', kind])).out), decoded)
  })
}

t.test('inspect: TCBs are decoded where the report names its product', async (t) => {
  const genoa = await assay([
    'inspect',
    file(mintReport({ version: 3, product: 'Genoa' })),
    '--json',
  ])
  t.equal(JSON.parse(genoa.out).evidence.reportedTcb.fmc, null)
  t.type(JSON.parse(genoa.out).evidence.reportedTcb.snp, 'number')
  const v2 = await assay(['inspect', file(mintReport({ version: 2, product: 'Genoa' })), '--json'])
  t.match(JSON.parse(v2.out).evidence.reportedTcb, /^[0-9a-f]{16}$/)
})

t.test('inspect: a switch is GPU evidence, and its counters stand in a line', async (t) => {
  const name = file(mintGpuReport({ shape: 'switch' }))
  const { kind, evidence } = JSON.parse((await assay(['inspect', name, '--json'])).out)
  t.equal(kind, 'gpu')
  t.equal(evidence.kind, 'switch')
  const { out } = await assay(['inspect', name])
  t.match(out, new RegExp(`msrscnt +${evidence.opaqueData.msrscnt.join(' ')}\\n`))
})

t.test('inspect: what is too long for people is whole in JSON', async (t) => {
  const name = file(mintQuote())
  const { data } = JSON.parse((await assay(['inspect', name, '--json'])).out).evidence
    .certificationData
  const { out } = await assay(['inspect', name])
  t.notMatch(out, data)
  t.match(out, new RegExp(`data +${data.slice(0, 64)}… \\(${data.length} characters`))
})

t.test('inspect: a GPU report joined with its chain', async (t) => {
  const joined = joinAep83(mintGpuReport(), mintPemChain())
  const { out } = await assay(['inspect', file(joined), '--json'])
  t.match(JSON.parse(out).evidence.certChain, /^-----BEGIN CERTIFICATE-----/)
  const text = await assay(['inspect', file(joined)])
  t.match(
    text.out,
    /certChain +-----BEGIN CERTIFICATE-----… \(\d+ characters, whole with --json\)\n/,
  )
})

t.test('inspect: damaged evidence is one line with its code', async (t) => {
  const report = mintReport()
  const cases: readonly (readonly [Uint8Array, code: string])[] = [
    [report.subarray(0, 1183), 'ERR_SNP_LENGTH'],
    [Buffer.concat([report, Buffer.alloc(1)]), 'ERR_SNP_LENGTH'],
    [changed(report, (copy) => copy.fill(6, 0, 1)), 'ERR_SNP_VERSION'],
    [changed(report, (copy) => copy.fill(1, 0x4c, 0x4d)), 'ERR_SNP_RESERVED'],
    [mintQuote().subarray(0, 600), 'ERR_TDX_LENGTH'],
    [Buffer.from('hello, world'), 'ERR_EVIDENCE_UNKNOWN'],
    [Uint8Array.of(1, 2), 'ERR_EVIDENCE_UNKNOWN'],
    [Uint8Array.of(0x30, 0x82, 4, 0), 'ERR_EVIDENCE_UNKNOWN'],
    [new Uint8Array(40), 'ERR_EVIDENCE_UNKNOWN'],
    [Buffer.from('[1]'), 'ERR_EVIDENCE_UNKNOWN'],
  ]
  for (const [bytes, code] of cases) {
    const { code: exit, out, err } = await assay(['inspect', file(bytes)])
    t.equal(exit, 10)
    t.equal(out, '')
    t.match(err, new RegExp(`^assay: ${code}[:,] [^\\n]+\\n$`))
  }
})

t.test('inspect: an evidence file, each report in it decoded', async (t) => {
  const bundle = {
    format: 'assay.bundle.v1',
    nonce: base64(pattern(32, 1)),
    evidence: V1,
    endorsements: [],
  }
  const gpus = V1.gpus.length
  for (const document of [V1, bundle]) {
    const name = file(`\n${JSON.stringify({ ...document })}`)
    const { kind, verified, evidence } = JSON.parse((await assay(['inspect', name, '--json'])).out)
    t.same([kind, verified], ['evidence', false])
    t.match(evidence, { tee: 'snp', mode: 'batch', report: { measurement: /^[0-9a-f]{96}$/ } })
    t.equal(evidence.gpus.length, gpus)
    t.match(evidence.gpus[1], { index: 7, unreadable: /^ERR_NVIDIA_/, certChain: null })
    t.match(evidence.gpus[0], { index: V1.gpus[0]?.index, kind: 'gpu', measurements: Array })
    const { out } = await assay(['inspect', name])
    t.match(out, new RegExp(`^batch evidence of SNP with ${gpus} GPUs?: decoded, NOT verified\n`))
    t.match(out, /\n {2}gpus\n {4}0\n {6}index/)
  }
  const { out } = await assay(['inspect', file(JSON.stringify(V1_LEAST)), '--json'])
  t.match(JSON.parse(out).evidence, {
    ...{ mode: 'bound', batch: null, auxblob: null, gpus: [] },
    report: { unreadable: /^ERR_TDX_LENGTH: / },
  })
  const chainless = { ...V1, gpus: V1.gpus.slice(0, 1).map((gpu) => ({ ...gpu, cert_chain: '' })) }
  const one = await assay(['inspect', file(JSON.stringify(chainless))])
  t.match(one.out, /^batch evidence of SNP with 1 GPU:/)
  t.match(one.out, /certChain +-\n/)
  const wrong = await assay(['inspect', file('{"format": 1}')])
  t.equal(wrong.code, 30)
  t.match(wrong.err, /^assay: ERR_FILE_FORMAT: /)
})

t.test('inspect: evidence tells no terminal what to do', async (t) => {
  const [gpu] = V1.gpus
  for (const [text, shown] of [
    ['\x1b[2Jclean\r', /certChain +\\u\{1b\}\[2Jclean\\u\{d\}\n/],
    ['\x1b[2J\u202e\nclean', /certChain +\\u\{1b\}\[2J\\u\{202e\}… \(\d+ characters/],
  ] as const) {
    const cert_chain = base64(new TextEncoder().encode(text))
    const name = file(JSON.stringify({ ...V1, gpus: [{ ...gpu, cert_chain }] }))
    const { out } = await assay(['inspect', name])
    t.match(out, shown)
    t.notMatch(out.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  }
})

t.test('inspect: --as decodes as told', async (t) => {
  const { code, err } = await assay(['inspect', file(mintReport()), '--as', 'tdx'])
  t.equal(code, 10)
  t.match(err, /ERR_TDX_/)
  t.equal((await assay(['inspect', file(mintReport()), '--as', 'sgx'])).code, 30)
})

t.test('inspect: a certificate table that the host left empty', async (t) => {
  const { out } = await assay(['inspect', file(mintCertTable([])), '--as', 'certs'])
  t.match(out, /\n {2}certificates {2}none\n/)
})
