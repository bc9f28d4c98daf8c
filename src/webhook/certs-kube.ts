// SPDX-License-Identifier: Apache-2.0
// The cluster of the certificate job, through the client of Kubernetes. Nothing else of the webhook loads
// that package, and this only when it is called.

import type { KubeConfig } from '@kubernetes/client-node'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import type { CertsApi, WriteOptions } from './certs-api.js'
import { isAbsent, kubernetesRefusal, type Permission } from './certs-refusal.js'

export interface KubeOptions {
  /** A file. Without one: KUBECONFIG, `~/.kube/config`, or the service account of this pod. */
  readonly kubeconfig: string | undefined
  readonly namespace: string
  /** Name of the Secret. */
  readonly secret: string
  /** Name of the MutatingWebhookConfiguration. */
  readonly configuration: string
  readonly clock: Clock
}

const MANAGER = 'assay-webhook-certs'
const REQUEST_MS = 10_000
/** Where the client of Kubernetes would look for a cluster that nobody named. */
const NOWHERE = 'http://localhost:8080'

type Kube = typeof import('@kubernetes/client-node')
type CallOptions = ReturnType<Kube['setHeaderOptions']>

/** @throws {AttestationError} `ERR_KUBERNETES_CONFIG` where nothing says which cluster */
export async function kubeApi(options: KubeOptions): Promise<CertsApi> {
  const kube = await import('@kubernetes/client-node')
  const config = configured(new kube.KubeConfig(), options.kubeconfig)
  const core = config.makeApiClient(kube.CoreV1Api)
  const admission = config.makeApiClient(kube.AdmissionregistrationV1Api)
  const { namespace } = options
  const secret = { group: '', resource: 'secrets', name: options.secret, namespace }
  const registration = {
    group: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    name: options.configuration,
    namespace: null,
  }
  const ask = <Value>(asked: Permission, call: (how: CallOptions) => Promise<Value>) =>
    withSignal(options.clock, (signal) => call(callOptions(kube, signal))).catch((error) => {
      throw kubernetesRefusal(error, asked)
    })
  const find = <Value>(
    asked: Omit<Permission, 'verb'>,
    call: (how: CallOptions) => Promise<Value>,
  ) => ask({ ...asked, verb: 'get' }, (how) => call(how).catch(nullIfAbsent))
  return {
    secret: () =>
      find(secret, (how) => core.readNamespacedSecret({ name: secret.name, namespace }, how)),
    createSecret: (body, write) =>
      ask({ ...secret, verb: 'create' }, (how) =>
        core.createNamespacedSecret({ namespace, body, ...written(write) }, how),
      ),
    replaceSecret: (body, write) =>
      ask({ ...secret, verb: 'update' }, (how) =>
        core.replaceNamespacedSecret(
          { name: secret.name, namespace, body, ...written(write) },
          how,
        ),
      ),
    configuration: () =>
      find(registration, (how) =>
        admission.readMutatingWebhookConfiguration({ name: registration.name }, how),
      ),
    patchConfiguration: (body, write) =>
      ask({ ...registration, verb: 'patch' }, (how) =>
        admission.patchMutatingWebhookConfiguration(
          { name: registration.name, body, ...written(write) },
          kube.setHeaderOptions('Content-Type', kube.PatchStrategy.JsonPatch, how),
        ),
      ),
  }
}

const written = ({ dryRun }: WriteOptions) => ({
  fieldManager: MANAGER,
  ...(dryRun && { dryRun: 'All' }),
})

function configured(config: KubeConfig, file: string | undefined): KubeConfig {
  try {
    if (file === undefined) config.loadFromDefault()
    else config.loadFromFile(file)
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n')
    throw unconfigured(`the kubeconfig cannot be read: ${reason}`, cause)
  }
  const cluster = config.getCurrentCluster()
  if (cluster !== null && !(file === undefined && cluster.server === NOWHERE)) return config
  throw unconfigured(
    'nothing says which cluster: name one with --kubeconfig, or run in a pod of it',
  )
}

const unconfigured = (message: string, cause?: unknown): AttestationError =>
  new AttestationError('ERR_KUBERNETES_CONFIG', message, { cause })

/** Runs a request that ends when it takes too long. */
async function withSignal<Value>(
  clock: Clock,
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController()
  const cancel = clock.after(REQUEST_MS, () => controller.abort())
  return run(controller.signal).finally(cancel)
}

function callOptions(kube: Kube, signal: AbortSignal): CallOptions {
  const header = kube.setHeaderMiddleware('User-Agent', MANAGER)
  const middleware: typeof header = {
    ...header,
    pre: (context) => {
      context.setSignal(signal)
      return header.pre(context)
    },
  }
  return { middleware: [middleware], middlewareMergeStrategy: 'append' }
}

function nullIfAbsent(error: unknown): null {
  if (isAbsent(error)) return null
  throw error
}
