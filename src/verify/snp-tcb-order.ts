// SPDX-License-Identifier: Apache-2.0
// The order that firmware keeps between the TCBs of one report, whatever a policy asks (AMD 56860,
// SNP_COMMIT and SNP_CONFIG).

import type { SnpReport } from '../core/snp.js'
import { blocked, type Finding, fail, isThere, type Problem, pass } from './result.js'

const CHECK = 'snp.tcb-order'

/**
 * REPORTED_TCB does not exceed COMMITTED_TCB, nor that or LAUNCH_TCB CURRENT_TCB, component by
 * component. More cannot be asked: a commit after launch puts COMMITTED above LAUNCH, and a host may
 * report less than it committed.
 */
export function checkTcbOrder(report: SnpReport | Problem): Finding {
  if (!isThere(report)) return blocked(CHECK, report)
  const { reportedTcb, committedTcb, launchTcb, currentTcb } = report
  if (!reaches(committedTcb, reportedTcb)) return disorder('REPORTED_TCB exceeds COMMITTED_TCB')
  if (!reaches(currentTcb, committedTcb)) return disorder('COMMITTED_TCB exceeds CURRENT_TCB')
  if (!reaches(currentTcb, launchTcb)) return disorder('LAUNCH_TCB exceeds CURRENT_TCB')
  return pass(CHECK, 'the TCBs of the report are in order')
}

/** On every product a component is a byte: which byte is which does not matter here. */
const reaches = (tcb: Uint8Array, least: Uint8Array): boolean =>
  tcb.every((component, at) => component >= (least[at] as number))

const disorder = (detail: string): Finding => fail(CHECK, 'ERR_SNP_TCB_ORDER', detail)
