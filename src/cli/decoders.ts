// SPDX-License-Identifier: Apache-2.0
// Evidence of each kind, decoded for people and JSON. Nothing is verified.

import { parseCertTable } from '../core/cert-table.js'
import { parseGpuReport, splitAep83GpuEvidence } from '../core/nvidia.js'
import { decodeTcb, parseSnpReport, type SnpReport } from '../core/snp.js'
import { parseTdReport } from '../core/tdreport.js'
import { parseTdxQuote } from '../core/tdx.js'
import { AttestationError } from '../errors.js'
import { type GpuEvidence, parseEvidenceFile } from '../evidence.js'
import { type Plain, plain } from '../plain.js'
import { attempt } from '../verify/result.js'
import type { Kind } from './evidence-kind.js'

type Fields = { [name: string]: Plain }

export interface Decoded {
  readonly title: string
  readonly fields: Fields
}

export const DECODERS: Record<Kind, (bytes: Uint8Array) => Decoded> = {
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
  evidence: decodeFile,
  certs: (bytes) => ({
    title: 'SEV-SNP certificate table (filled by the host)',
    fields: { certificates: plain(parseCertTable(bytes)) },
  }),
}

function decodeSnp(bytes: Uint8Array): Decoded {
  const report = parseSnpReport(bytes)
  const title = `AMD SEV-SNP attestation report, version ${report.version}`
  return { title, fields: { ...fieldsOf(report, ['bytes', 'signedBytes']), ...tcbs(report) } }
}

/** TCBs decoded where the report says on what product; version 2 does not, and they stay raw. */
function tcbs(report: SnpReport): Fields {
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
      ...gpuFields(report),
      cecReport: plain(cecReport),
      certChain: certChain && new TextDecoder().decode(certChain),
    },
  }
}

const fieldsOf = (view: object, omit: readonly string[]): Fields => plain(view, omit) as Fields

/** An answer of an Attester, or a bundle: what it says of itself, then each report that is in it. */
function decodeFile(bytes: Uint8Array): Decoded {
  const { evidence, nonce } = parseEvidenceFile(bytes)
  const { tee, mode, report, claims, gpus, batch, endorsements, auxblob } = evidence
  const devices = gpus.length > 0 ? ` with ${gpus.length} GPU${gpus.length > 1 ? 's' : ''}` : ''
  return {
    title: `${mode} evidence of ${tee.toUpperCase()}${devices}`,
    fields: {
      ...{ tee, mode, nonce: plain(nonce), claims: plain(claims), batch: plain(batch) },
      report: ofOne(() => DECODERS[tee](report).fields),
      endorsements: plain(endorsements),
      auxblob: auxblob.length > 0 ? plain(auxblob) : null,
      gpus: gpus.map(decodeDevice),
    },
  }
}

const decodeDevice = ({ index, evidence, certChain }: GpuEvidence): Fields => ({
  index,
  ...ofOne(() => gpuFields(evidence)),
  certChain: certChain.length > 0 ? new TextDecoder().decode(certChain) : null,
})

/** One unreadable report hides none of the others. */
function ofOne(decode: () => Fields): Fields {
  const decoded = attempt(decode)
  if (!(decoded instanceof AttestationError)) return decoded
  return { unreadable: `${decoded.code}: ${decoded.message}` }
}

const gpuFields = (report: Uint8Array): Fields =>
  fieldsOf(parseGpuReport(report), ['bytes', 'signedBytes'])
