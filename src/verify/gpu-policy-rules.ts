// SPDX-License-Identifier: Apache-2.0
// What the checks of a policy on GPUs are made of: one rule per field, which has nothing to say where
// the field accepts any.

import type { Code } from '../errors.js'
import type { Device } from './gpu-device.js'
import type { GpuPolicyCheck } from './gpu-policy-names.js'
import type { GpuPolicy } from './policy.js'
import { blocked, type Finding, fail, ofDevice, type Problem, pass } from './result.js'

/** What the measurements of a device came to beside the RIMs at hand. */
export type Measured = 'match' | 'mismatch' | 'unknown'

export interface GpuFacts {
  /** As many as there is evidence of. */
  readonly total: number
  /** Those whose evidence can be read. */
  readonly devices: readonly Device[]
  /** Why some cannot; null when all can. */
  readonly unread: Problem | null
  /** By the index of the device. */
  readonly measured: ReadonlyMap<number, Measured>
}

/** What speaks against: of a device or of all, and with a code of its own where it has one. */
export interface Objection {
  readonly detail: string
  readonly device?: number
  readonly code?: Code
  /** Cannot be said, rather than not as asked. */
  readonly open?: true
}

export interface GpuRule {
  readonly check: GpuPolicyCheck
  readonly judge: (policy: GpuPolicy, facts: GpuFacts) => Finding | null
}

export interface Subject<Asked> {
  readonly check: GpuPolicyCheck
  readonly code: Code
  readonly field: (policy: GpuPolicy) => Asked | 'any'
  /** What holds when there is no objection. */
  readonly good: string
}

/** A rule on all devices together. */
export function onAll<Asked>(
  { check, code, field, good }: Subject<Asked>,
  objectTo: (asked: Asked, facts: GpuFacts) => Objection | null,
): GpuRule {
  const judge: GpuRule['judge'] = (policy, facts) => {
    const asked = field(policy)
    if (asked === 'any') return null
    const objection = objectTo(asked as Asked, facts)
    if (!objection) return facts.unread ? blocked(check, facts.unread) : pass(check, good)
    const { device, detail } = objection
    const problem = { code: objection.code ?? code, detail }
    const finding = objection.open ? blocked(check, problem) : fail(check, problem.code, detail)
    return device === undefined ? finding : ofDevice(device, finding)
  }
  return { check, judge }
}

/** A rule on each GPU or NVSwitch, of which the first that is not as asked decides. */
export function onEach<Asked>(
  subject: Subject<Asked>,
  objectTo: (asked: Asked, device: Device, facts: GpuFacts) => Omit<Objection, 'device'> | null,
): GpuRule {
  return onAll(subject, (asked, facts) => {
    const objections = facts.devices.flatMap((device) => {
      const objection = objectTo(asked, device, facts)
      return objection ? [{ ...objection, device: device.index }] : []
    })
    return objections.find(({ open }) => !open) ?? objections[0] ?? null
  })
}

export const unless = (holds: boolean, detail: string): { detail: string } | null =>
  holds ? null : { detail }
