// SPDX-License-Identifier: Apache-2.0
// A cluster for tests: a real API server with etcd and the controllers that tests stand on. There are no
// nodes but those that a test creates, and nothing runs in pods; their status is a test's to write.

import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type KubeConfig, loadAllYaml } from '@kubernetes/client-node'
import { run } from '../interop/suite.js'
import { Api } from './api.js'
import { Children } from './children.js'
import { Egress } from './egress.js'
import { Front } from './front.js'
import { certifiedAs, withToken } from './kubeconfig.js'
import { type Manifest, Objects } from './objects.js'
import { kubeProgram } from './program.js'
import { apiServerFlags, egressSocket, freePort, ready } from './server.js'
import { MARKERS, settled } from './settled.js'
import { until } from './wait.js'

const TOKEN_SECONDS = 3600

/**
 * Starts one, in a few seconds where the program is built already. It ends with `stop()`, or with this
 * process.
 *
 * @throws {Skip} where Go or its modules are missing
 */
export async function startCluster({ controllers = true } = {}): Promise<Cluster> {
  const children = new Children(kubeProgram())
  const { dir } = children
  let cluster: Cluster | undefined
  try {
    run(children.program, ['certificates', dir], { cwd: dir })
    children.start('etcd', [dir])
    await until('etcd', () => {
      children.mustRun('etcd')
      return children.output('etcd').includes('ready')
    })
    const port = await freePort()
    const front = new Front(port)
    cluster = new Cluster(children, port, front, `https://127.0.0.1:${await front.listen()}`)
    await cluster.begin(controllers)
    return cluster
  } catch (error) {
    await (cluster ?? children).stop()
    throw error
  }
}

export class Cluster {
  readonly caPem: string
  /** Of an administrator. */
  readonly kubeconfig: KubeConfig
  /** Requests of the administrator. */
  readonly api: Api
  readonly #objects: Objects
  readonly #egress: Egress

  constructor(
    readonly children: Children,
    readonly port: number,
    readonly front: Front,
    readonly url: string,
  ) {
    this.caPem = readFileSync(path.join(children.dir, 'ca.crt'), 'utf8')
    this.kubeconfig = certifiedAs('admin', children.dir, url)
    this.api = new Api(this.kubeconfig)
    this.#objects = new Objects(this.api)
    this.#egress = new Egress((address) => this.#serviceAt(address))
  }

  async begin(controllers: boolean): Promise<void> {
    await this.#egress.listen(egressSocket(this.children.dir))
    await this.startApiServer()
    await this.api.must('POST', '/api/v1/namespaces', { metadata: { name: MARKERS } })
    if (!controllers) return
    this.children.start('controllers', [this.children.dir, `https://127.0.0.1:${this.port}`])
    await this.#account('default')
  }

  /** Applies a folder of kustomize or a file of YAML; resolves when the API server acts on all of it. */
  async apply(place: string): Promise<void> {
    await this.applyObjects(statSync(place).isDirectory() ? this.kustomize(place) : yaml(place))
  }

  /** Applies objects one after another; resolves when the API server acts on all of them. */
  async applyObjects(objects: readonly object[]): Promise<void> {
    const manifests = objects as readonly Manifest[]
    for (const manifest of manifests) await this.#objects.apply(manifest)
    await this.settled(...manifests.map(({ kind }) => kind))
  }

  /** Resolves when the API server acts on the webhooks, policies and roles of these kinds it has by now. */
  settled(...kinds: readonly string[]): Promise<void> {
    return settled(this.#objects, kinds)
  }

  /** What `kubectl apply -k` would apply, in that order. */
  kustomize(folder: string): object[] {
    const { dir, program } = this.children
    return JSON.parse(run(program, ['kustomize', path.resolve(folder)], { cwd: dir }))
  }

  /** Creates a namespace, in which pods can be created when this resolves. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.api.must('POST', '/api/v1/namespaces', { metadata: { name, labels } })
    await this.#account(name)
  }

  /** Kills it, as a crash would; etcd stays. */
  async stopApiServer(): Promise<void> {
    await this.children.kill('apiserver')
  }

  /** On the port and with the certificates that it had. */
  async startApiServer(): Promise<void> {
    const { dir } = this.children
    this.children.start('apiserver', apiServerFlags(dir, this.port))
    await until('the API server', () => {
      this.children.mustRun('apiserver')
      return ready(dir, this.port)
    })
  }

  /** Forgets all revisions but the current one; resolves to it. */
  async compactEtcd(): Promise<number> {
    const { dir, program } = this.children
    return Number(run(program, ['compact', dir], { cwd: dir }))
  }

  /** Ends all connections of clients to the API server, watches among them; they may connect again. */
  cutWatches(): void {
    this.front.cut()
  }

  /**
   * Where connections of the API server to a port of a Service end: at ports of loopback, in turn. Where
   * none are named, they are refused, as those to all other Services are.
   */
  endpoints(namespace: string, service: string, port: number, ...targets: number[]): void {
    this.#egress.serve(`${namespace}/${service}`, port, targets)
  }

  /** Of a user in these groups, who may do what roles of a test say, and else nothing. */
  userKubeconfig(name: string, groups: readonly string[] = []): KubeConfig {
    const { dir, program } = this.children
    run(program, ['user', dir, name, ...groups], { cwd: dir })
    return certifiedAs(name, dir, this.url)
  }

  /** A token as a pod of the service account gets it. */
  async tokenFor(namespace: string, serviceAccount: string): Promise<string> {
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`
    const spec = { expirationSeconds: TOKEN_SECONDS, audiences: [] }
    return (await this.api.must('POST', `${account}/token`, { spec })).status.token
  }

  async serviceAccountKubeconfig(namespace: string, name: string): Promise<KubeConfig> {
    const token = await this.tokenFor(namespace, name)
    return withToken(name, token, this.children.dir, this.url)
  }

  /** Writes it where the cluster's files are, for a process that reads `KUBECONFIG`. */
  kubeconfigFile(config: KubeConfig): string {
    const file = path.join(this.children.dir, `${config.getCurrentUser()?.name}.kubeconfig`)
    writeFileSync(file, config.exportConfig(), { mode: 0o600 })
    return file
  }

  async stop(): Promise<void> {
    this.api.close()
    await this.children.stop()
    await Promise.all([this.front.close(), this.#egress.close()])
  }

  async #account(namespace: string): Promise<void> {
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`
    await until(`the service account of ${namespace}`, () => this.api.must('GET', account))
  }

  async #serviceAt(address: string): Promise<string | null> {
    const { items } = await this.api.must('GET', '/api/v1/services')
    const found = items.find(
      ({ spec }: { spec: { clusterIP: string } }) => spec.clusterIP === address,
    )
    return found ? `${found.metadata.namespace}/${found.metadata.name}` : null
  }
}

const yaml = (file: string): object[] => loadAllYaml(readFileSync(file, 'utf8')).filter(Boolean)
