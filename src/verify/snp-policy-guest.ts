// SPDX-License-Identifier: Apache-2.0
// Policy on the guest: what was launched, who signed it, and who in it asked for the report.

import type { SnpReport } from '../core/snp.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import type { Code } from '../errors.js'
import type { SnpPolicy } from './policy.js'
import type { SnpPolicyCheck } from './snp-policy-names.js'
import { onReport, type Rule, spells } from './snp-policy-rules.js'

/** Names of the fields that are lists of bytes, here and in the report. */
type ByteField =
  | 'measurement'
  | 'hostData'
  | 'familyId'
  | 'imageId'
  | 'idKeyDigest'
  | 'reportId'
  | 'reportIdMa'

const isListed = (list: readonly string[], bytes: Uint8Array): boolean =>
  list.some((entry) => spells(entry, bytes))

/** @param name as AMD spells it */
function listed(field: ByteField, check: SnpPolicyCheck, code: Code, name: string): Rule {
  return onReport(
    {
      check,
      code,
      field: (policy: SnpPolicy) => policy[field],
      good: `${name} is one that the policy lists`,
    },
    (list, { report }) =>
      isListed(list, report[field]) ? null : `${name} is none that the policy lists`,
  )
}

const authorKeyDigest = onReport(
  {
    check: 'snp.author-key-digest',
    code: 'ERR_POLICY_AUTHOR_KEY',
    field: ({ authorKeyDigest }) => authorKeyDigest,
    good: 'AUTHOR_KEY_DIGEST is one that the policy lists',
  },
  (list, { report }) => {
    if (!report.authorKeyEn) return 'no author endorsed the ID key'
    return isListed(list, report.authorKeyDigest)
      ? null
      : 'AUTHOR_KEY_DIGEST is none that the policy lists'
  },
)

const minimumGuestSvn = onReport(
  {
    check: 'snp.minimum-guest-svn',
    code: 'ERR_POLICY_GUEST_SVN',
    field: ({ minimumGuestSvn }) => minimumGuestSvn,
    good: 'GUEST_SVN reaches the minimum',
  },
  (minimum, { report: { guestSvn } }) =>
    guestSvn >= minimum ? null : `GUEST_SVN is ${guestSvn}, at least ${minimum} expected`,
)

/** The host may ask for reports too, about a guest that knows nothing of it. */
const isOfGuest = ({ vmpl }: SnpReport): boolean => vmpl <= VMPL_MAX

const reportData = onReport(
  {
    check: 'snp.report-data',
    code: 'ERR_POLICY_REPORT_DATA',
    field: ({ reportData }) => reportData,
    good: 'REPORT_DATA is what was expected',
  },
  (expected, { report }) =>
    isOfGuest(report) && spells(expected, report.reportData)
      ? null
      : 'REPORT_DATA is not what was expected, of a guest',
)

const vmpl = onReport(
  {
    check: 'snp.vmpl',
    code: 'ERR_POLICY_VMPL',
    field: ({ vmpl }) => vmpl,
    good: 'VMPL is one that the policy lists',
  },
  (levels, { report }) => {
    if (!isOfGuest(report)) return 'the host asked for the report, not the guest'
    return levels.includes(report.vmpl) ? null : `VMPL is ${report.vmpl}`
  },
)

/** Levels of the other modes are a matter of their binding. */
const rawVmpl: Rule = {
  check: vmpl.check,
  judge: (policy, evidence) =>
    evidence.facts.mode === 'raw' ? vmpl.judge(policy, evidence) : null,
}

const debug = onReport(
  {
    check: 'snp.debug',
    code: 'ERR_POLICY_DEBUG',
    field: ({ debug }) => debug,
    good: 'the host cannot debug the guest',
  },
  (_, { policy }) => (policy.debug ? 'the host may decrypt the memory of the guest' : null),
)

export const GUEST_RULES: readonly Rule[] = [
  listed('measurement', 'snp.measurement', 'ERR_POLICY_MEASUREMENT', 'MEASUREMENT'),
  listed('hostData', 'snp.host-data', 'ERR_POLICY_HOST_DATA', 'HOST_DATA'),
  listed('familyId', 'snp.family-id', 'ERR_POLICY_FAMILY_ID', 'FAMILY_ID'),
  listed('imageId', 'snp.image-id', 'ERR_POLICY_IMAGE_ID', 'IMAGE_ID'),
  listed('idKeyDigest', 'snp.id-key-digest', 'ERR_POLICY_ID_KEY', 'ID_KEY_DIGEST'),
  authorKeyDigest,
  minimumGuestSvn,
  listed('reportId', 'snp.report-id', 'ERR_POLICY_REPORT_ID', 'REPORT_ID'),
  listed('reportIdMa', 'snp.report-id-ma', 'ERR_POLICY_REPORT_ID', 'REPORT_ID_MA'),
  reportData,
  rawVmpl,
  debug,
]
