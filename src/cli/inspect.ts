// SPDX-License-Identifier: Apache-2.0
// `assay inspect`: decodes any kind of evidence, verifies nothing, and says so.

import { Command, Option } from 'commander'
import { parseCertTable } from '../core/cert-table.js'
import { parseGpuReport, splitAep83GpuEvidence } from '../core/nvidia.js'
import { decodeTcb, parseSnpReport, type SnpReport } from '../core/snp.js'
import { parseTdReport } from '../core/tdreport.js'
import { parseTdxQuote } from '../core/tdx.js'
import { type Plain, plain } from '../plain.js'
import { evidenceKind, KINDS, type Kind } from './evidence-kind.js'
import { readInput } from './files.js'
import { formatFields } from './format.js'
import type { Io } from './io.js'

interface Decoded {
  readonly title: string
  readonly fields: { [name: string]: Plain }
}

const DECODERS: Record<Kind, (bytes: Uint8Array) => Decoded> = {
  snp: decodeSnp,
  tdx: (bytes) => {
    const quote = parseTdxQuote(bytes)
    return { title: 'Intel TDX quote', fields: fieldsOf(quote, ['bytes', 'signedBytes']) }
  },
  tdreport: (bytes) => ({
    title: 'Intel TDREPORT (not verifiable away from the machine that made it)',
    fields: fieldsOf(parseTdReport(bytes), ['bytes']),
  }),
  gpu: decodeGpu,
  certs: (bytes) => ({
    title: 'SEV-SNP certificate table (filled by the host)',
    fields: { certificates: plain(parseCertTable(bytes)) },
  }),
}

export function inspectCommand(io: Io): Command {
  return new Command('inspect')
    .description('decode a report, quote, GPU evidence or certificate table; verifies nothing')
    .argument('<file>', 'the evidence, or - for standard input')
    .addOption(new Option('--as <kind>', 'decode as this kind').choices(KINDS))
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: { as?: Kind; json?: boolean }) => {
      const bytes = await readInput(file, io)
      const kind = options.as ?? evidenceKind(bytes)
      const { title, fields } = DECODERS[kind](bytes)
      if (options.json) {
        io.out(`${JSON.stringify({ kind, verified: false, evidence: fields }, null, 2)}\n`)
      } else {
        io.out(`${title}: decoded, NOT verified\n${formatFields(fields)}`)
      }
    })
}

function decodeSnp(bytes: Uint8Array): Decoded {
  const report = parseSnpReport(bytes)
  const title = `AMD SEV-SNP attestation report, version ${report.version}`
  return { title, fields: { ...fieldsOf(report, ['bytes', 'signedBytes']), ...tcbs(report) } }
}

/** TCBs decoded where the report says on what product; version 2 does not, and they stay raw. */
function tcbs(report: SnpReport): { [name: string]: Plain } {
  const { product } = report
  if (product === null) return {}
  const names = ['currentTcb', 'reportedTcb', 'committedTcb', 'launchTcb'] as const
  return Object.fromEntries(names.map((name) => [name, plain(decodeTcb(report[name], product))]))
}

function decodeGpu(bytes: Uint8Array): Decoded {
  const { report, cecReport, certChain } = splitAep83GpuEvidence(bytes)
  return {
    title: 'NVIDIA GPU attestation report',
    fields: {
      ...fieldsOf(parseGpuReport(report), ['bytes', 'signedBytes']),
      cecReport: plain(cecReport),
      certChain: certChain && new TextDecoder().decode(certChain),
    },
  }
}

const fieldsOf = (view: object, omit: readonly string[]): { [name: string]: Plain } =>
  plain(view, omit) as { [name: string]: Plain }
