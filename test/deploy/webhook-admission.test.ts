// SPDX-License-Identifier: Apache-2.0
// What the API server is told about the webhook and its policies agrees with the code.

import t from 'tap'
import {
  ANNOTATIONS,
  HOST_GPUS,
  KATA_INIT_DATA,
  KATA_PREFIX,
  MANAGED_LABEL,
  NAMESPACE_LABEL,
  NO,
  NODE_LABELS,
  PASSTHROUGH_GPU,
  RUNTIME_CLASSES,
  SIDECAR,
  SIDECAR_RESOURCES,
  TEE_TYPES,
  WEBHOOK,
  YES,
} from '../../src/webhook/names.js'
import { type Manifest, only, readFolder } from './manifests.js'

const { objects } = readFolder('webhook/base')
const { namespace } = WEBHOOK
const configuration = only(objects, 'MutatingWebhookConfiguration')
const [webhook] = configuration.webhooks
const POLICIES = [
  'assay-confidential-pods',
  'assay-sidecar-image',
  'assay-confidential-pod-updates',
]
const policy = (name: string) => only(objects, 'ValidatingAdmissionPolicy', name)
const policies = POLICIES.map(policy)
const bindings = POLICIES.map((name) => only(objects, 'ValidatingAdmissionPolicyBinding', name))

t.test('webhook: names and path are those of the code', async (t) => {
  t.equal(configuration.metadata.name, WEBHOOK.configuration)
  t.equal(webhook.name, WEBHOOK.name)
  t.match(webhook.clientConfig, {
    service: { namespace, name: only(objects, 'Service').metadata.name, path: WEBHOOK.path },
  })
})

t.test('webhook: the API server applies the caution that was asked for', async (t) => {
  t.match(webhook, {
    failurePolicy: 'Fail',
    sideEffects: 'None',
    reinvocationPolicy: 'IfNeeded',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 5,
  })
  t.same(webhook.admissionReviewVersions, ['v1'])
  t.same(webhook.clientConfig.caBundle, undefined, 'or applying it again would take the CA away')
})

t.test('webhook: it is sent new pods of leases, and no others', async (t) => {
  t.same(webhook.rules, [
    {
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods'],
      operations: ['CREATE'],
      scope: 'Namespaced',
    },
  ])
  const managed = { key: MANAGED_LABEL, operator: 'In', values: [YES] }
  const leases = {
    matchExpressions: [managed, { key: NAMESPACE_LABEL, operator: 'Exists' }],
  }
  t.same(webhook.namespaceSelector, leases)
  t.same(webhook.objectSelector, { matchExpressions: [managed] })
  for (const { spec } of policies) t.same(spec.matchConstraints.namespaceSelector, leases)
})

/** Strings of CEL. */
const literals = (expression: string): string[] =>
  [...expression.matchAll(/'([^']*)'/g)].map(([, text]) => text as string)

const expressions = ({ spec }: Manifest): string[] => [
  ...spec.matchConditions.map(({ expression }: Manifest) => expression),
  ...spec.variables.map(({ expression }: Manifest) => expression),
  ...spec.validations.map(({ expression }: Manifest) => expression),
]

const classes = RUNTIME_CLASSES.map(({ name }) => name)
const isClass = (text: string) => text.startsWith('kata-') && !text.endsWith('-')

t.test('conditions: runtime classes and annotations are those of the code', async (t) => {
  const asks = [...classes, ANNOTATIONS.tee, ANNOTATIONS.attestation]
  const conditions = [webhook, ...policies.map(({ spec }) => spec)].map(
    ({ matchConditions }) => matchConditions as readonly Manifest[],
  )
  for (const [condition, ...others] of conditions) {
    t.same(others, [])
    const found = new Set(literals(condition.expression))
    found.delete(NO)
    const image = condition.expression.includes('akash.network/tee')
    t.same([...found].sort(), (image ? asks : classes).toSorted())
  }
})

t.test('conditions: whoever is sent to the webhook is looked at by the policy', async (t) => {
  t.same(policy('assay-confidential-pods').spec.matchConditions, webhook.matchConditions)
})

t.test('policies: they fail closed, and refuse', async (t) => {
  for (const { metadata, spec } of bindings) t.equal(spec.policyName, metadata.name)
  for (const { spec } of policies) t.equal(spec.failurePolicy, 'Fail')
  for (const { spec } of bindings) t.same(spec.validationActions, ['Deny'])
})

t.test('policies: every refusal begins with its code and says something', async (t) => {
  for (const { spec } of policies) {
    for (const { message, messageExpression } of spec.validations) {
      t.match(message ?? messageExpression, /^'?ERR_POD_[A-Z_]+: /)
      t.notMatch(message ?? '', /\n|\.$/)
    }
  }
})

t.test('policies: names and amounts are those of the code', async (t) => {
  const [pods, image, updates] = POLICIES.map(
    (name) => new Set(expressions(policy(name)).flatMap(literals)),
  )
  const has = (found: Set<string> | undefined, names: readonly string[]) => {
    for (const name of names) t.ok(found?.has(name), name)
  }
  has(pods, [
    ...classes,
    ...TEE_TYPES,
    ...Object.values(ANNOTATIONS),
    ...Object.values(NODE_LABELS),
  ])
  has(pods, [KATA_PREFIX, KATA_INIT_DATA, PASSTHROUGH_GPU, SIDECAR.container, SIDECAR.command])
  has(pods, [SIDECAR.healthPath, `${SIDECAR.listenVariable}=:${SIDECAR.port}`])
  has(
    pods,
    HOST_GPUS.map((name) => name.replace(/\*$/, '')),
  )
  for (const { requests, limits } of Object.values(SIDECAR_RESOURCES)) {
    has(pods, [requests.cpu, requests.memory, limits.cpu, limits.memory])
  }
  has(image, [SIDECAR.container, 'sidecarImage'])
  has(updates, [SIDECAR.container, MANAGED_LABEL, KATA_PREFIX])
  has(updates, Object.values(ANNOTATIONS))
  const numbers = policies.flatMap(expressions).flatMap((text) => text.match(/\b\d{4,}\b/g) ?? [])
  t.same([...new Set(numbers)], [String(SIDECAR.port)])
})

t.test('policies: no runtime class is in them that the code does not know', async (t) => {
  const found = new Set(policies.flatMap(expressions).flatMap(literals).filter(isClass))
  t.same([...found].sort(), classes.toSorted())
})

t.test(
  'policies: only the one about the image needs the settings, and spares those who need none',
  async (t) => {
    const refs = bindings.flatMap(({ spec }) => spec.paramRef ?? [])
    t.same(refs, [{ name: WEBHOOK.configMap, namespace, parameterNotFoundAction: 'Allow' }])
    const kinds = policies.flatMap(({ spec }) => spec.paramKind ?? [])
    t.same(kinds, [{ apiVersion: 'v1', kind: 'ConfigMap' }])
  },
)
