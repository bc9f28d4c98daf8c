// SPDX-License-Identifier: Apache-2.0
// The root file system of the image without a container engine: packages of the base from Debian, and
// the COPY steps of the Dockerfile itself.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { need, Skip } from '../interop/suite.js'
import type { Image } from './dockerfile.js'

export const root = path.resolve(import.meta.dirname, '../..')

/** What the base of the Dockerfile has, as packages of the same Debian. */
const BASES: Readonly<Record<string, { suite: string; packages: readonly string[] }>> = {
  'gcr.io/distroless/cc-debian12': {
    suite: 'bookworm',
    packages: ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'],
  },
}
const BUILD_NODE = '/usr/local/bin/node'
const BUILD_SOURCE = '/src/'

/**
 * @throws {Skip} where this machine lacks what it takes
 */
export function assemble(image: Image, rootfs: string): void {
  if (process.getuid?.() !== 0) throw new Skip('it takes root, for chroot and a mount')
  for (const tool of ['mmdebstrap', 'unshare', 'chroot']) {
    if (spawnSync(tool, ['--version']).error) throw new Skip(`${tool} is not installed`)
  }
  const base = BASES[image.base]
  if (!base) throw new Error(`nobody knows what is in ${image.base}`)
  const include = `--include=${base.packages.join(',')}`
  const args = ['--quiet', '--variant=extract', include, base.suite, rootfs]
  need(`packages of Debian ${base.suite}`, 'mmdebstrap', args, { cwd: root })
  for (const { from, to } of image.copies) {
    const target = path.join(rootfs, to)
    mkdirSync(path.dirname(target), { recursive: true })
    cpSync(local(from), target, { recursive: true, dereference: true })
  }
  for (const name of ['proc', 'sys', 'dev']) mkdirSync(path.join(rootfs, name), { recursive: true })
}

/** The stage that builds, here: this very Node, and this very working tree. */
function local(from: string): string {
  if (from === BUILD_NODE) return process.execPath
  if (from.startsWith(BUILD_SOURCE)) return path.join(root, from.slice(BUILD_SOURCE.length))
  throw new Error(`the build stage has no ${from}`)
}
