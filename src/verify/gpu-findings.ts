// SPDX-License-Identifier: Apache-2.0
// The findings on one GPU or NVSwitch, one function per check. A check that cannot be made says what
// stood in its way.

import { equalBytes } from '../core/bytes.js'
import type { Anchor } from './chain.js'
import { chainProblem, type DeviceChain, PLACES } from './gpu-chain.js'
import type { DeviceContext } from './gpu-device.js'
import { checkFwid } from './gpu-fwid.js'
import { checkIdentity } from './gpu-identity.js'
import type { DeviceReport } from './gpu-report.js'
import { checkSignature } from './gpu-signature.js'
import { checkStatuses, type Revocation } from './ocsp-revocation.js'
import { blocked, type Finding, fail, isThere, type Problem, pass } from './result.js'

/** What the findings are drawn from; each part, or why it cannot be read. */
export interface Case {
  readonly chain: DeviceChain | Problem
  readonly report: DeviceReport | Problem
  readonly anchor: Anchor
  readonly context: DeviceContext
}

/** In the order of `GPU_CHECKS`. */
export async function findingsOf(
  c: Case,
): Promise<{ readonly findings: Finding[]; readonly revocationAsOf: Date | null }> {
  // It takes longest, so it starts first and runs beside all the rest.
  const signed = signature(c)
  const [chain, { finding, asOf }] = await Promise.all([links(c), statuses(c)])
  const before = [structure(c), chain, trust(c), validity(c), ...(finding ? [finding] : [])]
  const after = [firmware(c), ...nonce(c)]
  return { findings: [...before, identity(c), await signed, ...after], revocationAsOf: asOf }
}

function structure({ report }: Case): Finding {
  const check = 'gpu.report'
  if (!isThere(report)) return fail(check, report.code, report.detail)
  const { trailingBytes, kind } = report.report
  const behind = trailingBytes > 0 ? `, with ${trailingBytes} NUL behind it` : ''
  return pass(check, `a sound report of ${kind === 'gpu' ? 'a GPU' : 'an NVSwitch'}${behind}`)
}

async function links({ chain }: Case): Promise<Finding> {
  const check = 'gpu.chain'
  const problem = isThere(chain) ? await chainProblem(chain) : chain
  return problem
    ? fail(check, problem.code, problem.detail)
    : pass(check, 'each certificate is signed by the next and in its place')
}

function trust({ chain, anchor }: Case): Finding {
  const check = 'gpu.root'
  if (!isThere(chain)) return blocked(check, chain)
  if (anchor === 'vendor') return pass(check, 'the root is NVIDIA Device Identity CA')
  return anchor === 'caller'
    ? pass(check, "the root is NOT NVIDIA's: the caller chose to trust it")
    : fail(check, FOREIGN_ROOT.code, FOREIGN_ROOT.detail)
}

const FOREIGN_ROOT: Problem = {
  code: 'ERR_CERTIFICATE_ROOT',
  detail: "the root is neither NVIDIA's nor one that the caller trusts",
}

/** Each by itself: devices are older than their issuers, on paper. */
function validity({ chain, context: { at } }: Case): Finding {
  const check = 'gpu.validity'
  if (!isThere(chain)) return blocked(check, chain)
  for (const [place, { notBefore, notAfter }] of chain.certificates.entries()) {
    if (at < notBefore || notAfter < at) {
      const period = `${notBefore.toISOString()} to ${notAfter.toISOString()}`
      const detail = `the ${PLACES[place]} certificate is valid from ${period} only`
      return fail(check, 'ERR_CERTIFICATE_VALIDITY', detail)
    }
  }
  return pass(check, 'every certificate is valid at the time of the appraisal')
}

/**
 * Nothing is said where nobody can tell anything: whether that will do is for the policy to say. Nobody
 * is asked about certificates that anybody can have made up.
 */
async function statuses({ chain, anchor, context }: Case): Promise<Revocation> {
  const { ocsp, ocspClient } = context
  if (ocsp.length === 0 && ocspClient === null) return { finding: null, asOf: null }
  const check = 'gpu.revocation'
  const problem = isThere(chain) ? await chainProblem(chain) : chain
  if (!isThere(chain) || problem) return { finding: blocked(check, problem as Problem), asOf: null }
  if (anchor === 'none') return { finding: blocked(check, FOREIGN_ROOT), asOf: null }
  return checkStatuses(check, chain.certificates.slice(1), context)
}

function identity({ chain, report, anchor }: Case): Finding {
  const check = 'gpu.identity'
  if (!isThere(chain)) return blocked(check, chain)
  if (!isThere(report)) return blocked(check, report)
  const { kind } = report.report
  return checkIdentity(chain, { kind, devicePdi: report.data.devicePdi }, anchor)
}

async function signature({ chain, report }: Case): Promise<Finding> {
  const check = 'gpu.signature'
  if (!isThere(report)) return blocked(check, report)
  if (!isThere(chain)) return blocked(check, chain)
  return checkSignature(report.report, chain.certificates[0])
}

function firmware({ chain, report }: Case): Finding {
  const check = 'gpu.fwid'
  if (!isThere(report)) return blocked(check, report)
  if (!isThere(chain)) return blocked(check, chain)
  const { fwid, driverVersion } = report.data
  return checkFwid({ kind: report.report.kind, fwid, driverVersion }, chain.firmware)
}

/** Without one to compare with there is nothing to say here: the binding says what was asked. */
function nonce({ report, context }: Case): Finding[] {
  const check = 'gpu.nonce'
  if (context.nonce === null) return []
  if (!isThere(report)) return [blocked(check, report)]
  return [
    equalBytes(report.report.requestNonce, context.nonce)
      ? pass(check, 'the device was asked with this very nonce')
      : fail(check, 'ERR_NVIDIA_NONCE', 'the device was asked with another nonce'),
  ]
}
