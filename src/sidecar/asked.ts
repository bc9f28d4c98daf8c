// SPDX-License-Identifier: Apache-2.0
// Whether what came back is the report that was asked for: the last look before evidence is served.

import { REQUEST_NONCE_AT, REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import * as at from '../../assembly/snp/layout.js'
import { equalBytes } from '../core/bytes.js'
import { type Bytes, PrivateCopy } from '../core/private-copy.js'
import { parseSnpReport, type SnpReport } from '../core/snp.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { parseTdxQuote } from '../core/tdx.js'
import { AttestationError } from '../errors.js'
import type { Tee } from '../protocol.js'
import type { GpuReport } from './surface.js'

/** What REPORT_DATA and VMPL have to say. `vmpl` is nothing to TDX. */
export interface Asked {
  readonly reportData: Uint8Array
  readonly vmpl: number
}

/** @throws {AttestationError} `ERR_REPORT_DATA_LENGTH` for anything but 64 bytes */
export function checkReportDataLength({ length }: Uint8Array): void {
  if (length === at.REPORT_DATA_LEN) return
  throw new AttestationError(
    'ERR_REPORT_DATA_LENGTH',
    `"report_data" expected ${at.REPORT_DATA_LEN} bytes, got ${length}`,
  )
}

/**
 * Refuses what the firmware would: that costs a request, and the kernel hides why.
 *
 * @throws {AttestationError} `ERR_LEVEL_FLOOR`
 */
export function checkLevel(vmpl: number, floor: number): void {
  if (Number.isInteger(vmpl) && vmpl >= floor && vmpl <= VMPL_MAX) return
  throw new AttestationError(
    'ERR_LEVEL_FLOOR',
    `VMPL expected ${floor} to ${VMPL_MAX}, got ${vmpl}`,
  )
}

/**
 * The report alone, without what may follow a TDX quote: drivers before Linux 7.0 hand out as many
 * bytes as the host says, and those behind the quote are nobody's to see.
 *
 * @throws {AttestationError} `ERR_DEVICE_ANSWER` for anything but a sound report over what was asked
 */
export function checkAnswer(tee: Tee, answer: Uint8Array, asked: Asked): Bytes {
  return tee === 'snp' ? snpReport(answer, asked) : tdxQuote(answer, asked)
}

/**
 * @param nonce what all GPUs were asked
 * @throws {AttestationError} `ERR_GPU_EVIDENCE` for evidence over another one
 */
export function checkGpuAnswers(answers: readonly GpuReport[], nonce: Uint8Array): void {
  for (const { index, report } of answers) {
    const answered = report.subarray(REQUEST_NONCE_AT, REQUEST_NONCE_AT + REQUEST_NONCE_LEN)
    if (equalBytes(answered, nonce)) continue
    throw new AttestationError(
      'ERR_GPU_EVIDENCE',
      `GPU ${index} answered another nonce than it was asked`,
    )
  }
}

function snpReport(answer: Uint8Array, { reportData, vmpl }: Asked): Bytes {
  const report = parsed('SNP report', () => readSnp(answer))
  checkReportData(report.reportData, reportData)
  if (report.vmpl !== vmpl) throw wrong(`VMPL expected ${vmpl}, got ${report.vmpl}`)
  return report.bytes
}

type Stated = Pick<SnpReport, 'reportData' | 'vmpl' | 'bytes'>

/**
 * A version that is newer than this sidecar is for a verifier to read: what was asked stands where it
 * always stood, in a report of the length that all versions have.
 */
function readSnp(answer: Uint8Array): Stated {
  try {
    return parseSnpReport(answer)
  } catch (error) {
    if (!(error instanceof AttestationError) || error.code !== 'ERR_SNP_VERSION') throw error
    const report = new PrivateCopy(answer)
    if (report.u32(at.VERSION_AT) < at.VERSION_MAX) throw error
    return {
      reportData: report.bytes(at.REPORT_DATA_AT, at.REPORT_DATA_LEN),
      vmpl: report.u32(at.VMPL_AT),
      bytes: report.bytes(0, at.REPORT_LEN),
    }
  }
}

function tdxQuote(answer: Uint8Array, { reportData }: Asked): Bytes {
  const quote = parsed('TDX quote', () => parseTdxQuote(answer))
  checkReportData(quote.body.reportData, reportData)
  return quote.bytes
}

function parsed<Report>(what: string, parse: () => Report): Report {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof AttestationError) || cause.layer !== 'evidence') throw cause
    throw wrong(`the device gave no ${what}: ${cause.message}`, { cause })
  }
}

function checkReportData(got: Uint8Array, asked: Uint8Array): void {
  if (!equalBytes(asked, got)) {
    throw wrong('REPORT_DATA is not what was asked for')
  }
}

const wrong = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_DEVICE_ANSWER', message, options)
