// SPDX-License-Identifier: Apache-2.0
// Manifests as they lie in deploy/: every object of a folder of kustomize, without its bases.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { loadAllYaml, loadYaml } from '@kubernetes/client-node'

export const root = path.resolve(import.meta.dirname, '../..')

// biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes, of whatever kind they are
export type Manifest = any

export interface Folder {
  readonly kustomization: Manifest
  /** Files of YAML that lie there, beside the kustomization. */
  readonly files: readonly string[]
  readonly objects: readonly Manifest[]
}

export function readFolder(name: string): Folder {
  const dir = path.join(root, 'deploy', name)
  const read = (file: string) => readFileSync(path.join(dir, file), 'utf8')
  const files = readdirSync(dir).filter((file) => file !== 'kustomization.yaml')
  return {
    kustomization: loadYaml(read('kustomization.yaml')),
    files,
    objects: files.flatMap((file) => loadAllYaml(read(file))),
  }
}

/** The one object of a kind, or of a kind and a name. */
export function only(objects: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = objects.filter(
    (one) => one.kind === kind && (name === undefined || one.metadata.name === name),
  )
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} ${name ?? ''}`)
  return found[0]
}

/** Whatever makes pods, with the template of them. */
export function templates(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.flatMap(({ kind, spec }) => {
    if (kind === 'Deployment' || kind === 'Job') return [spec.template]
    return kind === 'CronJob' ? [spec.jobTemplate.spec.template] : []
  })
}
