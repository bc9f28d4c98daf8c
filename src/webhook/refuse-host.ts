// SPDX-License-Identifier: Apache-2.0
// What a confidential Pod may not share with its host, and may not change about its guest.

import { KATA_INIT_DATA, KATA_PREFIX } from './names.js'
import type { Pod } from './pod.js'
import { type Fields, fieldsOf, flagOf, listOf, quoted, refusal, textOf } from './pod-read.js'

const NAMESPACES: readonly (readonly [field: string, why: string])[] = [
  ['hostPID', 'a confidential Pod shares no processes with its host'],
  ['hostIPC', 'a confidential Pod shares no memory with its host'],
  ['hostNetwork', 'port 8790 would be that of the host'],
  ['shareProcessNamespace', 'the key of the sidecar would be open to every container'],
]

/** Trees of the host with TEE devices, their configuration, and ways around to both. */
const HOST_TREES = ['/dev', '/sys', '/proc'] as const

/** @throws {AttestationError} `ERR_POD_HOST`, `ERR_POD_GUEST`, `ERR_POD_FORMAT` */
export function refuseHost(pod: Pod): void {
  const { spec, annotations } = pod
  for (const [field, why] of NAMESPACES) {
    if (flagOf(spec[field], `spec.${field}`)) {
      throw refusal('ERR_POD_HOST', `spec.${field} is true: leave it out, for ${why}`)
    }
  }
  for (const [index, volume] of listOf(spec.volumes, 'spec.volumes').entries()) {
    refuseVolume(fieldsOf(volume, `spec.volumes[${index}]`), `spec.volumes[${index}]`)
  }
  refuseWindows(spec)
  const kata = kataAnnotations(annotations).find((name) => name !== KATA_INIT_DATA)
  if (kata !== undefined) {
    throw refusal(
      'ERR_POD_GUEST',
      `annotation ${quoted(kata)} changes the guest that tenants measure: leave it out`,
    )
  }
}

function refuseVolume(volume: Fields, at: string): void {
  const source = fieldsOf(volume.hostPath, `${at}.hostPath`)
  if (volume.hostPath === undefined || volume.hostPath === null) return
  const text = textOf(source.path, `${at}.hostPath.path`)
  if (!reachesTee(text)) return
  throw refusal(
    'ERR_POD_HOST',
    `${at}.hostPath.path is ${quoted(text)}: leave the volume out, for a confidential Pod takes no devices from its host`,
  )
}

/** Whether a path of the host leads to devices and kernel interfaces, from above or below. */
export function reachesTee(text: string): boolean {
  const steps = text.split('/').filter((step) => step !== '' && step !== '.')
  if (steps.length === 0 || steps.includes('..')) return true
  return HOST_TREES.includes(`/${steps[0]}` as (typeof HOST_TREES)[number])
}

function refuseWindows(spec: Fields): void {
  const os = textOf(fieldsOf(spec.os, 'spec.os').name, 'spec.os.name')
  if (os !== '' && os !== 'linux') {
    throw refusal(
      'ERR_POD_GUEST',
      `spec.os.name is ${quoted(os)}: leave it out, for confidential Pods run Linux`,
    )
  }
}

/** Names of annotations that Kata reads. */
export const kataAnnotations = (annotations: Fields): readonly string[] =>
  Object.keys(annotations).filter((name) => name.startsWith(KATA_PREFIX))
