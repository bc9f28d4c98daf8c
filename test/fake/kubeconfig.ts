// SPDX-License-Identifier: Apache-2.0
// A kubeconfig of the test world, in a file.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** @param certificate PEM that the API server shows, or is signed by */
export function kubeconfigFile(server: string, certificate: string): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'assay-kube-')), 'config')
  const authority = Buffer.from(certificate).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'u', user: { token: 'secret-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}
