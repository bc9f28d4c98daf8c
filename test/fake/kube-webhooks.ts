// SPDX-License-Identifier: Apache-2.0
// The API server of the test world, as far as the certificate job sees it: Secrets of one namespace and
// webhook configurations, resource versions and their conflicts, dry runs, permissions, and whatever a
// test wants to happen to a request.

import type { V1MutatingWebhookConfiguration, V1Secret } from '@kubernetes/client-node'
import { applyPatch, type Operation } from 'rfc6902'
import { type Answered, type Asked, json } from './server.js'

type Stored = V1Secret | V1MutatingWebhookConfiguration
/** `get secrets`, and `?dryRun` after it where nothing is to be kept. */
type Said = string

const SECRETS = /^\/api\/v1\/namespaces\/([^/?]+)\/secrets(?:\/([^/?]+))?(?:\?|$)/
const CONFIGURATIONS =
  /^\/apis\/admissionregistration\.k8s\.io\/v1\/(mutatingwebhookconfigurations)\/([^/?]+)(?:\?|$)/
const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
}

export class FakeKubeApi {
  readonly namespaces = new Set(['assay-system'])
  /** Every request that was understood, in order. */
  readonly said: Said[] = []
  /** What is refused with 403, as in `said` but for dry runs. */
  readonly forbidden = new Set<Said>()
  /** An answer here takes the place of the honest one. */
  fault: (said: Said, asked: Asked) => Answered | null = () => null
  /** Called after every change. */
  onChange: () => void = () => {}
  readonly #objects = new Map<string, Stored>()
  #version = 0

  get secret(): V1Secret | undefined {
    return this.#objects.get('assay-system/assay-webhook-tls')
  }

  get configuration(): V1MutatingWebhookConfiguration | undefined {
    return this.#objects.get('akash-attestation-sidecar-injector')
  }

  /** Requests that changed something, or could have. */
  get writes(): readonly Said[] {
    return this.said.filter((said) => !said.startsWith('get '))
  }

  /** Somebody else writes an object, whatever is there. */
  put(object: Stored): void {
    const { name, namespace } = object.metadata ?? {}
    this.#keep(namespace === undefined ? `${name}` : `${namespace}/${name}`, object)
  }

  /** Somebody else takes an object away. */
  remove(object: Stored | undefined): void {
    for (const [key, there] of this.#objects) if (there === object) this.#objects.delete(key)
  }

  readonly handle = (asked: Asked): Answered => {
    const [, namespace, name] = asked.path.match(SECRETS) ?? []
    const [, plural, configuration] = asked.path.match(CONFIGURATIONS) ?? []
    const dry = asked.path.includes('dryRun=All')
    const verb = VERBS[asked.method]
    const resource = plural ?? 'secrets'
    if (namespace === undefined && plural === undefined) return failure(404, '', 'no such path')
    this.said.push(`${verb} ${resource}${dry ? '?dryRun' : ''}`)
    const planned = this.fault(this.said.at(-1) as Said, asked)
    if (planned !== null) return planned
    if (this.forbidden.has(`${verb} ${resource}`)) {
      return failure(403, 'Forbidden', `${resource} is forbidden: User "x" cannot ${verb} resource`)
    }
    const body = asked.body === '' ? null : JSON.parse(asked.body)
    if (namespace !== undefined && !this.namespaces.has(namespace)) {
      return failure(404, 'NotFound', `namespaces "${namespace}" not found`)
    }
    const key = configuration ?? `${namespace}/${name ?? body.metadata.name}`
    return this.#act(verb as string, key, body, dry)
  }

  #act(verb: string, key: string, body: unknown, dry: boolean): Answered {
    const there = this.#objects.get(key)
    if (verb === 'create') {
      if (there) return failure(409, 'AlreadyExists', `secrets "${key}" already exists`)
      return this.#written(key, body as Stored, dry, 201)
    }
    if (!there) return failure(404, 'NotFound', `"${key}" not found`)
    if (verb === 'get') return json(there)
    const next = verb === 'patch' ? patched(there, body as Operation[]) : (body as Stored)
    if (next === null) return failure(422, 'Invalid', 'the patch cannot be applied')
    const { resourceVersion } = next.metadata ?? {}
    if (resourceVersion !== undefined && resourceVersion !== there.metadata?.resourceVersion) {
      return failure(409, 'Conflict', 'the object has been modified; please apply your changes')
    }
    if ('immutable' in there && there.immutable) {
      return failure(422, 'Invalid', 'data: Forbidden: field is immutable when `immutable` is set')
    }
    return this.#written(key, next, dry, 200)
  }

  #written(key: string, object: Stored, dry: boolean, status: number): Answered {
    if (dry) return json(object, status)
    return json(this.#keep(key, object), status)
  }

  #keep(key: string, object: Stored): Stored {
    const metadata = { ...object.metadata, resourceVersion: `${++this.#version}` }
    const kept = { ...structuredClone(object), metadata }
    this.#objects.set(key, kept)
    this.onChange()
    return kept
  }
}

function patched(object: Stored, patch: Operation[]): Stored | null {
  const copy = structuredClone(object)
  return applyPatch(copy, patch).every((error) => error === null) ? copy : null
}

/** The object Status of Kubernetes. */
export const failure = (code: number, reason: string, message: string): Answered =>
  json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }, code)

/** The webhook configuration as the manifests have it. */
export const registration = (...webhooks: readonly object[]): V1MutatingWebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'akash-attestation-sidecar-injector' },
  webhooks: (webhooks.length > 0 ? webhooks : [{}]).map((webhook, index) => ({
    name: `hook-${index}.akash.network`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: {
      service: { namespace: 'assay-system', name: 'assay-webhook', path: '/mutate' },
    },
    ...webhook,
  })),
})
