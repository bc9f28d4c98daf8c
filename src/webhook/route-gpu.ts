// SPDX-License-Identifier: Apache-2.0
// What GPUs a Pod asks for, and that they are of a kind that a confidential guest can attest.

import { HOST_GPUS, PASSTHROUGH_GPU, type RuntimeClass } from './names.js'
import { type Container, containersOf, type Pod } from './pod.js'
import { parseQuantity } from './pod-quantity.js'
import { fieldsOf, listOf, quoted, refusal } from './pod-read.js'

export interface Gpus {
  /** Where a whole GPU is asked for; null when none is. */
  readonly passthrough: string | null
  /** Where one is asked for that cannot be attested. */
  readonly foreign: { readonly at: string; readonly resource: string } | null
}

/** @throws {AttestationError} `ERR_POD_FORMAT` */
export function gpusOf(pod: Pod): Gpus {
  let passthrough: string | null = null
  let foreign: Gpus['foreign'] = null
  for (const container of containersOf(pod, ['containers', 'initContainers'])) {
    for (const [resource, at] of requestsOf(container)) {
      if (resource === PASSTHROUGH_GPU) passthrough ??= at
      else foreign ??= { at, resource }
    }
  }
  return { passthrough, foreign }
}

/** Resources that are GPUs, of which there is more than none. */
function requestsOf({
  value,
  at,
}: Container): readonly (readonly [resource: string, at: string])[] {
  const resources = fieldsOf(value.resources, `${at}.resources`)
  return ['limits', 'requests'].flatMap((kind) => {
    const where = `${at}.resources.${kind}`
    return Object.entries(fieldsOf(resources[kind], where))
      .filter(([resource]) => isGpu(resource))
      .filter(([resource, amount]) => parseQuantity(amount, `${where}[${quoted(resource)}]`) > 0n)
      .map(([resource]) => [resource, where] as const)
  })
}

const isGpu = (resource: string): boolean =>
  resource === PASSTHROUGH_GPU ||
  HOST_GPUS.some((name) =>
    name.endsWith('*') ? resource.startsWith(name.slice(0, -1)) : resource === name,
  )

/** @throws {AttestationError} `ERR_POD_GPU`, `ERR_POD_FORMAT` */
export function refuseGpus(
  pod: Pod,
  { passthrough, foreign }: Gpus,
  { name, gpu }: RuntimeClass,
): void {
  if (foreign !== null) {
    throw refusal(
      'ERR_POD_GPU',
      `${foreign.at} asks for ${quoted(foreign.resource)}, which no guest can attest: a confidential Pod asks for ${PASSTHROUGH_GPU}`,
    )
  }
  if (passthrough !== null && !gpu) {
    throw refusal(
      'ERR_POD_GPU',
      `${passthrough} asks for ${PASSTHROUGH_GPU}, which ${name} cannot attest: make it cpu-gpu, or leave the GPU out`,
    )
  }
  if (passthrough === null && gpu) {
    throw refusal(
      'ERR_POD_GPU',
      `${name} is for GPUs, and no container asks for ${PASSTHROUGH_GPU}: ask for one, or make it cpu`,
    )
  }
  if (listOf(pod.spec.resourceClaims, 'spec.resourceClaims').length > 0) {
    throw refusal(
      'ERR_POD_GPU',
      `spec.resourceClaims hands out devices unseen: a confidential Pod asks for ${PASSTHROUGH_GPU} instead`,
    )
  }
}
