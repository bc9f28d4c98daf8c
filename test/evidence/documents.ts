// SPDX-License-Identifier: Apache-2.0
// Documents of evidence as the tests of src/evidence vary them: plain JSON values, and the ways in
// which every field of each can be wrong.

import type { EvidenceAnswer, QuoteAnswer } from '../../src/protocol.js'
import { base64 } from '../fake/evidence.js'
import { joinAep83, mintGpuReport, mintPemChain, pattern } from '../fake/nvidia.js'
import { mintReport } from '../fake/snp.js'

export const REPORT = mintReport()
export const GPU_REPORT = mintGpuReport({ seed: 1 })
export const GPU_CHAIN = mintPemChain(2)
export const CEC = pattern(300, 4)

const hash = (seed: number): string => base64(pattern(48, seed))

/** Everything that `assay.evidence.v1` can hold. */
export const V1: EvidenceAnswer = {
  format: 'assay.evidence.v1',
  tee: 'snp',
  report: base64(REPORT),
  endorsements: [base64(pattern(1300, 1)), base64(pattern(1600, 2))],
  auxblob: base64(pattern(4000, 3)),
  gpus: [
    { index: 0, evidence: base64(GPU_REPORT), cert_chain: base64(GPU_CHAIN) },
    { index: 7, evidence: base64(pattern(3000, 5)), cert_chain: '' },
  ],
  claims: {
    tls_spki: base64(pattern(120, 6)),
    hpke: base64(pattern(34, 7)),
    user_data: base64(pattern(100, 8)),
  },
  batch: { size: 5, index: 4, claim_path: [hash(1)], nonce_path: [hash(2)] },
}

/** As little as it may hold. */
export const V1_LEAST: EvidenceAnswer = {
  format: 'assay.evidence.v1',
  tee: 'tdx',
  report: base64(pattern(1, 1)),
  endorsements: [],
  auxblob: '',
  gpus: [],
  claims: {},
}

export const QUOTE: QuoteAnswer = {
  report: base64(REPORT),
  cert_chain: '',
  tee_platform: 'snp',
  auxblob: '',
  tls_bound: false,
}

const PARTS = { attestation_report: base64(GPU_REPORT), certificate_chain: base64(GPU_CHAIN) }

/** Both forms of GPU evidence. */
export const QUOTE_GPU: QuoteAnswer = {
  ...QUOTE,
  cert_chain: base64(GPU_CHAIN),
  tee_platform: 'tdx-gpu',
  auxblob: base64(pattern(100, 3)),
  gpu_reports: [
    { device_index: 0, report: base64(joinAep83(GPU_REPORT, GPU_CHAIN)) },
    { device_index: 1, report: base64(joinAep83(GPU_REPORT, GPU_CHAIN)), ...PARTS },
    {
      device_index: 4,
      report: base64(joinAep83(GPU_REPORT, CEC, GPU_CHAIN)),
      ...PARTS,
      cec_report: base64(CEC),
    },
  ],
  tls_bound: true,
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type Path = readonly (string | number)[]

export const copyOf = (value: unknown): Json => JSON.parse(JSON.stringify(value))

/** Every place in a document, containers before what they hold. */
export function paths(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...at, key]))]
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((inner, key) => (inner as Record<string, unknown>)[key], value)
}

/** A copy with another value at `path`; `undefined` takes the member away. */
export function altered(document: unknown, path: Path, value: unknown): Json {
  if (path.length === 0) return value as Json
  const copy = copyOf(document)
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string, unknown>
  const key = path.at(-1) as string
  if (value === undefined && Array.isArray(parent)) parent.splice(Number(key), 1)
  else if (value === undefined) delete parent[key]
  else parent[key] = value
  return copy as Json
}

/** Base64 that decoders let pass, of the same bytes or nearly: stray bits, white space, URL alphabet. */
export const NOT_CANONICAL = [
  'AB==',
  'A',
  'AA=',
  'AA== ',
  'A A==',
  'AA',
  '_-==',
  '\nAA==',
  'AAAA====',
]
