// SPDX-License-Identifier: Apache-2.0
// The answer of AEP-83's `POST /quote`, with both forms of GPU evidence.

import * as v from 'valibot'
import { equalBytes, joinBytes } from '../core/bytes.js'
import { splitAep83GpuEvidence } from '../core/nvidia-aep83.js'
import type { Bytes } from '../core/private-copy.js'
import { hasGpus, LIMITS, PLATFORMS, type QuoteAnswer, TEE_OF_PLATFORM } from '../protocol.js'
import { checkIndices } from './gpus.js'
import { bytes, integer, list, malformed, type Place, read } from './schema.js'
import type { Evidence, GpuEvidence } from './types.js'

const GPU_REPORT = v.object({
  device_index: integer(0, 0xffffffff),
  report: bytes(1, LIMITS.gpuEvidence),
  attestation_report: v.exactOptional(bytes(1, LIMITS.gpuEvidence)),
  cec_report: v.exactOptional(bytes(0, LIMITS.gpuEvidence)),
  certificate_chain: v.exactOptional(bytes(0, LIMITS.gpuCertChain)),
})

/** Open: sidecars of other people add members, and their protocol version does not say so. */
export const QUOTE_ANSWER = v.object({
  report: bytes(1, LIMITS.report),
  cert_chain: bytes(0, LIMITS.endorsement),
  tee_platform: v.picklist(PLATFORMS),
  auxblob: bytes(0, LIMITS.auxblob),
  gpu_reports: v.exactOptional(list(GPU_REPORT, LIMITS.gpus)),
  tls_bound: v.boolean(),
}) satisfies v.GenericSchema<QuoteAnswer, unknown>

/**
 * A platform with GPUs must show them and one without must not: a list that is merely empty would
 * let the CPU vouch for GPUs that nobody saw.
 *
 * @throws {AttestationError} `place.code`; an `ERR_NVIDIA_…` code for GPU evidence of the joined
 * form that cannot be taken apart
 */
export function readAep83(value: unknown, place: Place): Evidence {
  const answer = read(QUOTE_ANSWER, value, place)
  const { report, cert_chain, tee_platform, auxblob, gpu_reports = [], tls_bound } = answer
  if (hasGpus(tee_platform) !== gpu_reports.length > 0) {
    const wanted = hasGpus(tee_platform) ? 'expected' : 'not expected'
    throw malformed(place, 'gpu_reports', `${wanted} on platform ${tee_platform}`)
  }
  const indices = gpu_reports.map(({ device_index }) => ({ index: device_index }))
  checkIndices(indices, (at) =>
    malformed(place, `gpu_reports[${at}].device_index`, 'ascending order expected'),
  )
  return {
    tee: TEE_OF_PLATFORM[tee_platform],
    mode: tls_bound ? 'tls' : 'raw',
    report,
    endorsements: cert_chain.length > 0 ? [cert_chain] : [],
    auxblob,
    gpus: gpu_reports.map((gpu, at) => readGpu(gpu, at, place)),
    claims: { tlsSpki: null, hpke: null, userData: null },
    batch: null,
  }
}

type GpuReport = v.InferOutput<typeof GPU_REPORT>

function readGpu(gpu: GpuReport, at: number, place: Place): GpuEvidence {
  const { device_index: index, report, attestation_report: evidence } = gpu
  if (evidence) return { index, evidence, certChain: readParts(gpu, evidence, at, place) }
  for (const name of ['cec_report', 'certificate_chain'] as const) {
    if (gpu[name]) throw malformed(place, `gpu_reports[${at}].attestation_report`, 'missing')
  }
  const split = splitAep83GpuEvidence(report)
  return { index, evidence: split.report, certChain: split.certChain ?? new Uint8Array() }
}

/** The joined form beside the parts must be them, or two readers would judge two things. */
function readParts(gpu: GpuReport, evidence: Bytes, at: number, place: Place): Bytes {
  const { report, cec_report: cec = new Uint8Array(), certificate_chain: chain } = gpu
  const path = `gpu_reports[${at}]`
  if (!chain) throw malformed(place, `${path}.certificate_chain`, 'missing')
  if (!equalBytes(joinBytes([evidence, cec, chain]), report)) {
    throw malformed(place, `${path}.report`, 'its parts expected')
  }
  return chain
}
