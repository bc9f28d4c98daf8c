// SPDX-License-Identifier: Apache-2.0
// The report of one device as appraisal needs it: read once, whole, and with nothing behind it.

import { isZero } from '../core/bytes.js'
import { type GpuReport, type OpaqueData, parseGpuReport } from '../core/nvidia.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'

/** A report, and what its opaque data says. */
export interface DeviceReport {
  readonly report: GpuReport
  readonly data: OpaqueData
  readonly vbiosVersion: string
}

/**
 * Reads it. NVML's buffer is longer than a report, and some pass on NULs of what is left of it; they
 * are in no report. Anything else behind it belongs to somebody who takes it apart first.
 *
 * @throws {AttestationError} an `ERR_NVIDIA_…` code of the structure
 */
export function readReport(evidence: Bytes): DeviceReport {
  const report = parseGpuReport(evidence)
  const { trailingBytes, kind, opaqueData: data } = report
  if (!isZero(evidence.subarray(evidence.length - trailingBytes))) {
    throw new AttestationError(
      'ERR_NVIDIA_TRAILING',
      `${trailingBytes} bytes follow the GPU report`,
    )
  }
  const { vbiosVersion, driverVersion } = data
  if (vbiosVersion === null || (kind === 'gpu' && driverVersion === null)) {
    throw new AttestationError('ERR_NVIDIA_OPAQUE', 'the report names no VBIOS or no driver')
  }
  return { report, data, vbiosVersion }
}
