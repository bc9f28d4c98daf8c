// SPDX-License-Identifier: Apache-2.0
// Real evidence, read in place. It is not ours to publish, so it lives beside the checkout (or where
// ASSAY_VECTORS points) and every test that wants it says so when it is not there.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const root = process.env.ASSAY_VECTORS ?? path.resolve(import.meta.dirname, '../../shared/vectors')

/** Why tests of real evidence are skipped, or false when it is there. For tap's `skip` option. */
export const skip: false | string = existsSync(root)
  ? false
  : 'real evidence not found: set ASSAY_VECTORS to its folder'

export type Family = 'snp' | 'tdx' | 'nvidia'

/** Names of the vectors of one family, sorted; empty when there is no real evidence here. */
export function vectors(family: Family): string[] {
  if (skip) return []
  return readdirSync(path.join(root, family), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** Absolute path of a file of a vector. */
export function vectorPath(family: Family, name: string, ...file: string[]): string {
  return path.join(root, family, name, ...file)
}

/** Bytes of a file of a vector. */
export function vectorBytes(family: Family, name: string, ...file: string[]): Uint8Array {
  return new Uint8Array(readFileSync(vectorPath(family, name, ...file)))
}

/** A vector's manifest, whose shape the caller knows. */
export function manifest<T>(family: Family, name: string): T {
  return JSON.parse(readFileSync(vectorPath(family, name, 'manifest.json'), 'utf8')) as T
}
