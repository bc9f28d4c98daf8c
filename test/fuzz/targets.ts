// SPDX-License-Identifier: Apache-2.0
// Every parser of evidence, with well-formed inputs to start from: synthetic ones always, real ones
// where they are at hand.

import { readdirSync } from 'node:fs'
import { parseCertTable } from '../../src/core/cert-table.js'
import { parseGpuReport, splitAep83GpuEvidence } from '../../src/core/nvidia.js'
import { parseSnpReport } from '../../src/core/snp.js'
import { snpReportFromIoctl } from '../../src/core/snp-response.js'
import { parseTdReport } from '../../src/core/tdreport.js'
import { parseTdxQuote } from '../../src/core/tdx.js'
import { readFile } from '../../src/evidence/bundle.js'
import { encodeBundle, parseEvidence } from '../../src/evidence.js'
import { plain } from '../../src/plain.js'
import { parseCrl } from '../../src/verify/crl.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { QUOTE, QUOTE_GPU, V1, V1_LEAST } from '../evidence/documents.js'
import { mintAmd } from '../fake/amd.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { joinAep83, mintGpuReport, mintPemChain } from '../fake/nvidia.js'
import { mintReport } from '../fake/snp.js'
import { mintQuote, mintTdReport } from '../fake/tdx.js'
import { type Family, vectorBytes, vectorPath, vectors } from '../vectors.js'

export interface Target {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** Parses and reads every field. */
  readonly parse: (input: Uint8Array) => void
}

/** Files of the real vectors of a family whose name matches, and that `parse` accepts. */
function real(family: Family, pattern: RegExp, parse: Target['parse']): Uint8Array[] {
  return vectors(family).flatMap((name) =>
    (readdirSync(vectorPath(family, name), { recursive: true }) as string[])
      .filter((file) => pattern.test(file))
      .map((file) => vectorBytes(family, name, file))
      .filter((bytes) => {
        try {
          parse(bytes)
          return true
        } catch {
          return false
        }
      }),
  )
}

function target(
  name: string,
  parse: Target['parse'],
  synthetic: readonly Uint8Array[],
  family: Family,
  pattern: RegExp,
): Target {
  return { name, parse, seeds: [...synthetic, ...real(family, pattern, parse)] }
}

export async function targets(): Promise<Target[]> {
  const reports = ([2, 3, 4, 5] as const).flatMap((version) =>
    (['Milan', 'Genoa', 'Turin'] as const).map((product) => mintReport({ version, product })),
  )
  const response = new Uint8Array(4000)
  response.set([0xa0, 0x04], 4)
  response.set(reports[0] as Uint8Array, 0x20)
  const gpu = mintGpuReport()
  const joined = joinAep83(gpu, mintPemChain())
  const table = mintCertTable([
    [GUIDS.vcek, new Uint8Array(1360).fill(1)],
    [GUIDS.ask, new Uint8Array(1600).fill(2)],
  ])
  const amd = await mintAmd()
  const answers = [V1, V1_LEAST, QUOTE, QUOTE_GPU]
  const bundles = answers.map((answer) =>
    encodeBundle({
      answer,
      nonce: new Uint8Array(64),
      channelSpki: new Uint8Array(120),
      endorsements: amd.chain,
    }),
  )
  return [
    target('snp', (b) => plain(parseSnpReport(b)), reports, 'snp', /(^|\/)report.*\.bin$/),
    target('snp-response', (b) => snpReportFromIoctl(b), [response], 'snp', /report-resp\.bin$/),
    target('cert-table', (b) => parseCertTable(b), [table], 'snp', /auxblob\.bin$/),
    target(
      'tdx-quote',
      (b) => plain(parseTdxQuote(b)),
      [mintQuote(), mintQuote({ version: 5, bodyType: 3 }), mintQuote({ version: 5, bodyType: 4 })],
      'tdx',
      /\.bin$/,
    ),
    target(
      'tdreport',
      (b) => plain(parseTdReport(b)),
      [mintTdReport(0), mintTdReport(1)],
      'tdx',
      /tdreport\.bin$/,
    ),
    target('gpu', (b) => plain(parseGpuReport(b)), [gpu], 'nvidia', /evidence\.bin$/),
    target('gpu-aep83', (b) => splitAep83GpuEvidence(b), [gpu, joined], 'nvidia', /evidence\.bin$/),
    target(
      'certificate',
      (b) => parseCertificate(new Uint8Array(b)),
      amd.chain,
      'snp',
      /(vcek|vlek|ark|ask|asvk).*\.der$/,
    ),
    target('crl', (b) => parseCrl(new Uint8Array(b)), [await amd.crl()], 'snp', /crl\.der$/),
    {
      name: 'evidence',
      seeds: answers.map((answer) => Buffer.from(JSON.stringify(answer))),
      parse: (b) => parseEvidence(b),
    },
    {
      name: 'bundle',
      seeds: bundles.map((text) => Buffer.from(text)),
      parse: (b) => readFile(b, { code: 'ERR_EVIDENCE_FORMAT', within: '' }),
    },
  ]
}
