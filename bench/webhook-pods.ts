// SPDX-License-Identifier: Apache-2.0
// Reviews of the size and shape that a cluster has: lease Pods that get their sidecar, Pods that nobody
// looks at, and one that is refused.

import { confidentialPod, type Fields, plainPod, review } from '../test/fake/reviews.js'
import type { ReviewBody } from './webhook-load.js'

const UID = '@uid@'

/** What a Pod of the Akash provider has, and an API server adds. */
function leasePod(spec: Fields = {}, more: Fields = {}): Fields {
  const env = Array.from({ length: 24 }, (_, index) => ({
    name: `AKASH_VARIABLE_${index}`,
    value: `value of variable ${index}, as tenants have them`,
  }))
  const resources = {
    limits: { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi' },
    requests: { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi' },
  }
  const ports = [{ name: 'web', containerPort: 8080, protocol: 'TCP' }]
  const web = { name: 'web', image: 'registry.example/web:1.2.3', env, resources, ports }
  const fields = Object.fromEntries(
    env.map(({ name }) => [`k:{"name":"${name}"}`, { '.': {}, 'f:value': {} }]),
  )
  const managedFields = [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-21T12:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { 'f:env': fields } } } },
    },
  ]
  return confidentialPod({ containers: [web], ...spec }, { managedFields, ...more })
}

function body(pod: Fields, expected: ReviewBody['expected']): ReviewBody {
  const [before = '', after = ''] = JSON.stringify(review(pod, { uid: UID })).split(UID)
  return { before, after, expected }
}

/** What a webhook sees that is asked about lease Pods. */
export const MIX: readonly ReviewBody[] = [
  body(leasePod(), 'patch'),
  body(leasePod({ runtimeClassName: 'kata-qemu-tdx' }), 'patch'),
  body(plainPod(), 'pass'),
  body(leasePod({ hostPID: true }), 'refuse'),
]

/** One container beside so many others. */
export const crowded = (containers: number): ReviewBody => {
  const [web] = (leasePod().spec as { containers: Fields[] }).containers
  const all = Array.from({ length: containers }, (_, index) => ({
    ...web,
    name: `web-${index}`,
    ports: [],
  }))
  return body(leasePod({ containers: all }), 'patch')
}

/** So many bytes in one variable. */
export const long = (bytes: number): ReviewBody => {
  const env = [{ name: 'LONG', value: 'x'.repeat(bytes) }]
  return body(leasePod({ containers: [{ name: 'web', image: 'web:1', env }] }), 'patch')
}

export const LEASE = MIX[0] as ReviewBody
