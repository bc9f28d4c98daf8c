// SPDX-License-Identifier: Apache-2.0
// How the API server of a cluster is started, and what tells that it serves.

import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import * as net from 'node:net'
import path from 'node:path'

/** Services get their addresses from it; nothing of the machine has one. */
const SERVICES = '10.96.0.0/16'

/** Certificates and keys are those that `kube certificates` wrote into `dir`. */
export function apiServerFlags(dir: string, port: number): string[] {
  const file = (name: string) => path.join(dir, name)
  return [
    `--etcd-servers=unix://${file('etcd.sock')}`,
    // What has to be compacted when, a test says.
    '--etcd-compaction-interval=0',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=10.96.0.1',
    '--endpoint-reconciler-type=none',
    `--service-cluster-ip-range=${SERVICES}`,
    '--authorization-mode=Node,RBAC',
    `--client-ca-file=${file('ca.crt')}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-signing-key-file=${file('service-accounts.key')}`,
    `--service-account-key-file=${file('service-accounts.crt')}`,
    `--egress-selector-config-file=${egressConfig(dir)}`,
    '--allow-privileged=true',
    '--profiling=false',
  ]
}

export const egressSocket = (dir: string): string => path.join(dir, 'egress.sock')

function egressConfig(dir: string): string {
  const transport = { uds: { udsName: egressSocket(dir) } }
  const connection = { proxyProtocol: 'HTTPConnect', transport }
  const file = path.join(dir, 'egress.json')
  const config = {
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [{ name: 'cluster', connection }],
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

/** Below those that systems give to connections, so that it stays free while the API server is down. */
const PORTS = { from: 20_000, to: 32_000 }

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to)
    const server = net.createServer()
    const listening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!listening) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/** Whether all that the API server starts with is done. */
export async function ready(dir: string, port: number): Promise<boolean> {
  const ca = readFileSync(path.join(dir, 'ca.crt'))
  const url = `https://127.0.0.1:${port}/readyz`
  return new Promise((resolve, reject) => {
    const asked = get(url, { ca, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', reject)
  })
}
