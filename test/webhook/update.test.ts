// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { type Decision, decide } from '../../src/webhook/decide.js'
import {
  admitted,
  cpuPod,
  type Loose,
  leasePod,
  NAME,
  POLICY,
  put,
  refuses,
  sidecars,
  update,
} from './pods.js'

/** A confidential Pod that was admitted and runs. */
function running(change: (pod: Loose) => void = () => {}, nativeSidecar = false): Loose {
  const pod = admitted(cpuPod(), { nativeSidecar })
  pod.spec.nodeName = 'n1'
  pod.metadata.annotations = { note: 'x' }
  pod.status = { phase: 'Running' }
  change(pod)
  return pod
}

const ask = (before: unknown, after: unknown, subResource = ''): Decision =>
  decide(update(before, after, subResource), POLICY)

const UNCHANGED = { allowed: true, patch: [], reason: 'unchanged', warnings: [] } as const

t.test('update: what everybody may change of a running Pod is changed', async (t) => {
  for (const native of [false, true]) {
    for (const [title, change] of [
      ['nothing', () => {}],
      ['a label', put('/metadata/labels/team', 'a')],
      ['an annotation', put('/metadata/annotations/note', 'y')],
      ['finalizers', put('/metadata/finalizers', [])],
      ['an owner', put('/metadata/ownerReferences', [{ kind: 'ReplicaSet' }])],
      ['the image of the workload', put('/spec/containers/0/image', 'nginx:2')],
      ['a toleration', put('/spec/tolerations/1', { key: 'x', operator: 'Exists' })],
      ['a deadline', put('/spec/activeDeadlineSeconds', 5)],
      ['a debugger', put('/spec/ephemeralContainers', [{ name: 'debugger', image: 'busybox' }])],
      [
        'a debugger of the workload',
        put('/spec/ephemeralContainers', [{ name: 'd', image: 'b', targetContainerName: 'web' }]),
      ],
    ] as const) {
      for (const subResource of ['', 'ephemeralcontainers', 'resize']) {
        const decision = ask(running(undefined, native), running(change, native), subResource)
        t.strictSame(decision, UNCHANGED, `${title} by ${JSON.stringify(subResource)}`)
      }
    }
  }
})

t.test('update: a sidecar older than the operator’s choice is left alone', async (t) => {
  const old = (pod: Loose) => {
    sidecars(pod)[0].image = 'registry.example/assay-sidecar@sha256:old'
  }
  t.strictSame(ask(running(old), running(old)), UNCHANGED)
})

t.test('update: Pods that are not confidential are left alone', async (t) => {
  const NOT = { allowed: true, patch: [], reason: 'not-confidential', warnings: [] } as const
  t.strictSame(ask(leasePod(), leasePod(put('/spec/containers/0/image', 'x'))), NOT)
  const unmanaged = cpuPod(put('/metadata/labels', {}))
  t.strictSame(ask(unmanaged, unmanaged), NOT)
  const taken = leasePod(put('/spec/ephemeralContainers', [{ name: NAME }]))
  t.strictSame(ask(leasePod(), taken, 'ephemeralcontainers'), NOT)
})

t.test('update: Pods from before there was a webhook can still be changed', async (t) => {
  const without = cpuPod(put('/spec/nodeName', 'n1'))
  const changed = structuredClone(without)
  changed.metadata.finalizers = []
  t.strictSame(ask(without, changed), UNCHANGED)
  const stuck = running(put('/spec/ephemeralContainers', [{ name: NAME, image: 'x' }]))
  const released = structuredClone(stuck)
  released.metadata.finalizers = []
  t.strictSame(ask(stuck, released), UNCHANGED, 'even with what would no longer be let in')
  const asks = leasePod(put('/metadata/annotations', { 'akash.network/tee': 'sgx' }))
  t.strictSame(ask(asks, asks), UNCHANGED)
})

t.test('update: neither the sidecar nor what made the Pod confidential changes', async (t) => {
  for (const native of [false, true]) {
    const list = native ? 'initContainers' : 'containers'
    const at = native ? 0 : 1
    for (const [title, change] of [
      ['its image', put(`/spec/${list}/${at}/image`, 'evil')],
      ['its memory', put(`/spec/${list}/${at}/resources/limits/memory`, '1Mi')],
      ['its environment', put(`/spec/${list}/${at}/env/1`, { name: 'NODE_OPTIONS', value: 'x' })],
      ['its name', put(`/spec/${list}/${at}/name`, 'other')],
      ['its number', put(`/spec/containers/2`, { name: NAME, image: 'x' })],
      ['the label', put('/metadata/labels/akash.network', 'false')],
      ['no labels', put('/metadata/labels', {})],
      ['the class', put('/spec/runtimeClassName', 'kata-qemu-tdx')],
      ['no class', put('/spec/runtimeClassName', null)],
      ['opting out', put('/metadata/annotations/akash.network~1attestation-disabled', 'true')],
      ['another wish', put('/metadata/annotations/akash.network~1tee', 'cpu')],
      ['asking again', put('/metadata/annotations/attestation.enabled', 'true')],
      [
        'another guest',
        put('/metadata/annotations/io.katacontainers.config.hypervisor.kernel_params', 'debug'),
      ],
    ] as const) {
      for (const subResource of ['', 'ephemeralcontainers', 'resize']) {
        const decision = ask(running(undefined, native), running(change, native), subResource)
        refuses(t, decision, 'ERR_POD_UPDATE', `${title} by ${JSON.stringify(subResource)}`)
      }
    }
  }
})

t.test(
  'update: initdata of a running Pod changes no more than other annotations of Kata',
  async (t) => {
    const at = '/metadata/annotations/io.katacontainers.config.hypervisor.cc_init_data'
    refuses(t, ask(running(put(at, 'a')), running(put(at, 'b'))), 'ERR_POD_UPDATE')
    refuses(t, ask(running(put(at, 'a')), running()), 'ERR_POD_UPDATE')
  },
)

t.test('update: a Pod does not become confidential, where nobody looked at it', async (t) => {
  const unmanaged = cpuPod(put('/metadata/labels', {}))
  refuses(t, ask(unmanaged, cpuPod()), 'ERR_POD_UPDATE', 'by its label')
  const wish = leasePod(put('/metadata/annotations', { 'akash.network/tee': 'cpu' }))
  refuses(t, ask(leasePod(), wish), 'ERR_POD_UPDATE', 'by its wish')
  const word = leasePod(put('/metadata/annotations', { 'attestation.enabled': 'True' }))
  refuses(t, ask(leasePod(), word), 'ERR_POD_UPDATE', 'by a wish in another word')
  const off = leasePod(put('/metadata/annotations', { 'attestation.enabled': 'false' }))
  t.match(ask(leasePod(), off), { allowed: true, reason: 'not-confidential' })
})

t.test('update: an ephemeral container is neither the sidecar nor inside it', async (t) => {
  for (const [title, container] of [
    ['its name', { name: NAME, image: 'x' }],
    ['its processes', { name: 'd', image: 'x', targetContainerName: NAME }],
    ['its port', { name: 'd', image: 'x', ports: [{ containerPort: 8790 }] }],
  ] as const) {
    const after = running(put('/spec/ephemeralContainers', [{ name: 'a' }, container]))
    const before = running(put('/spec/ephemeralContainers', [{ name: 'a' }]))
    refuses(t, ask(before, after, 'ephemeralcontainers'), 'ERR_POD_SIDECAR', title)
  }
})

t.test('update: other subresources are somebody else’s', async (t) => {
  t.strictSame(ask(running(), running(put('/spec/containers/1/image', 'x')), 'status'), UNCHANGED)
  t.strictSame(ask(null, { kind: 'Binding' }, 'binding'), UNCHANGED)
})

t.test('update: without the Pod as it was there is nothing to compare', async (t) => {
  const decision = ask(null, running())
  t.match(decision, { allowed: false, code: 'ERR_POD_FORMAT' })
})
