// SPDX-License-Identifier: Apache-2.0
// What becomes of a Pod: admitted as it is, admitted with changes, or refused. Pure: the same question
// has the same answer, the Pod is not touched, and to its own answer it has nothing to add.

import { AttestationError, type Code } from '../errors.js'
import { carved } from './carve.js'
import { judgeUpdate } from './decide-update.js'
import { type SidecarChoice, sidecarContainer, sidecarList, withSidecar } from './inject.js'
import { ANNOTATIONS, type PlatformName, type RuntimeClass, SIDECAR } from './names.js'
import { hasOurs, namesakes } from './ours.js'
import { type Operation, patchBetween } from './patch.js'
import { containersOf, type Pod, readPod } from './pod.js'
import { type Fields, quoted, refusal, textOf } from './pod-read.js'
import { refuseHost } from './refuse-host.js'
import { refusePorts } from './refuse-ports.js'
import { annotationWarnings, isConfidential, isOptedOut, routedClass, wishOf } from './route.js'
import { gpusOf, refuseGpus } from './route-gpu.js'
import { refuseEscapes, routedSelector } from './route-nodes.js'

export type { PlatformName } from './names.js'
export type { Operation } from './patch.js'

/** The operator's choices. */
export interface WebhookPolicy extends SidecarChoice {
  /** Of Pods that ask for a TEE and name no runtime class. */
  readonly platform: PlatformName
  /** Off where the Akash provider itself has taken the sidecar's share out of the lease. */
  readonly carveResources: boolean
}

/** What the API server asks about. */
export interface PodRequest {
  readonly operation: 'CREATE' | 'UPDATE'
  /** `''` for the Pod itself. */
  readonly subResource: string
  readonly namespace: string
  /** Parsed JSON, of which nothing is taken for granted. */
  readonly pod: unknown
  readonly oldPod: unknown
}

export type Decision =
  | {
      readonly allowed: true
      /** RFC 6902; empty where there is nothing to change. */
      readonly patch: readonly Operation[]
      readonly reason: 'not-confidential' | 'opted-out' | 'injected' | 'unchanged'
      readonly warnings: readonly string[]
    }
  | { readonly allowed: false; readonly code: Code; readonly message: string }

export function decide(request: PodRequest, policy: WebhookPolicy): Decision {
  try {
    if (request.operation === 'UPDATE') return judgeUpdate(request)
    return judgeCreation(request, policy)
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    return { allowed: false, code: error.code, message: error.message }
  }
}

function judgeCreation({ subResource, pod: value }: PodRequest, policy: WebhookPolicy): Decision {
  // Such as a binding, which is no Pod.
  if (subResource !== '') return { allowed: true, patch: [], reason: 'unchanged', warnings: [] }
  const pod = readPod(value)
  const wish = pod.isManaged ? wishOf(pod) : null
  if (!isConfidential(pod)) {
    return { allowed: true, patch: [], reason: 'not-confidential', warnings: [] }
  }
  const gpus = gpusOf(pod)
  const runtimeClass = routedClass(pod, wish, gpus, policy.platform)
  refuseGpus(pod, gpus, runtimeClass)
  refuseEscapes(pod, runtimeClass)
  refuseHost(pod)
  refusePorts(containersOf(pod))
  const routed = {
    ...pod.spec,
    runtimeClassName: runtimeClass.name,
    nodeSelector: routedSelector(pod, runtimeClass),
  }
  const optedOut = isOptedOut(pod)
  const spec = optedOut ? withoutSidecar(pod, routed) : attested(pod, routed, runtimeClass, policy)
  const patch = patchBetween(pod.value, { ...pod.value, spec })
  const done = patch.length === 0 ? 'unchanged' : 'injected'
  const warnings = [...annotationWarnings(pod), ...(optedOut ? [] : endWarnings(pod, policy))]
  return { allowed: true, patch, reason: optedOut ? 'opted-out' : done, warnings }
}

/** Who wants no sidecar may not have another one under its name: gateways go by that name. */
function withoutSidecar(pod: Pod, spec: Fields): Fields {
  const [found] = namesakes(pod)
  if (found === undefined) return spec
  throw refusal(
    'ERR_POD_SIDECAR',
    `${found.at} is called ${SIDECAR.container}, and annotation ${ANNOTATIONS.optOut} leaves the sidecar out: rename the container, or drop the annotation`,
  )
}

function attested(
  pod: Pod,
  spec: Fields,
  runtimeClass: RuntimeClass,
  policy: WebhookPolicy,
): Fields {
  const container = sidecarContainer(policy, runtimeClass)
  if (hasOurs(pod, sidecarList(policy), container)) return spec
  const containers = containersOf(pod, ['containers']).map(({ value }) => value)
  if (containers.length === 0) {
    throw refusal('ERR_POD_FORMAT', 'spec.containers is empty: name the container to run')
  }
  const sized = policy.carveResources
    ? { ...spec, containers: carved(containers, runtimeClass) }
    : spec
  return withSidecar(sized, policy, container)
}

/** A container beside the workload keeps a Pod from ending, which Jobs wait for. */
function endWarnings({ spec }: Pod, { nativeSidecar }: WebhookPolicy): readonly string[] {
  const restartPolicy = textOf(spec.restartPolicy, 'spec.restartPolicy')
  if (nativeSidecar || restartPolicy === '' || restartPolicy === 'Always') return []
  return [
    `spec.restartPolicy is ${quoted(restartPolicy)}, and ${SIDECAR.container} runs on after the workload: the operator's --native-sidecar lets such Pods end`,
  ]
}
