// SPDX-License-Identifier: Apache-2.0
// What does reading an SNP report cost, and does the core beat plain JavaScript at it?

import { parseSnpReport, type SnpReport } from 'assay'
import { mintReport } from '../test/fake/snp.js'
import { readSnpReport } from '../test/oracle/snp.js'
import type { Question } from './harness.js'

export function snpQuestions(): Question[] {
  const report = mintReport({ reportData: new Uint8Array(64).fill(0xa5) })
  return [
    {
      title: 'SNP report: copy in, check, view',
      belowNs: 1000,
      contenders: [
        { name: 'assay', run: () => parseSnpReport(report) },
        { name: 'plain DataView reader', run: () => readSnpReport(report) },
      ],
    },
    {
      title: 'SNP report: the same, and every field read',
      contenders: [
        { name: 'assay', run: () => everyField(parseSnpReport(report)) },
        { name: 'plain DataView reader', run: () => readSnpReport(report) },
      ],
    },
  ]
}

/** Reads what the plain reader reads, as a caller would. */
function everyField(report: SnpReport): unknown[] {
  return [
    report.version,
    report.guestSvn,
    report.policy,
    report.policyBits,
    report.vmpl,
    report.signatureAlgo,
    report.platformInfo,
    report.platformInfoBits,
    report.authorKeyEn,
    report.maskChipKey,
    report.signingKey,
    report.current,
    report.committed,
    report.familyId,
    report.imageId,
    report.currentTcb,
    report.reportData,
    report.measurement,
    report.hostData,
    report.idKeyDigest,
    report.authorKeyDigest,
    report.reportId,
    report.reportIdMa,
    report.reportedTcb,
    report.chipId,
    report.committedTcb,
    report.launchTcb,
    report.signedBytes,
    report.signature,
    report.bytes,
    report.cpuid,
    report.product,
    report.launchMitVector,
    report.currentMitVector,
  ]
}
