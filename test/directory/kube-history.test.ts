// SPDX-License-Identifier: Apache-2.0
// Whatever happens to objects and to connections, in whatever order: in the end the state is what the
// objects say.

import fc from 'fast-check'
import t from 'tap'
import type { FakeKubeApi } from '../fake/kube-api.js'
import { ingressOf, namespaceOf, PATHS, podOf, serviceOf } from './kube-objects.js'
import { digestOf, KubeWorld, SILENCE_MS, until } from './kube-world.js'

type Step = (api: FakeKubeApi) => void

const namespace = fc.constantFrom('ns-a', 'ns-b', 'ns-c')
const dseq = fc.constantFrom('1', '2', '3')
const name = fc.constantFrom('web-0', 'web-1', 'web-2')
const chance = fc.boolean()

const change: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(namespace, dseq).map(
    ([ns, seq]): Step =>
      (api) =>
        api.put(PATHS.namespaces, namespaceOf(ns, { dseq: seq })),
  ),
  fc.tuple(namespace, name, chance, chance, chance).map(
    ([ns, pod, ready, started, none]): Step =>
      (api) =>
        api.put(
          PATHS.pods,
          podOf(ns, pod, { ready, started, sidecar: none ? 'none' : 'container' }),
        ),
  ),
  fc.tuple(namespace, fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 3 }), chance).map(
    ([ns, service, port, other]): Step =>
      (api) =>
        api.put(
          PATHS.services,
          serviceOf(ns, service, { nodePort: 30_000 + port, targetPort: other ? 80 : 8790 }),
        ),
  ),
  fc.tuple(namespace, fc.constantFrom('a', 'b')).map(
    ([ns, service]): Step =>
      (api) =>
        api.put(PATHS.ingresses, ingressOf(ns, 'h', { service })),
  ),
  fc.tuple(namespace).map(
    ([ns]): Step =>
      (api) =>
        api.remove(PATHS.namespaces, { name: ns }),
  ),
  fc.tuple(namespace, name).map(
    ([ns, pod]): Step =>
      (api) =>
        api.remove(PATHS.pods, { namespace: ns, name: pod }),
  ),
  fc.tuple(namespace, fc.constantFrom('a', 'b')).map(
    ([ns, service]): Step =>
      (api) =>
        api.remove(PATHS.services, { namespace: ns, name: service }),
  ),
  fc.tuple(namespace).map(
    ([ns]): Step =>
      (api) =>
        api.remove(PATHS.ingresses, { namespace: ns, name: 'h' }),
  ),
)

const HALF = '{"type":"DELETED","object":{"metadata":{"name":"web-0","name'
const status = fc.constantFrom(403, 410, 429, 500)

const fault: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((api) => api.cut()),
  fc.constant<Step>((api) => api.cut(HALF)),
  fc.integer({ min: 1, max: 3 }).map(
    (events): Step =>
      (api) => {
        api.garbled = events
      },
  ),
  fc.constant<Step>((api) => api.end()),
  fc.constant<Step>((api) => api.bookmark()),
  fc.constant<Step>((api) => api.compact()),
  fc.constant<Step>((api) => {
    api.down = true
    api.cut()
  }),
  fc.constant<Step>((api) => {
    api.down = false
  }),
  fc.constant<Step>((api) => {
    api.hanging = true
  }),
  fc.constantFrom('status' as const, 'event' as const).map(
    (gone): Step =>
      (api) => {
        api.gone = gone
      },
  ),
  status.map(
    (code): Step =>
      (api) =>
        api.answers.push({ status: code, path: '/pods' }),
  ),
  fc.constant<Step>((api) => {
    api.paging = () => {
      api.paging = () => {}
      api.compact()
    }
  }),
)

/** Changes that nobody is told of, and that cannot be asked for afterwards. */
const outage: fc.Arbitrary<Step> = fc
  .array(change, { minLength: 1, maxLength: 5 })
  .map((changes) => (api) => {
    api.cut()
    for (const step of changes) step(api)
    api.compact()
  })

/** All there can be, so that there is something to lose. */
function everything(api: FakeKubeApi): void {
  for (const [at, ns] of ['ns-a', 'ns-b', 'ns-c'].entries()) {
    api.put(PATHS.namespaces, namespaceOf(ns, { dseq: `${at + 1}` }))
    for (const pod of ['web-0', 'web-1', 'web-2']) api.put(PATHS.pods, podOf(ns, pod))
    for (const service of ['a', 'b']) {
      api.put(PATHS.services, serviceOf(ns, service, { nodePort: 30_001 }))
    }
    api.put(PATHS.ingresses, ingressOf(ns, 'h', { service: 'a' }))
  }
  // More than a page.
  for (let at = 0; at < 120; at++) api.put(PATHS.pods, podOf('ns-a', `many-${at}`))
}

/** A step, and how many turns of the event loop it is given. */
const moment = fc.tuple(
  fc.oneof(
    { weight: 3, arbitrary: change },
    { weight: 2, arbitrary: fault },
    { weight: 1, arbitrary: outage },
  ),
  fc.constantFrom(0, 0, 5, 30, 100),
)

t.test('kube: after any history the state is that of the API server', async (t) => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(chance, fc.array(moment, { maxLength: 40 }), async (early, moments) => {
      runs++
      const world = await KubeWorld.open()
      const { api, source } = world
      try {
        everything(api)
        const started = source.start(world.state)
        if (!early) await until(() => source.connected, 'connected')
        for (const [step, turns] of moments) {
          step(api)
          for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
        }
        Object.assign(api, { down: false, garbled: 0, paging: () => {} })
        await started
        // A watch that hangs is found out in time; one that does not is only asked for anew.
        await world.converged(() => {
          api.hanging = false
          world.clock.ring(SILENCE_MS)
        })
        for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
        if (world.state.digest() !== digestOf(api)) throw new Error('and does not stay so')
      } finally {
        await world.close()
      }
    }),
    { numRuns: 60, endOnFailure: true },
  )
  t.equal(runs, 60)
})
