// SPDX-License-Identifier: Apache-2.0
// What the controllers do with objects that suites rely on.

import { deepEqual, equal } from 'node:assert/strict'
import type { Cluster } from '../cluster.js'
import type { Cases } from '../suite.js'
import { until } from '../wait.js'
import { group, podSpec, pods, SPACE, workload } from './samples.js'

const images = async ({ api }: Cluster, name: string): Promise<string[]> => {
  const { items } = await api.must('GET', `${pods}?labelSelector=app%3D${name}`)
  return items.flatMap(({ spec }: { spec: { containers: { image: string }[] } }) =>
    spec.containers.map(({ image }) => image),
  )
}

const web = `/apis/apps/v1/namespaces/${SPACE}/deployments/web`

export const controllers: Cases = {
  'a namespace has a service account, and its CA': async (cluster) => {
    await cluster.namespace(SPACE)
    const ca = `/api/v1/namespaces/${SPACE}/configmaps/kube-root-ca.crt`
    const { data } = await until('the CA', () => cluster.api.must('GET', ca))
    equal(data['ca.crt'], cluster.caPem)
  },

  'a deployment makes its pods, and replaces them when it is updated': async (cluster) => {
    await cluster.applyObjects([workload('Deployment', 'web', 'one', 2)])
    await until('two pods', async () => (await images(cluster, 'web')).length === 2)
    await cluster.applyObjects([workload('Deployment', 'web', 'two', 2)])
    await until('a pod of the new image', async () =>
      (await images(cluster, 'web')).includes('two'),
    )
  },

  'applying twice changes nothing': async (cluster) => {
    const generation = async () => (await cluster.api.must('GET', web)).metadata.generation
    const before = await generation()
    await cluster.applyObjects([workload('Deployment', 'web', 'two', 2)])
    equal(await generation(), before)
  },

  'a deleted deployment takes its pods along': async (cluster) => {
    await cluster.api.must('DELETE', web)
    await until('no pod', async () => (await images(cluster, 'web')).length === 0)
  },

  'a stateful set makes its pods': async (cluster) => {
    await cluster.applyObjects([workload('StatefulSet', 'data', 'one', 2)])
    // The second waits for the first, which nobody runs.
    await until('its first pod', () => cluster.api.must('GET', `${pods}/data-0`))
  },

  'a pod that is ready on a node is behind its Service': async (cluster) => {
    const metadata = { name: 'web', namespace: SPACE }
    const spec = { selector: { app: 'served' }, ports: [{ port: 80 }] }
    await cluster.applyObjects([{ apiVersion: 'v1', kind: 'Service', metadata, spec }])
    await cluster.api.must('POST', '/api/v1/nodes', { metadata: { name: 'node' } })
    const labels = { app: 'served' }
    const pod = {
      metadata: { name: 'served', labels },
      spec: { ...podSpec('one'), nodeName: 'node' },
    }
    await cluster.api.must('POST', pods, pod)
    const conditions = [{ type: 'Ready', status: 'True' }]
    const status = { phase: 'Running', podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }], conditions }
    const type = 'application/merge-patch+json'
    await cluster.api.must('PATCH', `${pods}/served/status`, { status }, type)
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${SPACE}/endpointslices`
    const addresses = await until('its address', async () => {
      const { items } = await cluster.api.must('GET', slices)
      return items[0]?.endpoints?.[0]?.addresses
    })
    deepEqual(addresses, ['10.0.0.7'])
  },

  'a role is made of others': async (cluster) => {
    const labels = { 'kube.test/part': 'true' }
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]
    const clusterRoleSelectors = [{ matchLabels: labels }]
    await cluster.applyObjects([
      { ...group.rbac, kind: 'ClusterRole', metadata: { name: 'part', labels }, rules },
      {
        ...group.rbac,
        kind: 'ClusterRole',
        metadata: { name: 'whole' },
        aggregationRule: { clusterRoleSelectors },
      },
    ])
    await until('its rules', async () => {
      const { rules } = await cluster.api.must(
        'GET',
        '/apis/rbac.authorization.k8s.io/v1/clusterroles/whole',
      )
      return rules?.length === 1
    })
  },

  'a deleted namespace goes with all that is in it': async (cluster) => {
    await cluster.namespace('leaving')
    const space = '/api/v1/namespaces/leaving'
    await cluster.api.must('POST', `${space}/pods`, {
      metadata: { name: 'one' },
      spec: podSpec('one'),
    })
    await cluster.api.must('DELETE', space)
    await until('its end', async () => (await cluster.api.request('GET', space)).status === 404)
  },
}
