// SPDX-License-Identifier: Apache-2.0
// What Kata leaves out of a container: configfs, and device nodes for drivers that are loaded. Made
// where that is permitted; where not, the log says so and the sidecar uses what there is.

import path from 'node:path'
import { CONFIGFS, configfsMount, DEVICES, devicePath, exists, miscMinor } from './machine.js'
import { type MissingNode, missingNvidiaNodes } from './prepare-nvidia.js'
import {
  loadSyscalls,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_REMOUNT,
  makeDevice,
  S_IFCHR,
  type Syscalls,
} from './syscalls.js'

export interface PrepareOptions {
  /** Where the machine's files begin. */
  readonly root: string
  readonly log: (event: object) => void
  readonly load?: () => Promise<Syscalls>
}

const HARDENED = MS_NOSUID | MS_NODEV | MS_NOEXEC

/** linux/major.h */
const MISC_MAJOR = 10

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
  const nodes: MissingNode[] = []
  for (const name of Object.values(DEVICES)) {
    const minor = await miscMinor(root, name)
    if (minor === null || (await exists(devicePath(root, name)))) continue
    nodes.push({ name, major: MISC_MAJOR, minor })
  }
  nodes.push(...(await missingNvidiaNodes(root)))
  return nodes.map(({ name, major, minor }) => ({
    msg: `/dev/${name} made`,
    run: (syscalls) =>
      syscalls.mknod(devicePath(root, name), S_IFCHR | 0o600, makeDevice(major, minor)),
  }))
}
