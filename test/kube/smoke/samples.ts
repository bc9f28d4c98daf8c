// SPDX-License-Identifier: Apache-2.0
// Objects for the cases of the cluster.

import type { Manifest } from '../objects.js'

export const SPACE = 'smoke'

export const pods = `/api/v1/namespaces/${SPACE}/pods`

export const group = {
  admission: { apiVersion: 'admissionregistration.k8s.io/v1' },
  rbac: { apiVersion: 'rbac.authorization.k8s.io/v1' },
}

export const podSpec = (image: string) => ({ containers: [{ name: 'main', image }] })

export function workload(kind: string, name: string, image: string, replicas: number): Manifest {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: podSpec(image) }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: SPACE },
    spec: { replicas, selector: { matchLabels: labels }, template },
  }
}
