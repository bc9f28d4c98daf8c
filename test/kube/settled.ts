// SPDX-License-Identifier: Apache-2.0
// When the API server acts on what it has stored. It learns of webhooks, policies and roles by watching,
// each kind in the order of its changes; so once it acts on a marker that was stored later, it acts on
// all that was stored before.

import type { Api } from './api.js'
import type { Manifest, Objects } from './objects.js'
import { until } from './wait.js'

/** Of the cluster's own; nothing else is in there. */
export const MARKERS = 'kube-markers'

const ADMISSION = 'admissionregistration.k8s.io/v1'
const RBAC = 'rbac.authorization.k8s.io/v1'
const ROLES = ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']
const POLICIES = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']
const WEBHOOKS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']

const RULES = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
]
const SELECTOR = { matchLabels: { 'kubernetes.io/metadata.name': MARKERS } }

let count = 0

/** Resolves when the API server acts on the objects of these kinds that it has stored by now. */
export async function settled(objects: Objects, kinds: Iterable<string>): Promise<void> {
  const changed = new Set(kinds)
  for (const kind of WEBHOOKS) {
    if (changed.has(kind)) await passes(objects, (name) => [webhook(kind, name)], refused)
  }
  if (POLICIES.some((kind) => changed.has(kind))) await passes(objects, policy, refused)
  if (ROLES.some((kind) => changed.has(kind))) await passes(objects, roles, granted)
}

async function passes(
  objects: Objects,
  make: (name: string) => Manifest[],
  acts: (api: Api, name: string) => Promise<boolean>,
): Promise<void> {
  const name = `marker-${++count}.kube.test`
  const made = make(name)
  for (const marker of made) await objects.apply(marker)
  await until(`the API server to act on its ${made[0]?.kind}`, () => acts(objects.api, name))
  for (const marker of made) await objects.api.must('DELETE', await objects.path(marker))
}

/** Names the marker when it refuses. */
async function refused(api: Api, name: string): Promise<boolean> {
  const path = `/api/v1/namespaces/${MARKERS}/configmaps?dryRun=All`
  const { status, body } = await api.request('POST', path, { metadata: { name } })
  return status >= 400 && body.message.includes(name)
}

async function granted(api: Api, name: string): Promise<boolean> {
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
  const asked = [{ resource: 'in-namespace', namespace: MARKERS }, { resource: 'in-cluster' }]
  const answers = asked.map((resource) =>
    api.must('POST', path, {
      spec: { user: name, resourceAttributes: { verb: 'get', group: 'kube.test', ...resource } },
    }),
  )
  return (await Promise.all(answers)).every(({ status }) => status.allowed)
}

/** Nobody listens there. */
function webhook(kind: string, name: string): Manifest {
  const hook = {
    name,
    clientConfig: { url: 'https://127.0.0.1:1/' },
    rules: RULES,
    namespaceSelector: SELECTOR,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 1,
  }
  return { apiVersion: ADMISSION, kind, metadata: { name }, webhooks: [hook] }
}

function policy(name: string): Manifest[] {
  const about = { apiVersion: ADMISSION, metadata: { name } }
  const matchConstraints = { resourceRules: RULES, namespaceSelector: SELECTOR }
  const validations = [{ expression: 'false', message: name }]
  const binding = { policyName: name, validationActions: ['Deny'] }
  return [
    { ...about, kind: 'ValidatingAdmissionPolicy', spec: { matchConstraints, validations } },
    { ...about, kind: 'ValidatingAdmissionPolicyBinding', spec: binding },
  ]
}

function roles(name: string): Manifest[] {
  const subjects = [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }]
  const pair = (kind: string, resource: string, metadata: Manifest['metadata']) => [
    { apiVersion: RBAC, kind, metadata, rules: [rule(resource)] },
    { apiVersion: RBAC, kind: `${kind}Binding`, metadata, subjects, roleRef: { kind, name } },
  ]
  return [
    ...pair('Role', 'in-namespace', { name, namespace: MARKERS }),
    ...pair('ClusterRole', 'in-cluster', { name }),
  ]
}

const rule = (resource: string) => ({
  apiGroups: ['kube.test'],
  resources: [resource],
  verbs: ['get'],
})
