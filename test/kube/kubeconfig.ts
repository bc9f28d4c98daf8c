// SPDX-License-Identifier: Apache-2.0
// Who asks an API server, in the form that clients of Kubernetes read.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'

/** Of a user that `kube certificates` or `kube user` wrote into `dir`. */
export function certifiedAs(name: string, dir: string, url: string): KubeConfig {
  const data = (ending: string) => base64(readFileSync(path.join(dir, `${name}.${ending}`)))
  return configured(name, { certData: data('crt'), keyData: data('key') }, dir, url)
}

export function withToken(name: string, token: string, dir: string, url: string): KubeConfig {
  return configured(name, { token }, dir, url)
}

function configured(name: string, credentials: object, dir: string, server: string): KubeConfig {
  const config = new KubeConfig()
  const caData = base64(readFileSync(path.join(dir, 'ca.crt')))
  const cluster = { name: 'kube', server, caData, skipTLSVerify: false }
  config.loadFromClusterAndUser(cluster, { name, ...credentials })
  return config
}

const base64 = (bytes: Buffer): string => bytes.toString('base64')
