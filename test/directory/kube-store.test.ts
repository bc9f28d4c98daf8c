// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { KubeObject } from '../../src/directory/kube-list.js'
import { KubeStore } from '../../src/directory/kube-store.js'
import { namespaceOf, PATHS, podOf } from './kube-objects.js'
import { KubeWorld, until } from './kube-world.js'

const seen = (object: object): KubeObject => object as KubeObject

t.test('kube store: keeps a namespace as long as anything in it is known', async (t) => {
  const store = new KubeStore(() => t.fail('the labels name a lease'))
  const [namespace, pod] = [seen(namespaceOf('ns')), seen(podOf('ns', 'web-0'))]
  store.sinks.namespaces.set(namespace)
  store.sinks.pods.set(pod)
  store.sinks.namespaces.delete(namespace)
  t.equal(store.get('ns')?.lease, null)
  t.equal(store.get('ns')?.pods.size, 1)
  store.sinks.pods.delete(pod)
  t.equal(store.get('ns'), undefined, 'and no longer')
  t.same(store.take(), ['ns'], 'which is a change like others')
  t.same(store.take(), [])
})

t.test('kube: a lease of which nothing is left is gone', async (t) => {
  const world = await KubeWorld.started((api) => {
    api.put(PATHS.namespaces, namespaceOf('ns'))
    api.put(PATHS.pods, podOf('ns', 'web-0'))
  })
  t.teardown(() => world.close())
  t.equal(world.state.counts.leases, 1)
  world.api.remove(PATHS.pods, { namespace: 'ns', name: 'web-0' })
  world.api.remove(PATHS.namespaces, { name: 'ns' })
  await until(() => world.state.counts.leases === 0, 'the lease is gone')
  await world.converged()
})
