// SPDX-License-Identifier: Apache-2.0
// A cluster, pods that take up certificates late or never, and runs of the certificate job in it. After
// every change the API server must trust whatever a pod may be serving.

import type { X509Certificate } from 'node:crypto'
import type { V1MutatingWebhookConfiguration, V1Secret } from '@kubernetes/client-node'
import type { Operation } from 'rfc6902'
import { type CertsOptions, maintainCertificates, type Outcome } from '../../src/webhook/certs.js'
import type { CertsApi, WriteOptions } from '../../src/webhook/certs-api.js'
import { kubernetesRefusal, type Permission } from '../../src/webhook/certs-refusal.js'
import { certificates } from '../../src/webhook/certs-secret.js'
import { FakeKubeApi, registration } from '../fake/kube-webhooks.js'

export const DAY_MS = 24 * 3_600_000
export const LIFETIME_MS = 90 * DAY_MS
export const NAME = 'assay-webhook.assay-system.svc'
const SECRET = '/api/v1/namespaces/assay-system/secrets'
const CONFIGURATION =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/akash-attestation-sidecar-injector'

/** Not one of ours, so that nobody tries again. */
export class Killed extends Error {}

/** Called around every request of a run, with its words. */
export type Step = (when: 'before' | 'after', what: string) => Promise<void> | void

export class CertsWorld {
  readonly kube = new FakeKubeApi()
  readonly slept: number[] = []
  /** What happened to the cluster, and sleeps between. */
  readonly story: string[] = []
  now = new Date('2026-03-01T12:00:00Z')
  /** Every certificate that was ever in the Secret, with what trusted it. */
  readonly served: X509Certificate[] = []
  /** Certificates that pods serve or may, and that the API server would not have trusted at some time. */
  readonly outages: string[] = []
  /** Set while somebody has wiped the bundle, and no run has been there since. */
  #wiped = true

  constructor(configured = true) {
    if (configured) this.kube.put(registration())
    this.kube.onChange = () => this.#check()
  }

  /** Authorities in the Secret, the current one first. */
  get held(): readonly X509Certificate[] {
    return parsed(this.kube.secret?.data?.['ca.crt'])
  }

  /** The certificate in the Secret. */
  get serving(): X509Certificate {
    return parsed(this.kube.secret?.data?.['tls.crt'])[0] as X509Certificate
  }

  /** What the API server trusts. */
  get trusted(): readonly X509Certificate[] {
    const { caBundle } = this.kube.configuration?.webhooks?.[0]?.clientConfig ?? {}
    return parsed(caBundle)
  }

  /** GitOps applies the manifest again, as a whole. */
  wipe(): void {
    this.#wiped = true
    this.kube.put(registration())
  }

  pass(ms: number): void {
    this.now = new Date(this.now.getTime() + ms)
  }

  run(change: Partial<CertsOptions> = {}, step: Step = () => {}): Promise<Outcome> {
    return maintainCertificates({
      api: this.api(step),
      namespace: 'assay-system',
      service: 'assay-webhook',
      secret: 'assay-webhook-tls',
      configuration: 'akash-attestation-sidecar-injector',
      names: [NAME],
      lifetimeMs: LIFETIME_MS,
      settleMs: 10_000,
      renew: false,
      force: false,
      prune: false,
      now: () => this.now,
      sleep: async (ms) => {
        await step('before', 'sleep')
        this.slept.push(ms)
        this.kube.said.push('sleep')
      },
      ...change,
    })
  }

  /** The fake API server without a network. */
  api(step: Step = () => {}): CertsApi {
    const ask = async (asked: Permission, method: string, path: string, content?: object) => {
      const what = `${asked.verb} ${asked.resource}${path.includes('dryRun') ? '?dryRun' : ''}`
      await step('before', what)
      const body = content === undefined ? '' : JSON.stringify(content)
      const answer = this.kube.handle({ method, path, headers: {}, body })
      await step('after', what)
      if (answer.status < 400) return JSON.parse(answer.body as string)
      if (asked.verb === 'get' && answer.status === 404) return null
      throw kubernetesRefusal({ code: answer.status, body: answer.body }, asked)
    }
    const of = (verb: Permission['verb'], resource: string): Permission => {
      return { verb, resource, group: 'g', name: 'n', namespace: null }
    }
    const query = ({ dryRun }: WriteOptions) => (dryRun ? '?dryRun=All' : '')
    const secret = (verb: Permission['verb']) => of(verb, 'secrets')
    const named = `${SECRET}/assay-webhook-tls`
    const configuration = (verb: Permission['verb']) => of(verb, 'mutatingwebhookconfigurations')
    return {
      secret: () => ask(secret('get'), 'GET', named),
      createSecret: (body: V1Secret, how) =>
        ask(secret('create'), 'POST', `${SECRET}${query(how)}`, body),
      replaceSecret: (body: V1Secret, how) =>
        ask(secret('update'), 'PUT', `${named}${query(how)}`, body),
      configuration: (): Promise<V1MutatingWebhookConfiguration | null> =>
        ask(configuration('get'), 'GET', CONFIGURATION),
      patchConfiguration: (body: readonly Operation[], how) =>
        ask(configuration('patch'), 'PATCH', `${CONFIGURATION}${query(how)}`, body as object),
    }
  }

  #check(): void {
    const [serving] = parsed(this.kube.secret?.data?.['tls.crt'])
    if (serving && !this.served.some((one) => one.serialNumber === serving.serialNumber)) {
      this.served.push(serving)
    }
    if (this.#wiped && this.trusted.length === 0) return
    this.#wiped = false
    for (const one of this.served) {
      if (new Date(one.validTo) < this.now) continue
      if (!this.trusted.some((authority) => one.verify(authority.publicKey))) {
        this.outages.push(one.serialNumber)
      }
    }
  }
}

const known = new Map<string, readonly X509Certificate[]>()

/** Certificates of base64 of PEM, parsed once: worlds ask after every change. */
function parsed(base64 = ''): readonly X509Certificate[] {
  const all = known.get(base64) ?? certificates(Buffer.from(base64, 'base64').toString()).readable
  known.set(base64, all)
  return all
}
