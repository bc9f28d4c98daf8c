// SPDX-License-Identifier: Apache-2.0
// The firmware of the test world is that of the simulated machine.

export {
  MODELS,
  mintReport,
  type ReportFields,
  writeSignature,
} from '../../src/simulate/snp-report.js'
