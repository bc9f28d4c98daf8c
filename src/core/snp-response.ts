// SPDX-License-Identifier: Apache-2.0
// What `/dev/sev-guest` answers to SNP_GET_REPORT: a header of the firmware, the report, zero fill.

import { REPORT_LEN } from '../../assembly/snp/layout.js'
import { AttestationError } from '../errors.js'
import { call, put } from './core.js'
import { parseSnpReport, type SnpReport } from './snp.js'

// Linux include/uapi/linux/sev-guest.h, snp_report_resp; AMD 56860, MSG_REPORT_RSP.
const RESPONSE_LEN = 4000
const STATUS_AT = 0x00
const REPORT_SIZE_AT = 0x04
const RESERVED_AT = 0x08
const REPORT_AT = 0x20

/**
 * Reads the report out of the buffer that the ioctl filled, and checks it as `parseSnpReport` does.
 *
 * @throws {AttestationError} `ERR_SNP_RESPONSE` when the length is not 4000, when the firmware
 * reports a failure or another report size, or when a reserved byte is set; the codes of
 * `parseSnpReport` for the report itself
 */
export function snpReportFromIoctl(bytes: Uint8Array): SnpReport {
  return call((c) => {
    const response = c.input.subarray(0, put(c, bytes))
    checkHeader(response)
    return parseSnpReport(response.subarray(REPORT_AT, REPORT_AT + REPORT_LEN))
  })
}

function checkHeader(response: Uint8Array): void {
  if (response.length !== RESPONSE_LEN) {
    throw no(`response of ${RESPONSE_LEN} bytes expected, got ${response.length}`)
  }
  const view = new DataView(response.buffer, response.byteOffset)
  const status = view.getUint32(STATUS_AT, true)
  if (status !== 0) throw no(`STATUS 0x0 expected, got 0x${status.toString(16)}`)
  const size = view.getUint32(REPORT_SIZE_AT, true)
  if (size !== REPORT_LEN) throw no(`REPORT_SIZE ${REPORT_LEN} expected, got ${size}`)
  const at = response.findIndex(
    (byte, i) => byte !== 0 && i >= RESERVED_AT && (i < REPORT_AT || i >= REPORT_AT + REPORT_LEN),
  )
  if (at !== -1)
    throw no(`a reserved byte of the response is not zero (offset 0x${at.toString(16)})`)
}

function no(message: string): AttestationError {
  return new AttestationError('ERR_SNP_RESPONSE', message)
}
