// SPDX-License-Identifier: Apache-2.0
// The exports of the module, and nothing else.

import { inputAt, outputAt } from './arena'
import { digest } from './sha2'

export { INPUT_CAPACITY, inputAt, OUTPUT_CAPACITY, outputAt } from './arena'
export { checkTable as checkCertTable } from './snp/certs'
export { checkReport as checkSnpReport } from './snp/report'
export { checkQuote as checkTdxQuote } from './tdx/quote'
export { checkReport as checkTdReport } from './tdx/tdreport'

/** SHA-384 of the first `length` bytes of the input window, to the output window. */
export function sha384(length: i32): void {
  digest(48, inputAt, length, outputAt)
}

/** SHA-512 of the first `length` bytes of the input window, to the output window. */
export function sha512(length: i32): void {
  digest(64, inputAt, length, outputAt)
}
