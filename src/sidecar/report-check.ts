// SPDX-License-Identifier: Apache-2.0
// Whether a device answered what it was asked. This is no verdict: nothing is verified, and a report
// over other bytes is a fault of the platform, which must not leave the guest as evidence.

import { equalBytes } from '../core/bytes.js'
import { parseSnpReport } from '../core/snp.js'
import { parseTdxQuote } from '../core/tdx.js'
import { AttestationError } from '../errors.js'
import type { Tee } from '../protocol.js'

/** What a report must state to answer the request. */
export interface Asked {
  /** 64 bytes. */
  readonly reportData: Uint8Array
  /** SNP only. */
  readonly vmpl: number
}

/** @throws {AttestationError} `ERR_DEVICE_ANSWER` */
export function checkReport(tee: Tee, report: Uint8Array, asked: Asked): void {
  const stated = read(tee, report)
  if (!equalBytes(stated.reportData, asked.reportData)) {
    throw wrong('the report is over other REPORT_DATA than was asked for')
  }
  if (stated.vmpl !== null && stated.vmpl !== asked.vmpl) {
    throw wrong(`a report of VMPL ${asked.vmpl} expected, got VMPL ${stated.vmpl}`)
  }
}

function read(tee: Tee, report: Uint8Array): { reportData: Uint8Array; vmpl: number | null } {
  try {
    if (tee === 'snp') return parseSnpReport(report)
    return { reportData: parseTdxQuote(report).body.reportData, vmpl: null }
  } catch (cause) {
    throw wrong('the device answered with something else than a report', { cause })
  }
}

const wrong = (message: string, options?: ErrorOptions) =>
  new AttestationError('ERR_DEVICE_ANSWER', message, options)
