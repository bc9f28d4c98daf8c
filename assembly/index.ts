// SPDX-License-Identifier: Apache-2.0
// The exports of the module, and nothing else.

export { INPUT_CAPACITY, inputAt, OUTPUT_CAPACITY, outputAt } from './arena'
export { sha2Blocks, sha2Digest, sha2Finish, sha2Pair, sha2Start } from './hash'
export { hashLeaves, hashNodes, rootOf } from './merkle'
export { digestEvidence, digestRows } from './nvidia/digest'
export { checkReport as checkNvidiaReport } from './nvidia/report'
export { packBatch, packBound, packRaw, packTls } from './report-data'
export { checkTable as checkCertTable } from './snp/certs'
export { checkReport as checkSnpReport } from './snp/report'
export { checkQuote as checkTdxQuote } from './tdx/quote'
export { checkReport as checkTdReport } from './tdx/tdreport'
