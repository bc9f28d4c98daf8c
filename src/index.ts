// SPDX-License-Identifier: Apache-2.0
// The public names of `assay`.

export { type CertKind, type CertTableEntry, parseCertTable } from './core/cert-table.js'
export {
  type Cpuid,
  decodeTcb,
  type FirmwareVersion,
  type PlatformInfoBits,
  type PolicyBits,
  type Product,
  parseSnpReport,
  productOf,
  type SnpReport,
  type Tcb,
  tcbAtLeast,
} from './core/snp.js'
export { snpReportFromIoctl } from './core/snp-response.js'
export { AttestationError, CODES, type Code, type Layer } from './errors.js'
