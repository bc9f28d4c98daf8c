// SPDX-License-Identifier: Apache-2.0
// Changes to a Pod that is there already: what made it confidential stays, and so does its sidecar. The
// sidecar is compared with itself and not with the operator's image, which may be newer than the Pod.

import type { Decision, PodRequest } from './decide.js'
import { ANNOTATIONS, MANAGED_LABEL, SIDECAR } from './names.js'
import { namesakes } from './ours.js'
import { containersOf, type Pod, readPod } from './pod.js'
import { type Fields, ownOf, quoted, refusal, textOf } from './pod-read.js'
import { same } from './pod-same.js'
import { kataAnnotations } from './refuse-host.js'
import { refusePorts } from './refuse-ports.js'
import { isConfidential } from './route.js'

/** Subresources through which a Pod's containers change. */
const CHANGING: readonly string[] = ['', 'ephemeralcontainers', 'resize']

/** @throws {AttestationError} `ERR_POD_UPDATE`, `ERR_POD_SIDECAR`, `ERR_POD_FORMAT` */
export function judgeUpdate({ subResource, pod, oldPod }: PodRequest): Decision {
  if (!CHANGING.includes(subResource)) return admitted('unchanged')
  const after = readPod(pod)
  const before = readPod(oldPod)
  if (!isConfidential(before) && !isConfidential(after)) return admitted('not-confidential')
  refuseConversion(before, after)
  refuseSwap(before, after)
  refuseEphemeral(before, after)
  return admitted('unchanged')
}

const admitted = (reason: 'unchanged' | 'not-confidential'): Decision => ({
  allowed: true,
  patch: [],
  reason,
  warnings: [],
})

/** Labels and annotations can be changed at any time; those that were decided by cannot. */
function refuseConversion(before: Pod, after: Pod): void {
  frozen('label', MANAGED_LABEL, before.labels, after.labels)
  if (before.runtimeClassName !== after.runtimeClassName) {
    throw refusal(
      'ERR_POD_UPDATE',
      'spec.runtimeClassName of a confidential Pod does not change: delete the Pod and create it anew',
    )
  }
  // Kata reads its own again whenever it makes the guest anew.
  const kata = [...kataAnnotations(before.annotations), ...kataAnnotations(after.annotations)]
  for (const name of [...Object.values(ANNOTATIONS), ...kata]) {
    frozen('annotation', name, before.annotations, after.annotations)
  }
}

function frozen(kind: string, name: string, before: Fields, after: Fields): void {
  if (same(ownOf(before, name), ownOf(after, name))) return
  throw refusal(
    'ERR_POD_UPDATE',
    `${kind} ${quoted(name)} of a confidential Pod does not change: delete the Pod and create it anew`,
  )
}

function refuseSwap(before: Pod, after: Pod): void {
  const lists = (pod: Pod) =>
    namesakes(pod)
      .filter(({ list }) => list !== 'ephemeralContainers')
      .map(({ list, value }) => ({ list, value }))
  if (same(lists(before), lists(after))) return
  throw refusal(
    'ERR_POD_UPDATE',
    `container ${SIDECAR.container} does not change: leave it as it is, or delete the Pod for a new one`,
  )
}

/** Of those that are new: one that is there already can no longer be taken away. */
function refuseEphemeral(before: Pod, after: Pod): void {
  const old = new Set(containersOf(before, ['ephemeralContainers']).map(({ name }) => name))
  const added = containersOf(after, ['ephemeralContainers']).filter(({ name }) => !old.has(name))
  for (const { at, name, value } of added) {
    if (name === SIDECAR.container) {
      throw refusal('ERR_POD_SIDECAR', `${at} is called ${SIDECAR.container}: rename it`)
    }
    if (textOf(value.targetContainerName, `${at}.targetContainerName`) === SIDECAR.container) {
      throw refusal(
        'ERR_POD_SIDECAR',
        `${at}.targetContainerName is ${SIDECAR.container}, whose key it would see: target another`,
      )
    }
  }
  refusePorts(added)
}
