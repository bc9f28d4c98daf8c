// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import { type Documents, type HintSettings, leaseHints } from '../../src/directory/kube-hints.js'
import { KubeStore } from '../../src/directory/kube-store.js'
import { checkLeaseHints, type EndpointHint, type LeaseHints } from '../../src/discovery/lease.js'
import type { FakeObject } from '../fake/kube-api.js'
import { ingressOf, namespaceOf, OWNER, podOf, serviceOf } from './kube-objects.js'

const NS = 'lease'
const NONE: HintSettings = { nodeHost: null, gateway: null }
const GATEWAY = {
  nodeHost: null,
  gateway: 'https://gw/{dseq}/{gseq}/{oseq}?service={service}&podIndex={podIndex}',
}

interface World {
  readonly namespace?: FakeObject
  readonly pods?: readonly FakeObject[]
  readonly services?: readonly FakeObject[]
  readonly ingresses?: readonly FakeObject[]
  readonly documents?: Documents
}

function hintsOf(world: World, settings: HintSettings = NONE) {
  const { namespace = namespaceOf(NS), documents = new Map() } = world
  const store = new KubeStore(() => {})
  store.sinks.namespaces.set(namespace)
  for (const kind of ['pods', 'services', 'ingresses'] as const) {
    for (const object of world[kind] ?? []) store.sinks[kind].set(object)
  }
  const objects = store.get(NS)
  return objects ? leaseHints(objects, documents, settings) : null
}

const urls = (endpoints: readonly EndpointHint[] | undefined) => endpoints?.map(({ url }) => url)

t.test('hints: a node port that leads to the sidecar', async (t) => {
  const world = {
    pods: [podOf(NS, 'web-0')],
    services: [serviceOf(NS, 'web-np', { nodePort: 30_790, port: 80 })],
  }
  t.same(hintsOf(world, { nodeHost: 'nodes.example.com', gateway: null }), {
    lease: { owner: OWNER, dseq: '1', gseq: 1, oseq: 1 },
    provider: null,
    endpoints: [
      {
        service: 'web',
        replica: 'web-0',
        url: 'https://nodes.example.com:30790',
        kind: 'direct',
        tee: 'snp',
        gpus: 0,
        protocols: ['aep83', 'assay.evidence.v1'],
        expectations: [],
      },
    ],
  })
  t.same(hintsOf(world)?.endpoints, [], 'nobody knows by which name')
  t.same(urls(hintsOf(world, { nodeHost: '2001:db8::1', gateway: null })?.endpoints), [
    'https://[2001:db8::1]:30790',
  ])
})

t.test('hints: load balancers by name or address, and by name of the port', async (t) => {
  const balancers = [{ ip: '192.0.2.1' }, { ip: '192.0.2.9', hostname: 'lb.example.com' }, {}]
  const service = { type: 'LoadBalancer', targetPort: 'attestation', port: 443, balancers }
  const of = (options: object) =>
    urls(
      hintsOf({
        pods: [podOf(NS, 'web-0')],
        services: [serviceOf(NS, 'web-ip', { ...service, ...options })],
      })?.endpoints,
    )
  t.same(of({}), ['https://192.0.2.1:443', 'https://lb.example.com:443'])
  t.same(of({ nodePort: 30_001 }), of({}), 'and not by the node ports that it has as well')
  t.same(of({ type: 'ClusterIP' }), [])
  t.same(of({ balancers: undefined }), [], 'none yet')
  t.same(of({ targetPort: 80 }), [])
  t.same(of({ targetPort: undefined, port: 8790 })?.length, 2, 'the port itself')
  t.same(of({ protocol: 'UDP' }), [])
  t.same(of({ service: 'api' }), [])
  t.same(of({ terminating: true }), [])
  t.same(of({ selector: { 'akash.network/manifest-service': 'web', app: 'x' } }), [], 'not ours')
  t.same(of({ selector: { 'akash.network': 'true' } }), [], 'of no service')
  const selector = { 'akash.network': 'true', 'akash.network/manifest-service': 'web' }
  t.same(of({ selector }), of({}), 'as MetalLB’s operator selects')
})

t.test('hints: hosts of an Ingress whose Service leads to the sidecar', async (t) => {
  const of = (ingress: object, service: object = {}, host = 'web.example.com') =>
    urls(
      hintsOf({
        pods: [podOf(NS, 'web-0')],
        services: [serviceOf(NS, 'web', { type: 'ClusterIP', portName: '0-80', ...service })],
        ingresses: [ingressOf(NS, host, ingress)],
      })?.endpoints,
    )
  const there = ['https://web.example.com']
  t.same(of({}), there)
  t.same(of({ port: { name: '0-80' } }), there)
  t.same(of({ port: { name: 'http' } }), [])
  t.same(of({ port: { number: 80 } }), [])
  t.same(of({ port: {} }), [])
  t.same(of({ service: 'api' }), [])
  t.same(of({ service: undefined, path: undefined }), there)
  t.same(of({ path: '/app' }), [], 'the sidecar does not know of prefixes')
  t.same(of({ pathType: 'Exact' }), [])
  t.same(of({ terminating: true }), [])
  t.same(of({}, {}, '*.example.com'), [])
  t.same(of({}, {}, ''), [])
  t.same(of({}, { targetPort: 80 }), [])
})

t.test('hints: which Pods there are', async (t) => {
  const services = [
    serviceOf(NS, 'web-ip', { type: 'LoadBalancer', balancers: [{ ip: '192.0.2.1' }] }),
  ]
  const kinds = (options: object) =>
    hintsOf({ pods: [podOf(NS, 'web-0', options)], services }, GATEWAY)?.endpoints.map(
      ({ kind }) => kind,
    ) ?? null
  t.same(kinds({}), ['direct', 'gateway'])
  t.same(kinds({ ready: false }), ['gateway'], 'it may be waiting for a secret of its tenant')
  t.same(kinds({ started: false, ready: false }), [])
  t.same(kinds({ phase: 'Pending' }), [])
  t.same(kinds({ terminating: true }), [])
  t.same(kinds({ sidecar: 'native' }), ['direct'], 'gateways do not look there')
  t.same(kinds({ sidecar: 'init' }), null, 'over before the workload runs')
  t.same(kinds({ sidecar: 'none' }), null)
  t.same(kinds({ runtimeClass: 'runc' }), null)
  t.same(kinds({ service: 'Web' }), null, 'no name of a service')
  t.equal(hintsOf({ pods: [] }), null)
  t.equal(hintsOf({ pods: [podOf(NS, 'a')], namespace: namespaceOf('other') }), null)
})

t.test('hints: a gateway tells replicas apart by their place among those that run', async (t) => {
  const pods = [
    podOf(NS, 'web-b', { ready: false }),
    podOf(NS, 'web-a', { terminating: true }),
    podOf(NS, 'web-c'),
    podOf(NS, 'api-0', { service: 'api' }),
    podOf(NS, 'web-0', { phase: 'Pending' }),
    podOf(NS, 'web-1', { sidecar: 'native' }),
  ]
  t.same(urls(hintsOf({ pods }, GATEWAY)?.endpoints), [
    'https://gw/1/1/1?service=api&podIndex=0',
    'https://gw/1/1/1?service=web&podIndex=1',
    'https://gw/1/1/1?service=web&podIndex=2',
  ])
})

t.test('hints: the TEE and its GPUs', async (t) => {
  const of = (options: object) => {
    const hints = hintsOf({ pods: [podOf(NS, 'web-0', options)] }, GATEWAY)
    const { tee, gpus } = (hints as LeaseHints).endpoints[0] as EndpointHint
    return `${tee} ${gpus}`
  }
  t.equal(of({ runtimeClass: 'kata-qemu-tdx' }), 'tdx 0')
  t.equal(of({ runtimeClass: 'kata-qemu-nvidia-gpu-tdx', gpus: '8' }), 'tdx 8')
  t.equal(of({ runtimeClass: 'kata-qemu-nvidia-gpu-snp', gpus: '1' }), 'snp 1')
  t.equal(of({ runtimeClass: 'kata-qemu-nvidia-gpu-snp', gpus: '1k' }), 'snp 0')
  t.equal(of({ runtimeClass: 'kata-qemu-nvidia-gpu-snp', gpus: '999' }), 'snp 64')
  t.equal(of({ runtimeClass: 'kata-qemu-nvidia-gpu-snp' }), 'snp 0')
  t.equal(of({ runtimeClass: 'kata-qemu-snp', gpus: '1' }), 'snp 0', 'nobody attests it')
})

t.test('hints: expectations of the Pod, of the namespace, or of its kind', async (t) => {
  const digest = (char: string) => `sha256:${char.repeat(64)}`
  const documents = new Map([
    ['golden', [digest('a')]],
    ['other', [digest('b')]],
    ['service.web', [digest('c')]],
    ['runtime-class.kata-qemu-snp', [digest('d'), digest('c')]],
  ])
  const ANNOTATION = 'akash.network/attestation-expectations'
  const of = (pod?: string, namespace?: string) =>
    hintsOf(
      {
        pods: [podOf(NS, 'a', pod === undefined ? {} : { annotations: { [ANNOTATION]: pod } })],
        namespace: namespaceOf(
          NS,
          namespace === undefined ? {} : { annotations: { [ANNOTATION]: namespace } },
        ),
        documents,
      },
      GATEWAY,
    )?.endpoints[0]?.expectations
  t.same(of(), [digest('c'), digest('d')])
  t.same(of(undefined, 'golden'), [digest('a')])
  t.same(of('other, golden,, unknown', 'golden'), [digest('a'), digest('b')])
  t.same(of('', 'golden'), [], 'none, in so many words')
})

t.test('hints: the provider, where it has an address', async (t) => {
  const provider = OWNER
  const of = (options: object) =>
    hintsOf({ pods: [podOf(NS, 'a')], namespace: namespaceOf(NS, options) })?.provider
  t.equal(of({ provider }), provider)
  t.equal(of({ provider: 'akash1x' }), null)
})

t.test('hints: whatever there is, the answer is one that clients read', async (t) => {
  const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/)
  const pod = fc.record({
    name,
    service: fc.constantFrom('web', 'api', 'Bad', ''),
    runtimeClass: fc.constantFrom('kata-qemu-snp', 'kata-qemu-nvidia-gpu-tdx', 'runc'),
    gpus: fc.constantFrom('0', '1', '8', '100', '-1', 'x'),
    phase: fc.constantFrom('Running', 'Pending'),
    ready: fc.boolean(),
    started: fc.boolean(),
    terminating: fc.boolean(),
    sidecar: fc.constantFrom('container' as const, 'native' as const),
  })
  const service = fc.record({
    name,
    type: fc.constantFrom('NodePort', 'LoadBalancer', 'ClusterIP'),
    service: fc.constantFrom('web', 'api'),
    nodePort: fc.integer({ min: 1, max: 65_535 }),
    balancers: fc.constantFrom([], [{ ip: '192.0.2.1' }, { ip: '2001:db8::2' }]),
  })
  const route = fc.record({ host: name, service: name })
  const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 6 })
  fc.assert(
    fc.property(some(pod), some(service), some(route), (pods, services, routes) => {
      const hints = hintsOf(
        {
          pods: pods.map((one) => podOf(NS, one.name, one)),
          services: services.map((one) => serviceOf(NS, one.name, one)),
          ingresses: routes.map((one) => ingressOf(NS, one.host, one)),
        },
        { ...GATEWAY, nodeHost: 'nodes.example.com' },
      )
      if (hints) checkLeaseHints(hints)
    }),
  )
  const many = Array.from({ length: 2_000 }, (_, at) => podOf(NS, `web-${at}`))
  const hints = hintsOf({ pods: many }, GATEWAY)
  t.equal(checkLeaseHints(hints).endpoints.length, 1024, 'no more than an answer may have')
})
