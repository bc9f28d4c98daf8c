// SPDX-License-Identifier: Apache-2.0
// The control plane in test/kube/go, compiled once and kept outside the repository.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { need, run } from '../interop/suite.js'

const sources = path.join(import.meta.dirname, 'go')
const go = { cwd: sources }
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w']

/**
 * The program, which is built where it is not yet there: a matter of minutes.
 *
 * @throws {Skip} without Go, or without its modules
 */
export function kubeProgram(): string {
  need('go is not installed', 'go', ['version'], go)
  const kept = path.join(cacheFolder(), fingerprint())
  const program = path.join(kept, 'kube')
  if (existsSync(program)) return program
  need('modules of Kubernetes cannot be fetched', 'go', ['mod', 'download'], go)
  const began = performance.now()
  console.log('  building kube-apiserver, its controllers, etcd and kustomize')
  mkdirSync(kept, { recursive: true })
  // Whoever builds at the same time gets a whole program as well.
  const fresh = `${program}.${process.pid}`
  try {
    run('go', ['build', ...FLAGS, '-o', fresh, '.'], go)
    renameSync(fresh, program)
  } finally {
    rmSync(fresh, { force: true })
  }
  console.log(`  built in ${Math.round((performance.now() - began) / 1000)} s: ${program}`)
  return program
}

function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  return path.join(base, 'assay', 'kube')
}

/** Of everything the program is made of, the compiler included. */
function fingerprint(): string {
  const hash = createHash('sha256')
    .update(run('go', ['version'], go))
    .update(FLAGS.join())
  for (const name of readdirSync(sources).sort()) {
    hash.update(name).update(readFileSync(path.join(sources, name)))
  }
  return hash.digest('hex').slice(0, 16)
}
