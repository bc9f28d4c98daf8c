// SPDX-License-Identifier: Apache-2.0
// Whether a Pod is confidential, by its runtime class or because it asks to be, and which runtime class
// it then runs under.

import {
  ANNOTATIONS,
  NO,
  type PlatformName,
  RUNTIME_CLASSES,
  type RuntimeClass,
  TEE_TYPES,
  YES,
} from './names.js'
import { annotationOf, type Pod } from './pod.js'
import { quoted, refusal } from './pod-read.js'
import type { Gpus } from './route-gpu.js'

/** What a Pod's annotations ask for: a kind of TEE, or whichever its GPUs need. */
export type Wish = 'cpu' | 'cpu-gpu' | 'either' | null

/** @throws {AttestationError} `ERR_POD_TEE`, `ERR_POD_FORMAT` */
export function wishOf(pod: Pod): Wish {
  const tee = annotationOf(pod, ANNOTATIONS.tee)
  const attestation = annotationOf(pod, ANNOTATIONS.attestation)
  if (attestation !== undefined && attestation !== YES && attestation !== NO) {
    throw refusal(
      'ERR_POD_TEE',
      `annotation ${quoted(ANNOTATIONS.attestation)} is ${quoted(attestation)}: write "true", or leave it out`,
    )
  }
  if (tee !== undefined) {
    const type = TEE_TYPES.find((one) => one === tee)
    if (type !== undefined) return type
    throw refusal(
      'ERR_POD_TEE',
      `annotation ${quoted(ANNOTATIONS.tee)} is ${quoted(tee)}: write "cpu" or "cpu-gpu", or leave it out`,
    )
  }
  return attestation === YES ? 'either' : null
}

/** Whether a Pod is confidential or asks to be, without a judgement of how it asks. */
export const isConfidential = (pod: Pod): boolean =>
  pod.isManaged &&
  (pod.runtimeClass !== null ||
    annotationOf(pod, ANNOTATIONS.tee) !== undefined ||
    // Whatever else it says was not written by somebody who wants none.
    (annotationOf(pod, ANNOTATIONS.attestation) ?? NO) !== NO)

/**
 * The class that a confidential Pod runs under: its own, or that of the platform.
 *
 * @throws {AttestationError} `ERR_POD_RUNTIME_CLASS`
 */
export function routedClass(
  { runtimeClass, runtimeClassName }: Pod,
  wish: Wish,
  gpus: Gpus,
  platform: PlatformName,
): RuntimeClass {
  const gpu = wish === 'cpu-gpu' || (wish === 'either' && gpus.passthrough !== null)
  const fitting = RUNTIME_CLASSES.find(
    (one) => one.platform === platform && one.gpu === gpu,
  ) as RuntimeClass
  if (runtimeClassName === '') return fitting
  if (runtimeClass === null) {
    throw refusal(
      'ERR_POD_RUNTIME_CLASS',
      `spec.runtimeClassName is ${quoted(runtimeClassName)}, which is not confidential, and an annotation asks for a TEE: leave one of them out`,
    )
  }
  if ((wish === 'cpu' || wish === 'cpu-gpu') && runtimeClass.gpu !== gpu) {
    throw refusal(
      'ERR_POD_RUNTIME_CLASS',
      `spec.runtimeClassName is ${runtimeClassName}, and annotation ${quoted(ANNOTATIONS.tee)} asks for ${wish}: leave one of them out`,
    )
  }
  return runtimeClass
}

/**
 * Whether the tenant wants no sidecar.
 *
 * @throws {AttestationError} `ERR_POD_TEE`
 */
export function isOptedOut(pod: Pod): boolean {
  if (annotationOf(pod, ANNOTATIONS.optOut) !== YES) return false
  if (annotationOf(pod, ANNOTATIONS.attestation) !== YES) return true
  throw refusal(
    'ERR_POD_TEE',
    `annotations ${quoted(ANNOTATIONS.attestation)} and ${quoted(ANNOTATIONS.optOut)} are both "true": leave one of them out`,
  )
}

/** Annotations that look like opting out and are not. */
export function annotationWarnings(pod: Pod): readonly string[] {
  const optOut = annotationOf(pod, ANNOTATIONS.optOut)
  const warnings: string[] = []
  if (optOut !== undefined && optOut !== YES && optOut !== NO) {
    warnings.push(
      `annotation ${quoted(ANNOTATIONS.optOut)} is ${quoted(optOut)} and opts out of nothing: only "true" does`,
    )
  }
  if (annotationOf(pod, ANNOTATIONS.attestation) === NO) {
    warnings.push(
      `annotation ${quoted(ANNOTATIONS.attestation)} is "false" and opts out of nothing: ${ANNOTATIONS.optOut} does`,
    )
  }
  return warnings
}
