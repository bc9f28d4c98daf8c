// SPDX-License-Identifier: Apache-2.0
// The manifests of the webhook's processes agree with the code, and permit no more than they must.

import t from 'tap'
import { PATHS } from '../../src/protocol.js'
import { WEBHOOK } from '../../src/webhook/names.js'
import { readSettings, VARIABLES } from '../../src/webhook/settings.js'
import { type Manifest, only, readFolder, templates } from './manifests.js'

const OVERLAYS = ['cert-manager', 'no-cert-manager'] as const
const base = readFolder('webhook/base')
const overlays = OVERLAYS.map((name) => readFolder(`webhook/${name}`))
const everything = [base, ...overlays].flatMap(({ objects }) => objects)
const { namespace } = WEBHOOK
const deployment = only(base.objects, 'Deployment')
const service = only(base.objects, 'Service')
const settings = only(base.objects, 'ConfigMap')
const [webhook] = only(base.objects, 'MutatingWebhookConfiguration').webhooks

t.test('manifests: a kustomization names every file beside it', async (t) => {
  for (const { kustomization, files } of [base, ...overlays]) {
    const named = kustomization.resources.filter((name: string) => name !== '../base')
    t.same([...named].sort(), [...files].sort())
  }
  for (const { kustomization } of overlays) t.equal(kustomization.resources[0], '../base')
})

t.test('manifests: everything that has a namespace is in ours', async (t) => {
  t.equal(only(base.objects, 'Namespace').metadata.name, namespace)
  t.equal(deployment.metadata.name, WEBHOOK.deployment)
  t.equal(settings.metadata.name, WEBHOOK.configMap)
  const wide = [
    'Namespace',
    'PriorityClass',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ClusterRole',
    'ClusterRoleBinding',
  ]
  for (const { kind, metadata } of everything) {
    t.equal(metadata.namespace, wide.includes(kind) ? undefined : namespace, metadata.name)
  }
})

t.test('deployment: the settings are the ones that the process reads', async (t) => {
  const [container] = deployment.spec.template.spec.containers
  const variables = container.env.map(({ name, valueFrom }: Manifest) => {
    t.equal(valueFrom.configMapKeyRef.name, WEBHOOK.configMap)
    return [valueFrom.configMapKeyRef.key, name]
  })
  t.same(Object.fromEntries(variables), VARIABLES)
  t.same(Object.keys(settings.data), Object.keys(VARIABLES))
  const environment = Object.fromEntries(
    variables.map(([key, name]: [string, string]) => [name, settings.data[key]]),
  )
  const { listen, tls, policy } = readSettings(container.args, environment)
  t.equal(listen.port, WEBHOOK.port)
  t.same(policy, {
    sidecarImage: settings.data.sidecarImage,
    platform: 'snp',
    carveResources: false,
    nativeSidecar: false,
  })
  const [mount] = container.volumeMounts
  t.match(deployment.spec.template.spec.volumes, [{ secret: { secretName: WEBHOOK.secret } }])
  t.equal(tls.cert, `${mount.mountPath}/tls.crt`)
  t.equal(tls.key, `${mount.mountPath}/tls.key`)
  t.notOk(mount.subPath, 'or the kubelet would never renew the files')
})

t.test('deployment: one port, for admissions, probes and metrics', async (t) => {
  const [container] = deployment.spec.template.spec.containers
  t.match(container.ports, [{ name: 'https', containerPort: WEBHOOK.port, protocol: 'TCP' }])
  t.match(service.spec.ports, [{ port: webhook.clientConfig.service.port, targetPort: 'https' }])
  const probe = (path: string) => ({ httpGet: { path, port: 'https', scheme: 'HTTPS' } })
  t.match(container.readinessProbe, probe('/readyz'))
  t.match(container.livenessProbe, probe(PATHS.healthz))
  const { ingress, egress } = only(base.objects, 'NetworkPolicy').spec
  t.same(ingress, [{ ports: [{ port: WEBHOOK.port, protocol: 'TCP' }] }])
  t.same(egress, [])
})

t.test('deployment: it outlives a node, a drain and a rollout', async (t) => {
  const { replicas, strategy, template } = deployment.spec
  t.equal(replicas, 2)
  t.same(strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 })
  const budget = only(base.objects, 'PodDisruptionBudget')
  t.equal(budget.spec.minAvailable, 1)
  t.equal(template.spec.priorityClassName, only(base.objects, 'PriorityClass').metadata.name)
  t.ok(template.spec.affinity.podAntiAffinity)
  t.equal(template.spec.topologySpreadConstraints.length, 2)
})

t.test('manifests: what selects pods selects those that there are', async (t) => {
  const labels = templates(everything).map(({ metadata }) => metadata.labels)
  const selectors = everything.flatMap(({ spec = {} }) => [
    ...(spec.selector?.matchLabels ? [spec.selector.matchLabels] : []),
    ...(spec.podSelector ? [spec.podSelector.matchLabels] : []),
  ])
  selectors.push(service.spec.selector)
  t.ok(selectors.length >= 5)
  for (const selector of selectors) {
    const pairs = Object.entries(selector)
    t.ok(labels.some((one) => pairs.every(([name, value]) => one[name] === value)))
  }
})

t.test('permissions: the webhook has none, and no token', async (t) => {
  const { serviceAccountName, automountServiceAccountToken } = deployment.spec.template.spec
  t.equal(automountServiceAccountToken, false)
  const account = only(base.objects, 'ServiceAccount', serviceAccountName)
  t.equal(account.automountServiceAccountToken, false)
  const subjects = everything.flatMap(({ subjects = [] }) => subjects)
  t.notOk(subjects.some(({ name }) => name === serviceAccountName))
})

t.test('permissions: those of the job name what they are about', async (t) => {
  const roles = everything.filter(({ kind }) => /Role$/.test(kind))
  const rules = roles.flatMap((role) => role.rules)
  t.notMatch(JSON.stringify(rules), '*')
  t.same(rules, [
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: [WEBHOOK.secret],
      verbs: ['get', 'update'],
    },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations'],
      resourceNames: [WEBHOOK.configuration],
      verbs: ['get', 'patch'],
    },
  ])
})

t.test('pods: all of them are restricted, and so is their namespace', async (t) => {
  const { labels } = only(base.objects, 'Namespace').metadata
  for (const mode of ['enforce', 'warn', 'audit']) {
    t.equal(labels[`pod-security.kubernetes.io/${mode}`], 'restricted')
  }
  t.equal(templates(everything).length, 3)
  for (const { spec } of templates(everything)) {
    t.match(spec.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const { securityContext, resources } of spec.containers) {
      t.same(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      t.ok(resources.requests.memory && resources.limits.memory)
    }
    for (const { hostPath } of spec.volumes ?? []) t.notOk(hostPath)
  }
})

t.test('certificates: both ways make the one that the API server expects', async (t) => {
  const [certManager, job] = overlays.map(({ objects }) => objects) as [Manifest[], Manifest[]]
  const dns = `${service.metadata.name}.${namespace}.svc`
  const certificate = only(certManager, 'Certificate', service.metadata.name)
  t.equal(certificate.spec.secretName, WEBHOOK.secret)
  t.ok(certificate.spec.dnsNames.includes(dns))
  const { patches } = overlays[0]?.kustomization ?? {}
  const [patch] = patches
  t.match(patch.patch, `name: ${WEBHOOK.configuration}`)
  t.match(patch.patch, `cert-manager.io/inject-ca-from: ${namespace}/${certificate.metadata.name}`)
  t.same(templates(job)[0], templates(job)[1], 'what runs at once runs every hour')
})
