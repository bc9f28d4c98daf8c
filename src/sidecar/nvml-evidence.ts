// SPDX-License-Identifier: Apache-2.0
// What one GPU says of itself: its attestation report over a nonce, and the certificates of the key
// that signed it (nvml.h).

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { type Memory, memory, viewOf } from './foreign.js'
import type { Nvml, NvmlAnswer, NvmlDevice } from './nvml.js'

// nvmlConfComputeGpuCertificate_t. Of its two chains this one leads to the key of the report.
const CERTIFICATE_LEN = 9224
const CHAIN_LENGTH_AT = 4
const CHAIN_AT = 4104
const CHAIN_ROOM = 5120

// nvmlConfComputeGpuAttestationReport_t
const EVIDENCE_LEN = 12332
const CEC_PRESENT_AT = 0
const REPORT_LENGTH_AT = 4
const CEC_LENGTH_AT = 8
const NONCE_AT = 12
const REPORT_AT = 44
const REPORT_ROOM = 8192
const CEC_AT = 8236
const CEC_ROOM = 4096

const PEM_BEGIN = '-----BEGIN CERTIFICATE-----'

export interface GpuAttestation {
  /** SPDM GET_MEASUREMENTS request and response. */
  readonly report: Bytes
  /** Of the CEC, where the board has one. */
  readonly cec: Bytes | null
}

/**
 * A report over `nonce`, of 32 bytes. The driver of a GPU that fails this takes it for an attack, and
 * gives up confidential computing until the guest is started again.
 *
 * @throws {AttestationError} `ERR_GPU_EVIDENCE` for lengths that are none
 */
export function readReport(
  nvml: Nvml,
  device: NvmlDevice,
  nonce: Uint8Array,
): Promise<NvmlAnswer<GpuAttestation>> {
  const out = memory(EVIDENCE_LEN)
  out.bytes.set(nonce, NONCE_AT)
  return nvml.read('nvmlDeviceGetConfComputeGpuAttestationReport', out, attestationOf, [
    device,
    out,
  ])
}

/**
 * The certificates of the key that signs the reports, in PEM, leaf first.
 *
 * @throws {AttestationError} `ERR_GPU_EVIDENCE` for anything else
 */
export function readChain(nvml: Nvml, device: NvmlDevice): Promise<NvmlAnswer<Bytes>> {
  const out = memory(CERTIFICATE_LEN)
  return nvml.read('nvmlDeviceGetConfComputeGpuCertificate', out, chainOf, [device, out])
}

function attestationOf(out: Memory): GpuAttestation {
  const hasCec = wordAt(out, CEC_PRESENT_AT) !== 0
  return {
    report: part(out, REPORT_AT, wordAt(out, REPORT_LENGTH_AT), REPORT_ROOM, 'report'),
    cec: hasCec ? part(out, CEC_AT, wordAt(out, CEC_LENGTH_AT), CEC_ROOM, 'CEC report') : null,
  }
}

function chainOf(out: Memory): Bytes {
  const chain = part(out, CHAIN_AT, wordAt(out, CHAIN_LENGTH_AT), CHAIN_ROOM, 'certificate chain')
  // A length that counts the end of a C string.
  const end = chain.indexOf(0)
  const pem = end < 0 ? chain : chain.slice(0, end)
  if (new TextDecoder('latin1').decode(pem).startsWith(PEM_BEGIN)) return pem
  throw new AttestationError('ERR_GPU_EVIDENCE', 'the certificate chain of a GPU is no PEM')
}

function part(out: Memory, at: number, length: number, room: number, what: string): Bytes {
  if (length >= 1 && length <= room) return out.bytes.slice(at, at + length)
  throw new AttestationError(
    'ERR_GPU_EVIDENCE',
    `the ${what} of a GPU expected 1 to ${room} bytes, got ${length}`,
  )
}

const wordAt = (out: Memory, at: number): number => viewOf(out).getUint32(at, true)
