// SPDX-License-Identifier: Apache-2.0
// What Kata leaves out of a container: configfs, and device nodes for drivers that are loaded. Made
// where that is permitted; where not, the log says so and the sidecar uses what there is.

import path from 'node:path'
import { CONFIGFS, configfsMount, DEVICES, devicePath, exists, miscMinor } from './machine.js'
import { loadSyscalls, type Syscalls } from './syscalls.js'

export interface PrepareOptions {
  /** Where the machine's files begin. */
  readonly root: string
  readonly log: (event: object) => void
  readonly load?: () => Promise<Syscalls>
}

/** linux/mount.h */
const MS_NOSUID = 0x2
const MS_NODEV = 0x4
const MS_NOEXEC = 0x8
const MS_REMOUNT = 0x20
const MS_BIND = 0x1000
const HARDENED = MS_NOSUID | MS_NODEV | MS_NOEXEC

/** linux/major.h, linux/stat.h */
const MISC_MAJOR = 10
const S_IFCHR = 0o020000

interface Step {
  readonly msg: string
  run(syscalls: Syscalls): number
}

/** Never refuses: whether there is a surface now is for those who open one. */
export async function prepare(options: PrepareOptions): Promise<void> {
  const { root, log, load = loadSyscalls } = options
  const steps = [...(await mountSteps(root)), ...(await nodeSteps(root))]
  if (steps.length === 0) return
  const syscalls = await load().catch(() => null)
  if (syscalls === null) {
    log({ msg: 'nothing prepared: koffi cannot be loaded' })
    return
  }
  for (const { msg, run } of steps) {
    const errno = run(syscalls)
    log(errno === 0 ? { msg } : { msg: `not ${msg}`, errno })
  }
}

/** A mount point of sysfs takes a mount although sysfs itself is read-only. */
async function mountSteps(root: string): Promise<Step[]> {
  const target = path.join(root, CONFIGFS)
  const mount = await configfsMount(root)
  if (mount === null && (await exists(target))) {
    const run = (syscalls: Syscalls) => syscalls.mount('none', target, 'configfs', HARDENED)
    return [{ msg: 'configfs mounted', run }]
  }
  if (!mount?.readOnly) return []
  const flags = MS_REMOUNT | MS_BIND | HARDENED
  const run = (syscalls: Syscalls) => syscalls.mount('none', target, 'configfs', flags)
  return [{ msg: 'configfs made writable', run }]
}

async function nodeSteps(root: string): Promise<Step[]> {
  const steps: Step[] = []
  for (const device of Object.values(DEVICES)) {
    const file = devicePath(root, device)
    const minor = await miscMinor(root, device)
    if (minor === null || (await exists(file))) continue
    const run = (syscalls: Syscalls) => syscalls.mknod(file, S_IFCHR | 0o600, miscDevice(minor))
    steps.push({ msg: `/dev/${device} made`, run })
  }
  return steps
}

/** As `makedev` of glibc: minors above a byte, which newer kernels give, go above the major. */
const miscDevice = (minor: number): number =>
  (minor & 0xff) + MISC_MAJOR * 0x100 + (minor >>> 8) * 0x100000
