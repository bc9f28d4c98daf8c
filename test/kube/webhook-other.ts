// SPDX-License-Identifier: Apache-2.0
// Somebody else's mutating webhook: what it does to pods is a test's to say.

import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Operation } from 'rfc6902'
import type { Manifest } from '../deploy/manifests.js'
import { Authority } from '../fake/authority.js'
import type { Cluster } from './cluster.js'

const NAMESPACE = 'others'
const PORT = 443

/** What it does when it is asked about a pod for the n-th time, from 1. */
export type Doing = (pod: Manifest, time: number) => readonly Operation[]

export class OtherWebhook {
  readonly #server: Server
  #doing: Doing = () => []
  #times = 0

  private constructor(authority: Authority, name: string) {
    const dns = `${name}.${NAMESPACE}.svc`
    this.#server = createServer(authority.issue({ dns }), (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        const review = JSON.parse(Buffer.concat(chunks).toString())
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(this.#answer(review)))
      })
    })
  }

  /** Webhooks are asked in the order of their names; ours begins with "akash". */
  static async install(
    cluster: Cluster,
    name: string,
    reinvocationPolicy: 'Never' | 'IfNeeded' = 'IfNeeded',
  ): Promise<OtherWebhook> {
    const authority = new Authority()
    const other = new OtherWebhook(authority, name)
    await new Promise<void>((resolve) => other.#server.listen(0, '127.0.0.1', resolve))
    const { port } = other.#server.address() as AddressInfo
    cluster.endpoints(NAMESPACE, name, PORT, port)
    await cluster.applyObjects(objects(name, authority.cert, reinvocationPolicy))
    return other
  }

  /** From now on, and counting from one again. */
  does(doing: Doing): void {
    this.#doing = doing
    this.#times = 0
  }

  get times(): number {
    return this.#times
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer({ apiVersion, kind, request: { uid, object } }: Manifest): object {
    const patch = this.#doing(object, ++this.#times)
    const base64 = Buffer.from(JSON.stringify(patch)).toString('base64')
    return {
      apiVersion,
      kind,
      response: { uid, allowed: true, patchType: 'JSONPatch', patch: base64 },
    }
  }
}

function objects(name: string, ca: string, reinvocationPolicy: string): Manifest[] {
  const service = { namespace: NAMESPACE, name }
  const webhook = {
    name: `${name}.kube.test`,
    clientConfig: { service, caBundle: Buffer.from(ca).toString('base64') },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    namespaceSelector: { matchLabels: { 'akash.network': 'true' } },
    reinvocationPolicy,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'Service', metadata: service, spec: { ports: [{ port: PORT }] } },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name },
      webhooks: [webhook],
    },
  ]
}
