// SPDX-License-Identifier: Apache-2.0
// Takes apart what the sidecar of AEP-83 joined: a report, a CEC report and a certificate chain.

import { SIGNATURE_LEN, SUMMARY_SIGNATURE } from '../../assembly/nvidia/layout.js'
import { AttestationError } from '../errors.js'
import { type Core, call, put, settle } from './core.js'
import type { Bytes } from './private-copy.js'

/** The parts of one entry of AEP-83's `gpu_reports`. */
export interface Aep83GpuEvidence {
  /** What `parseGpuReport` reads, and nothing behind it. */
  readonly report: Bytes
  /** The report of the CEC microcontroller as it stands, of unknown structure; null without one. */
  readonly cecReport: Bytes | null
  /** Certificates in PEM, the leaf first; null without any. */
  readonly certChain: Bytes | null
}

/** Room that NVML has for a CEC report (nvml.h, NVML_GPU_CEC_ATTESTATION_REPORT_SIZE). */
const CEC_REPORT_MAX_LEN = 0x1000

const BEGIN = '-----BEGIN CERTIFICATE-----'
/** One certificate with the line ends after it. Its parts cannot match the same character twice. */
const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----(?:\r?\n)*/y
const PADDING = /^[\0\r\n]*$/

/**
 * Splits one `report` of AEP-83's `gpu_reports`: the NVML report, the CEC report if there is one,
 * and the chain in PEM, joined without lengths.
 *
 * The report ends where its own structure says. Only behind that end is text searched for, because
 * anybody who chooses a nonce can write the marker of a certificate into the report. The chain
 * starts at the first marker behind it and must run to the end, so a marker inside the CEC report
 * makes the whole thing refused, never split elsewhere. NULs between or behind are padding.
 *
 * @throws {AttestationError} an `ERR_NVIDIA_…` code; `ERR_NVIDIA_TRAILING` when the bytes behind
 * the report are anything else
 */
export function splitAep83GpuEvidence(bytes: Uint8Array): Aep83GpuEvidence {
  const { report, trailing } = split(bytes)
  // Latin-1 gives every byte one character, so that offsets in the text are offsets in the bytes.
  const text = new TextDecoder('latin1').decode(trailing)
  const begin = text.indexOf(BEGIN)
  if (begin < 0) {
    if (PADDING.test(text)) return { report, cecReport: null, certChain: null }
    throw refusal('no certificate chain follows the GPU report')
  }
  const end = chainEnd(text, begin)
  if (!PADDING.test(text.slice(end))) throw refusal('the chain must run to the end of the evidence')
  return {
    report,
    cecReport: cecReport(trailing.slice(0, begin)),
    certChain: trailing.slice(begin, end),
  }
}

/** The report that `bytes` starts with, and what follows it. */
function split(bytes: Uint8Array): { report: Bytes; trailing: Bytes } {
  return call((c) => {
    const length = put(c, bytes)
    settle(c, c.x.checkNvidiaReport(length))
    const end = reportLength(c)
    return { report: c.input.slice(0, end), trailing: c.input.slice(end, length) }
  })
}

/** Length of the report that the core has just checked. */
export function reportLength({ rows }: Core): number {
  return (rows[SUMMARY_SIGNATURE] as number) + SIGNATURE_LEN
}

/** End of the last of the certificates that stand back to back from `begin` on. */
function chainEnd(text: string, begin: number): number {
  let end = begin
  CERTIFICATE.lastIndex = begin
  while (CERTIFICATE.test(text)) end = CERTIFICATE.lastIndex
  return end
}

function cecReport(bytes: Bytes): Bytes | null {
  if (bytes.length > CEC_REPORT_MAX_LEN) {
    throw refusal(`a CEC report of at most ${CEC_REPORT_MAX_LEN} bytes expected`)
  }
  return bytes.some((byte) => byte !== 0) ? bytes : null
}

function refusal(sentence: string): AttestationError {
  return new AttestationError('ERR_NVIDIA_TRAILING', sentence)
}
