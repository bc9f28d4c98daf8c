// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { leaseFacts, podFacts, routeFacts, serviceFacts } from '../../src/directory/kube-strip.js'
import { throwsCode } from '../helpers.js'
import { namespaceOf, podOf } from './kube-objects.js'

t.test('strip: objects with next to nothing in them', async (t) => {
  for (const bare of [{}, { metadata: {} }, { metadata: {}, spec: {}, status: {} }]) {
    t.equal(leaseFacts(bare), null)
    t.equal(podFacts(bare as object), null)
    t.equal(serviceFacts(bare), null)
    t.equal(routeFacts(bare), null)
  }
  const metadata = { labels: { 'akash.network/manifest-service': 'web' } }
  const runtimeClassName = 'kata-qemu-nvidia-gpu-snp'
  const containers = [{ name: 'akash-attestation-sidecar' }]
  t.equal(podFacts({ metadata, spec: { runtimeClassName } } as object), null)
  const pod = { metadata, spec: { runtimeClassName, containers } }
  t.match(podFacts(pod), { counted: false, answers: false, ready: false, gpus: 0 })
  t.match(podFacts({ ...pod, status: { phase: 'Running' } }), {
    counted: true,
    answers: false,
    ready: false,
  })
})

t.test('strip: services and routes with parts missing', async (t) => {
  const selector = { 'akash.network/manifest-service': 'web' }
  t.equal(serviceFacts({ spec: { selector } }), null)
  t.same(serviceFacts({ spec: { selector, ports: [{ port: 8790 }] } }), {
    service: 'web',
    ports: [{ name: null, port: 8790, nodePort: null }],
    balancers: [],
  })
  t.match(serviceFacts({ spec: { type: 'NodePort', selector, ports: [{ port: 8790 }] } }), {
    ports: [{ nodePort: null }],
  })
  for (const rule of [
    { host: 'h' },
    { host: 'h', http: { paths: [{ pathType: 'Prefix', backend: {} }] } },
    { host: 'h', http: { paths: [{ pathType: 'Prefix', backend: { service: { name: 'x' } } }] } },
  ]) {
    t.equal(routeFacts({ spec: { rules: [rule] } }), null)
  }
  const http = {
    paths: [{ pathType: 'Prefix', backend: { service: { name: 'x', port: { number: 1 } } } }],
  }
  t.same(routeFacts({ spec: { rules: [{ host: 'h', http }] } }), [
    { host: 'h', service: 'x', port: 1 },
  ])
})

t.test('strip: GPUs by request or limit, of all containers', async (t) => {
  const pod = podOf('ns', 'a', { runtimeClass: 'kata-qemu-nvidia-gpu-snp' })
  const of = (...resources: object[]) => {
    const { containers, ...rest } = pod.spec as { containers: object[] }
    const more = resources.map((one, at) => ({ name: `c${at}`, resources: one }))
    return podFacts({ ...pod, spec: { ...rest, containers: [...containers, ...more] } } as object)
      ?.gpus
  }
  t.equal(of({ requests: { 'nvidia.com/pgpu': '2' } }, { limits: { 'nvidia.com/pgpu': '3' } }), 5)
  t.equal(of({ requests: { cpu: '2' } }), 0)
})

t.test('strip: a lease whose labels are none', async (t) => {
  const { metadata } = namespaceOf('ns')
  const { 'akash.network/lease.id.gseq': _, ...labels } = metadata.labels ?? {}
  throwsCode(t, () => leaseFacts({ metadata: { labels } }), 'ERR_LEASE_ID')
})
