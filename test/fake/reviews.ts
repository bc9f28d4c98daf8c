// SPDX-License-Identifier: Apache-2.0
// Reviews as an API server sends them, and the operator's choices that they are judged under.

import type { WebhookPolicy } from '../../src/webhook/decide.js'

export const POLICY: WebhookPolicy = {
  sidecarImage: `registry.example/sidecar@sha256:${'ab'.repeat(32)}`,
  platform: 'snp',
  carveResources: false,
  nativeSidecar: false,
}

export type Fields = Record<string, unknown>

/** A Pod that the webhook has something to add to, unless told otherwise. */
export const confidentialPod = (spec: Fields = {}, metadata: Fields = {}): Fields => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', labels: { 'akash.network': 'true' }, ...metadata },
  spec: {
    runtimeClassName: 'kata-qemu-snp',
    containers: [{ name: 'web', image: 'web:1', resources: {} }],
    ...spec,
  },
})

export const plainPod = (): Fields =>
  confidentialPod({ runtimeClassName: undefined }, { labels: {} })

export const UID = '705ab4f5-6393-11e8-b7cc-42010a800002'

/** The review of a Pod that is created. @param request members to add, or to take out as undefined */
export const review = (object: unknown, request: Fields = {}): Fields => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: UID,
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    requestKind: { group: '', version: 'v1', kind: 'Pod' },
    requestResource: { group: '', version: 'v1', resource: 'pods' },
    name: 'web-0',
    namespace: 'lease',
    operation: 'CREATE',
    userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
    object,
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    ...request,
  },
})
