// SPDX-License-Identifier: Apache-2.0
// A memory cgroup for one process, of either version of the kernel's interface: what a container's
// memory limit is made of.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** How the two versions name the same things. */
const VERSIONS = [
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    events: 'memory.oom_control',
  },
  {
    root: '/sys/fs/cgroup',
    limit: 'memory.max',
    peak: 'memory.peak',
    events: 'memory.events',
  },
] as const

export interface MemoryGroup {
  /** A process that writes its id into this file is a member from then on. */
  readonly procs: string
  /** Processes of the group that the kernel has killed for want of memory. */
  oomKills(): number
  /** Most bytes that the group has ever had. */
  peak(): number
  /** For when no process is left in it. */
  remove(): void
}

/** A group with a limit in bytes, or in words why there can be none here. */
export function memoryGroup(limit: number): MemoryGroup | string {
  const version = VERSIONS.find(({ root, limit }) =>
    limit === 'memory.max'
      ? existsSync(path.join(root, 'cgroup.subtree_control'))
      : existsSync(path.join(root, limit)),
  )
  if (!version) return 'no memory controller of cgroups'
  const dir = path.join(version.root, `assay-bench-${process.pid}-${counter++}`)
  try {
    if (version.limit === 'memory.max') {
      writeFileSync(path.join(version.root, 'cgroup.subtree_control'), '+memory')
    }
    mkdirSync(dir)
    writeFileSync(path.join(dir, version.limit), `${limit}`)
  } catch (error) {
    return `a cgroup cannot be made: ${(error as NodeJS.ErrnoException).code}`
  }
  const read = (file: string) => readFileSync(path.join(dir, file), 'utf8')
  return {
    procs: path.join(dir, 'cgroup.procs'),
    oomKills: () => Number(/^oom_kill (\d+)/m.exec(read(version.events))?.[1]),
    peak: () => Number(read(version.peak)),
    remove: () => rmdirSync(dir),
  }
}

let counter = 0
