// SPDX-License-Identifier: Apache-2.0
// What the directory must say: made at once from what the API server lists, and not from what happened.

import { leaseHints } from '../../src/directory/kube-hints.js'
import { kubeSettings } from '../../src/directory/kube-settings.js'
import { KubeStore } from '../../src/directory/kube-store.js'
import { DirectoryState } from '../../src/directory/state.js'
import { PATHS } from '../directory/kube-objects.js'
import type { Api } from './api.js'

const SETTINGS = kubeSettings({
  nodeHost: null,
  gateway: 'https://provider.example.com:8443',
  expectations: null,
})
const KINDS = ['namespaces', 'pods', 'services', 'ingresses'] as const
const PAGE = 1_000

/** The digest of a state that has all leases as the API server has them now. */
export async function truth(api: Api): Promise<{ digest: string; endpoints: number }> {
  const store = new KubeStore((namespace, error) => {
    throw new Error(`${namespace}: ${error.message}`)
  })
  for (const kind of KINDS) {
    let next = ''
    do {
      const query = new URLSearchParams({
        labelSelector: 'akash.network=true',
        limit: `${PAGE}`,
        continue: next,
      })
      const { items, metadata } = await api.must('GET', `${PATHS[kind]}?${query}`)
      for (const item of items) store.sinks[kind].set(item)
      next = metadata.continue ?? ''
    } while (next !== '')
  }
  const state = new DirectoryState()
  for (const namespace of store.take()) {
    const objects = store.get(namespace)
    const hints = objects ? leaseHints(objects, new Map(), SETTINGS) : null
    if (hints) state.setLease(hints)
  }
  return { digest: state.digest(), endpoints: state.counts.endpoints }
}
