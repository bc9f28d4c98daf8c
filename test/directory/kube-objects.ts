// SPDX-License-Identifier: Apache-2.0
// Objects of leases as Akash providers write them.

import type { FakeObject } from '../fake/kube-api.js'

export const OWNER = 'akash17xpfvakm2amg962yls6f84z3kell8c5lazw8j8'
export const PATHS = {
  namespaces: '/api/v1/namespaces',
  pods: '/api/v1/pods',
  services: '/api/v1/services',
  ingresses: '/apis/networking.k8s.io/v1/ingresses',
  configMaps: '/api/v1/namespaces/assay-system/configmaps',
} as const

const MANAGED = { 'akash.network': 'true' }

export interface LeaseOptions {
  readonly owner?: string
  readonly dseq?: string
  readonly provider?: string
  readonly annotations?: Record<string, string>
}

export const namespaceOf = (
  name: string,
  { owner = OWNER, dseq = '1', provider = '', annotations }: LeaseOptions = {},
): FakeObject => ({
  metadata: {
    name,
    labels: {
      ...MANAGED,
      'akash.network/namespace': name,
      'akash.network/lease.id.owner': owner,
      'akash.network/lease.id.dseq': dseq,
      'akash.network/lease.id.gseq': '1',
      'akash.network/lease.id.oseq': '1',
      ...(provider && { 'akash.network/lease.id.provider': provider }),
    },
    ...(annotations && { annotations }),
  },
})

export interface PodOptions {
  readonly service?: string
  readonly runtimeClass?: string
  readonly gpus?: string
  readonly phase?: string
  readonly ready?: boolean
  /** Of the sidecar. */
  readonly started?: boolean
  readonly terminating?: boolean
  readonly sidecar?: 'container' | 'native' | 'init' | 'none'
  readonly annotations?: Record<string, string>
}

const TERMINATING = { deletionTimestamp: '2026-11-22T00:00:00Z' }

export const podOf = (namespace: string, name: string, options: PodOptions = {}): FakeObject => {
  const { service = 'web', runtimeClass = 'kata-qemu-snp', phase = 'Running' } = options
  const { ready = true, started = true, sidecar = 'container', gpus, annotations } = options
  const container = { name: 'akash-attestation-sidecar', image: 'assay' }
  const resources = gpus === undefined ? {} : { limits: { 'nvidia.com/pgpu': gpus } }
  return {
    metadata: {
      name,
      namespace,
      labels: {
        ...MANAGED,
        'akash.network/namespace': namespace,
        'akash.network/manifest-service': service,
        'pod-template-hash': '5d4f8c7b9',
      },
      ...(annotations && { annotations }),
      ...(options.terminating && TERMINATING),
    },
    spec: {
      runtimeClassName: runtimeClass,
      containers: [
        { name: service, image: 'nginx', resources },
        ...(sidecar === 'container' ? [container] : []),
      ],
      ...(sidecar === 'native' && { initContainers: [{ ...container, restartPolicy: 'Always' }] }),
      ...(sidecar === 'init' && { initContainers: [container] }),
    },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        { name: service, ready },
        { name: container.name, ready: started },
      ],
    },
  }
}

export interface ServiceOptions {
  readonly type?: string
  readonly service?: string
  readonly targetPort?: number | string
  readonly port?: number
  readonly nodePort?: number
  readonly protocol?: string
  readonly balancers?: readonly { ip?: string; hostname?: string }[]
  readonly selector?: Record<string, string>
  readonly portName?: string
  readonly terminating?: boolean
}

export const serviceOf = (
  namespace: string,
  name: string,
  {
    type = 'NodePort',
    service = 'web',
    targetPort = 8790,
    port = 8790,
    nodePort,
    protocol = 'TCP',
    balancers,
    selector,
    portName,
    terminating,
  }: ServiceOptions = {},
): FakeObject => ({
  metadata: { name, namespace, labels: { ...MANAGED }, ...(terminating && TERMINATING) },
  spec: {
    type,
    selector: selector ?? {
      ...MANAGED,
      'akash.network/namespace': namespace,
      'akash.network/manifest-service': service,
    },
    ports: [
      {
        ...(portName && { name: portName }),
        port,
        targetPort,
        protocol,
        ...(nodePort && { nodePort }),
      },
    ],
  },
  ...(balancers && { status: { loadBalancer: { ingress: balancers } } }),
})

export interface IngressOptions {
  readonly service?: string
  readonly port?: { number?: number; name?: string }
  readonly path?: string
  readonly pathType?: string
  readonly terminating?: boolean
}

export const ingressOf = (
  namespace: string,
  host: string,
  {
    service = 'web',
    port = { number: 8790 },
    path = '/',
    pathType = 'Prefix',
    terminating,
  }: IngressOptions = {},
): FakeObject => ({
  metadata: { name: host, namespace, labels: { ...MANAGED }, ...(terminating && TERMINATING) },
  spec: {
    rules: [
      {
        host,
        http: { paths: [{ path, pathType, backend: { service: { name: service, port } } }] },
      },
    ],
  },
})

export const configMapOf = (
  data: Record<string, string>,
  name = 'assay-directory-expectations',
): FakeObject => ({ metadata: { name, namespace: 'assay-system' }, data })
