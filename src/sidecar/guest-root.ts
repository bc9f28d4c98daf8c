// SPDX-License-Identifier: Apache-2.0
// The root file system of a Kata guest, where its drivers are, made visible in a container: read-only,
// and in /dev, which is the one place that a container can always write to.

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf } from './errno.js'
import { exists, lines } from './machine.js'
import {
  loadSyscalls,
  MS_NODEV,
  MS_NOSUID,
  MS_RDONLY,
  makeDevice,
  S_IFBLK,
  type Syscalls,
} from './syscalls.js'

export interface GuestRootOptions {
  /** Where the machine's files begin. */
  readonly root: string
  readonly log: (event: object) => void
  readonly load?: () => Promise<Syscalls>
}

const FOLDER = 'dev/assay'
/** What Kata builds images of, for a kernel that was not told. */
const TYPES = ['erofs', 'ext4', 'xfs']
// Libraries are run from it, so it is not MS_NOEXEC.
const FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV

interface RootDevice {
  readonly device: number
  readonly types: readonly string[]
}

/**
 * Where the guest's root begins, mounted now or earlier; null where it is on no block device that the
 * kernel's command line names, as with an initrd, or where mounting is not permitted.
 */
export async function mountGuestRoot(options: GuestRootOptions): Promise<string | null> {
  const { root, log, load = loadSyscalls } = options
  const target = path.join(root, FOLDER, 'guest')
  if (await exists(path.join(target, 'usr'))) return target
  const found = await rootDevice(root)
  if (found === null) {
    log({ msg: "the guest's root was not mounted: it is on no block device that is known" })
    return null
  }
  const syscalls = await load().catch(() => null)
  if (syscalls === null) return null
  const errno = await mount(syscalls, found, path.join(root, FOLDER, 'root'), target)
  if (errno !== 0) {
    log({ msg: "the guest's root was not mounted", errno })
    return null
  }
  log({ msg: "the guest's root mounted" })
  return target
}

async function mount(
  syscalls: Syscalls,
  { device, types }: RootDevice,
  node: string,
  target: string,
): Promise<number | null> {
  const made = await mkdir(target, { recursive: true }).then(() => 0, errnoOf)
  if (made !== 0) return made
  let errno: number | null = (await exists(node))
    ? 0
    : syscalls.mknod(node, S_IFBLK | 0o400, device)
  if (errno !== 0) return errno
  for (const type of types) {
    errno = syscalls.mount(node, target, type, FLAGS)
    if (errno === 0) break
  }
  return errno
}

async function rootDevice(root: string): Promise<RootDevice | null> {
  const words = (await lines(path.join(root, 'proc/cmdline'))).join(' ').split(' ')
  const value = (name: string) =>
    words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  const [, name] = /^\/dev\/(\w+(?:-\d+)?)$/.exec(value('root') ?? '') ?? []
  if (name === undefined) return null
  const [numbers = ''] = await lines(path.join(root, 'sys/class/block', name, 'dev'))
  const [, major, minor] = /^(\d+):(\d+)$/.exec(numbers) ?? []
  if (major === undefined) return null
  const type = value('rootfstype')
  return {
    device: makeDevice(Number(major), Number(minor)),
    types: type === undefined ? TYPES : [type],
  }
}
