// SPDX-License-Identifier: Apache-2.0
// Whether a container that carries the sidecar's name is the one that we put there, after what the API
// server itself adds to containers: defaults, and the mutations of its built-in plugins.

import { SIDECAR } from './names.js'
import { type Container, containersOf, type Pod } from './pod.js'
import { type Fields, isFields, listOf, ownOf, refusal } from './pod-read.js'
import { same } from './pod-same.js'

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const TOKEN_VOLUME = 'kube-api-access-'

/** Containers of this name, in whichever list. */
export const namesakes = (pod: Pod): readonly Container[] =>
  containersOf(pod).filter(({ name }) => name === SIDECAR.container)

/**
 * Refuses a container of the sidecar's name that is not ours.
 *
 * @returns whether the Pod has its sidecar
 * @throws {AttestationError} `ERR_POD_SIDECAR`, `ERR_POD_FORMAT`
 */
export function hasOurs(pod: Pod, list: string, expected: Fields): boolean {
  const [found, another] = namesakes(pod)
  if (found === undefined) return false
  if (another !== undefined) {
    throw refusal('ERR_POD_SIDECAR', `${taken(another)}, and there is one already`)
  }
  if (found.list !== list) {
    throw refusal('ERR_POD_SIDECAR', `${taken(found)}, which belongs in spec.${list}`)
  }
  const field = difference(found.value, expected, pod)
  if (field !== null) {
    throw refusal(
      'ERR_POD_SIDECAR',
      `${found.at}.${field} is not what the sidecar has: rename the container if it is yours, or keep other webhooks from changing ${SIDECAR.container}`,
    )
  }
  return true
}

const taken = ({ at }: Container): string => `${at} is called ${SIDECAR.container}: rename it`

/** The first field that differs by more than the API server's doing. */
function difference(actual: Fields, expected: Fields, pod: Pod): string | null {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
  for (const name of names) {
    const admits = ADDITIONS[name as keyof typeof ADDITIONS] ?? same
    if (!admits(ownOf(actual, name), ownOf(expected, name), pod)) return name
  }
  return null
}

type Admits = (actual: unknown, expected: unknown, pod: Pod) => boolean

/** Fields that the API server changes in a container which lacks nothing, and how far. */
const ADDITIONS = Object.assign(Object.create(null) as Record<string, Admits>, {
  // AlwaysPullImages.
  imagePullPolicy: (actual, expected) => actual === expected || actual === 'Always',
  // LimitRanger, where a namespace limits the disk.
  resources: (actual, expected) =>
    isFields(actual) &&
    isFields(expected) &&
    same(Object.keys(actual).sort(), Object.keys(expected).sort()) &&
    Object.keys(expected).every((kind) => same(withoutDisk(actual[kind]), expected[kind])),
  // A default since in-place resizing.
  resizePolicy: (actual) => actual === undefined || isDefaultResize(actual),
  securityContext: (actual, expected) =>
    same(isFields(actual) ? without(actual, 'procMount', 'Default') : actual, expected),
  // ServiceAccount.
  volumeMounts: (actual, _expected, pod) => actual === undefined || isTokenMount(actual, pod),
} satisfies Record<string, Admits>)

function without(fields: Fields, name: string, value: unknown): Fields {
  if (fields[name] !== value) return fields
  const { [name]: _dropped, ...others } = fields
  return others
}

const withoutDisk = (amounts: unknown): unknown =>
  isFields(amounts) ? without(amounts, 'ephemeral-storage', amounts['ephemeral-storage']) : amounts

const RESIZABLE: readonly unknown[] = ['cpu', 'memory']

const isDefaultResize = (policies: unknown): boolean =>
  Array.isArray(policies) &&
  policies.length <= RESIZABLE.length &&
  policies.every(
    (policy) =>
      isFields(policy) &&
      RESIZABLE.includes(policy.resourceName) &&
      same(policy, { resourceName: policy.resourceName, restartPolicy: 'NotRequired' }),
  )

/** One mount of the token, read-only, of a volume that is what the plugin makes. */
function isTokenMount(mounts: unknown, { spec }: Pod): boolean {
  if (!Array.isArray(mounts) || mounts.length > 1) return false
  const [mount] = mounts as readonly unknown[]
  if (mount === undefined) return true
  if (!isFields(mount) || typeof mount.name !== 'string') return false
  const { name } = mount
  if (!name.startsWith(TOKEN_VOLUME)) return false
  if (!same(mount, { name, readOnly: true, mountPath: TOKEN_PATH })) return false
  return listOf(spec.volumes, 'spec.volumes').some(
    (volume) =>
      isFields(volume) &&
      volume.name === name &&
      isFields(volume.projected) &&
      Object.keys(volume).length === 2,
  )
}
