// SPDX-License-Identifier: Apache-2.0
// What clients of an API server have to live with.

import { equal, ok } from 'node:assert/strict'
import { Watch } from '@kubernetes/client-node'
import { Api } from '../api.js'
import { certifiedAs } from '../kubeconfig.js'
import type { Cases } from '../suite.js'
import { pods } from './samples.js'

export const outages: Cases = {
  'a restarted API server has what it had': async (cluster) => {
    await cluster.stopApiServer()
    await cluster.api.request('GET', `${pods}/debug`).then(
      () => Promise.reject(new Error('it still answers')),
      () => {},
    )
    await cluster.startApiServer()
    equal((await cluster.api.request('GET', `${pods}/debug`)).status, 200)
  },

  'a watch that is cut ends': async (cluster) => {
    const ended = new Promise((resolve) => {
      new Watch(cluster.kubeconfig).watch(pods, {}, () => cluster.cutWatches(), resolve)
    })
    ok(await ended)
    equal((await cluster.api.request('GET', pods)).status, 200)
  },

  'a silent network loses nothing': async (cluster) => {
    const direct = new Api(
      certifiedAs('admin', cluster.children.dir, `https://127.0.0.1:${cluster.port}`),
    )
    const undo = cluster.front.silence()
    let answered = false
    const asked = cluster.api.request('GET', pods).then(({ status }) => {
      answered = true
      return status
    })
    equal((await direct.request('GET', pods)).status, 200)
    equal(answered, false)
    undo()
    equal(await asked, 200)
    direct.close()
  },

  'a revision from before a compaction is gone': async (cluster) => {
    const { metadata } = await cluster.api.must('GET', `${pods}/debug`)
    const exactly = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`
    const old = async () => (await cluster.api.request('GET', `${pods}?${exactly}`)).status
    await cluster.api.must('DELETE', `${pods}/debug`)
    // What it remembers by itself, it forgets.
    await cluster.stopApiServer()
    await cluster.startApiServer()
    equal(await old(), 200)
    await cluster.compactEtcd()
    equal(await old(), 410)
    const from = `watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`
    const { body } = await cluster.api.request('GET', `${pods}?${from}`)
    equal(body.object.code, 410)
  },
}
