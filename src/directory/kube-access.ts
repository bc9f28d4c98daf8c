// SPDX-License-Identifier: Apache-2.0
// How the API server is reached: from inside the cluster with what the kubelet mounts, from outside
// with a kubeconfig.

import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import path from 'node:path'
import { AttestationError } from '../errors.js'
import { formatHost } from '../service/listen-address.js'

export interface KubeAccess {
  readonly url: URL
  /** What a request needs beside its path. Asked for each: tokens are replaced while we run. */
  options(): Promise<RequestOptions>
}

/** Where the kubelet mounts the token of a ServiceAccount, and the authority of the API server. */
export const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * As a Pod does it. This is what a directory in a cluster needs of `@kubernetes/client-node`, which
 * would take more memory than 20,000 endpoints do.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` outside a cluster
 */
export function insideCluster(
  env: Readonly<Record<string, string | undefined>>,
  mount = MOUNT,
): KubeAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (!host || !port) {
    throw new AttestationError(
      'ERR_ARGUMENT',
      '--source kube runs in a cluster; outside of one, name a kubeconfig with --kubeconfig FILE',
    )
  }
  const read = (name: string) => readFile(path.join(mount, name), 'utf8')
  return {
    url: new URL(`https://${formatHost(host)}:${port}`),
    options: async () => {
      const [ca, token] = await Promise.all([read('ca.crt'), read('token')])
      return { ca, headers: { authorization: `Bearer ${token.trim()}` } }
    },
  }
}

/**
 * As `kubectl` does it, with whatever a kubeconfig may say: certificates, tokens, programs that make
 * them, proxies.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export async function withKubeconfig(file: string): Promise<KubeAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    config.loadFromFile(file)
  } catch (cause) {
    throw new AttestationError('ERR_ARGUMENT', '--kubeconfig names no readable kubeconfig', {
      cause,
    })
  }
  const server = config.getCurrentCluster()?.server
  if (server === undefined || !URL.canParse(server)) {
    throw new AttestationError('ERR_ARGUMENT', 'the kubeconfig has no cluster in its context')
  }
  return {
    url: new URL(server),
    options: async () => {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      return options
    },
  }
}
