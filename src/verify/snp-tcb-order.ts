// SPDX-License-Identifier: Apache-2.0
// The order that firmware keeps between the TCBs of one report, whatever a policy asks (AMD 56860,
// SNP_COMMIT and SNP_CONFIG).

import { decodeTcb, type Product, type SnpReport, tcbAtLeast } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { attempt, type Finding, fail, pass } from './result.js'

const CHECK = 'snp.tcb-order'

/**
 * REPORTED_TCB does not exceed COMMITTED_TCB, nor that or LAUNCH_TCB CURRENT_TCB, component by
 * component. More cannot be asked: a commit after launch puts COMMITTED above LAUNCH, and a host may
 * report less than it committed.
 */
export function checkTcbOrder(report: SnpReport, product: Product): Finding {
  const tcbs = attempt(() => ({
    reported: decodeTcb(report.reportedTcb, product),
    committed: decodeTcb(report.committedTcb, product),
    launch: decodeTcb(report.launchTcb, product),
    current: decodeTcb(report.currentTcb, product),
  }))
  if (tcbs instanceof AttestationError) return fail(CHECK, tcbs.code, tcbs.message)
  const { reported, committed, launch, current } = tcbs
  if (!tcbAtLeast(committed, reported)) return disorder('REPORTED_TCB exceeds COMMITTED_TCB')
  if (!tcbAtLeast(current, committed)) return disorder('COMMITTED_TCB exceeds CURRENT_TCB')
  if (!tcbAtLeast(current, launch)) return disorder('LAUNCH_TCB exceeds CURRENT_TCB')
  return pass(CHECK, 'the TCBs of the report are in order')
}

const disorder = (detail: string): Finding => fail(CHECK, 'ERR_SNP_TCB_ORDER', detail)
