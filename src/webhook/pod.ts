// SPDX-License-Identifier: Apache-2.0
// The parts of a Pod that decide whether it is confidential, and whether it may be admitted.

import { MANAGED_LABEL, RUNTIME_CLASSES, type RuntimeClass, YES } from './names.js'
import { entryOf, type Fields, fieldsOf, isFields, listOf, refusal, textOf } from './pod-read.js'

export const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const
export type ContainerList = (typeof CONTAINER_LISTS)[number]

export interface Pod {
  readonly value: Fields
  readonly labels: Fields
  readonly annotations: Fields
  readonly spec: Fields
  readonly isManaged: boolean
  /** Of those that are confidential. */
  readonly runtimeClass: RuntimeClass | null
  /** As it stands in the Pod. */
  readonly runtimeClassName: string
}

export interface Container {
  readonly list: ContainerList
  readonly index: number
  readonly at: string
  readonly name: string
  readonly value: Fields
}

const KIND = 'Pod'
const API_VERSION = 'v1'

/** @throws {AttestationError} `ERR_POD_FORMAT` */
export function readPod(value: unknown): Pod {
  if (!isFields(value)) throw refusal('ERR_POD_FORMAT', 'the object must be a Pod')
  expect(value, 'kind', KIND)
  expect(value, 'apiVersion', API_VERSION)
  const metadata = fieldsOf(value.metadata, 'metadata')
  const labels = fieldsOf(metadata.labels, 'metadata.labels')
  const spec = fieldsOf(value.spec, 'spec')
  const runtimeClassName = textOf(spec.runtimeClassName, 'spec.runtimeClassName')
  return {
    value,
    labels,
    annotations: fieldsOf(metadata.annotations, 'metadata.annotations'),
    spec,
    isManaged: entryOf(labels, MANAGED_LABEL, 'metadata.labels') === YES,
    runtimeClass: RUNTIME_CLASSES.find(({ name }) => name === runtimeClassName) ?? null,
    runtimeClassName,
  }
}

function expect(value: Fields, name: string, wanted: string): void {
  const said = textOf(value[name], name)
  if (said !== '' && said !== wanted) {
    throw refusal('ERR_POD_FORMAT', `${name} must be ${wanted} of the core API`)
  }
}

export const annotationOf = ({ annotations }: Pod, name: string): string | undefined =>
  entryOf(annotations, name, 'metadata.annotations')

/** All containers of the named lists, in order. */
export function containersOf(
  { spec }: Pod,
  lists: readonly ContainerList[] = CONTAINER_LISTS,
): readonly Container[] {
  return lists.flatMap((list) =>
    listOf(spec[list], `spec.${list}`).map((element, index) => {
      const at = `spec.${list}[${index}]`
      if (!isFields(element)) throw refusal('ERR_POD_FORMAT', `${at} must be a container`)
      return { list, index, at, name: textOf(element.name, `${at}.name`), value: element }
    }),
  )
}
