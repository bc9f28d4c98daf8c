// SPDX-License-Identifier: Apache-2.0
// Policy on the age of firmware and microcode: the rows for the processor that made the report, of which
// every one must hold.

import { equalBytes } from '../core/bytes.js'
import {
  type Cpuid,
  decodeTcb,
  type FirmwareVersion,
  type Product,
  type SnpReport,
  type Tcb,
} from '../core/snp.js'
import { AttestationError } from '../errors.js'
import type { FirmwareFloor, TcbFloor } from './policy.js'
import { attempt, type Problem } from './result.js'
import type { SnpPolicyCheck } from './snp-policy-names.js'
import { missing, type Objection, onReport, type Rule } from './snp-policy-rules.js'

type Which = 'reported' | 'committed' | 'launch' | 'current'

const RAW = {
  reported: (report: SnpReport) => report.reportedTcb,
  committed: (report: SnpReport) => report.committedTcb,
  launch: (report: SnpReport) => report.launchTcb,
  current: (report: SnpReport) => report.currentTcb,
}

/** Components with the names of their levels. */
const COMPONENTS = [
  ['fmc', 'FMC'],
  ['bootLoader', 'BOOT_LOADER'],
  ['tee', 'TEE'],
  ['snp', 'SNP'],
  ['microcode', 'MICROCODE'],
] as const

function tcb(which: Which, check: SnpPolicyCheck): Rule {
  const name = `${which.toUpperCase()}_TCB`
  return onReport(
    {
      check,
      code: 'ERR_POLICY_TCB',
      field: ({ minimumTcb }) => minimumTcb[which],
      good: `${name} reaches the minimum for its processor`,
    },
    (floors, { report }, facts) => {
      const { product } = facts
      if (product === null) return missing(facts)
      const tcb = attempt(() => decodeTcb(RAW[which](report), product))
      if (tcb instanceof AttestationError) return tcb
      return below(tcb, floors, { product, cpuid: report.cpuid, name })
    },
  )
}

interface Processor {
  readonly product: Product
  /** Null in version 2, which does not say. */
  readonly cpuid: Cpuid | null
  /** The TCB that is judged. */
  readonly name: string
}

/** What is below the rows for a processor. */
function below(
  tcb: Tcb,
  floors: readonly TcbFloor[],
  { product, cpuid, name }: Processor,
): Objection {
  let applied = 0
  let undecided = 0
  for (const row of floors) {
    if (row.product !== product) continue
    if (row.cpuid !== 'any' && cpuid === null) undecided++
    if (row.cpuid !== 'any' && !(cpuid && isSame(row.cpuid, cpuid))) continue
    applied++
    for (const [component, title] of COMPONENTS) {
      const [level, floor] = [tcb[component], row[component]]
      if (floor !== 'any' && (level as number) < floor) {
        return `${title} of ${name} is ${spl(level as number)}, at least ${spl(floor)} expected`
      }
    }
  }
  if (undecided > 0) return UNNAMED
  return applied > 0 ? null : `the policy has no minimum for this ${product} processor`
}

const UNNAMED: Problem = {
  code: 'ERR_FIELD_ABSENT',
  detail: 'reports of version 2 do not name their processor',
}

const isSame = (a: Cpuid, b: Cpuid): boolean =>
  a.family === b.family && a.model === b.model && a.stepping === b.stepping

const spl = (level: number): string => `0x${level.toString(16).padStart(2, '0')}`

function firmware(which: 'current' | 'committed', check: SnpPolicyCheck): Rule {
  return onReport(
    {
      check,
      code: 'ERR_POLICY_FIRMWARE',
      field: ({ minimumFirmware }) => minimumFirmware[which],
      good: `${which} firmware reaches the minimum for its product`,
    },
    (floors: readonly FirmwareFloor[], { report }, facts) => {
      const { product } = facts
      if (product === null) return missing(facts)
      const row = floors.find((floor) => floor.product === product)
      if (!row) return `the policy has no minimum for ${product}`
      const { major, minor, build } = report[which]
      return order(report[which]) >= spelledOrder(row.version)
        ? null
        : `${which} firmware is ${major}.${minor}.${build}, at least ${row.version} expected`
    },
  )
}

/** A version as it is spelled → an integer in the order of versions; each part is a byte. */
function spelledOrder(version: string): number {
  const [major, minor, build] = version.split('.')
  return order({ major: Number(major), minor: Number(minor), build: Number(build) })
}

const order = ({ major, minor, build }: FirmwareVersion): number =>
  (major << 16) | (minor << 8) | build

const provisional = onReport(
  {
    check: 'snp.provisional-firmware',
    code: 'ERR_POLICY_FIRMWARE',
    field: ({ provisionalFirmware }) => provisionalFirmware,
    good: 'what runs is committed',
  },
  (_, { report }) => {
    if (!equalBytes(report.currentTcb, report.committedTcb)) {
      return 'CURRENT_TCB is not committed, and can be rolled back'
    }
    return order(report.current) === order(report.committed)
      ? null
      : 'current firmware is not committed, and can be rolled back'
  },
)

export const FLOOR_RULES: readonly Rule[] = [
  tcb('reported', 'snp.minimum-tcb.reported'),
  tcb('committed', 'snp.minimum-tcb.committed'),
  tcb('launch', 'snp.minimum-tcb.launch'),
  tcb('current', 'snp.minimum-tcb.current'),
  firmware('current', 'snp.minimum-firmware.current'),
  firmware('committed', 'snp.minimum-firmware.committed'),
  provisional,
]
