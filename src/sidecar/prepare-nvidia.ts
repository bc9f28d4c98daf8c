// SPDX-License-Identifier: Apache-2.0
// Nodes of NVIDIA's devices that the kernel's driver knows and this container lacks. NVML finds no
// GPU whose node is missing.

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { devicePath, exists, lines, NVIDIA_PROC } from './machine.js'

export interface MissingNode {
  /** In /dev. */
  readonly name: string
  readonly major: number
  readonly minor: number
}

/** Major numbers, by the names that drivers of several ages register: the newest last. */
const GPU_DRIVERS = ['nvidia-frontend', 'nvidia']
const CONTROL_DRIVERS = [...GPU_DRIVERS, 'nvidiactl']
const CONTROL = { name: 'nvidiactl', minor: 255 }

export async function missingNvidiaNodes(root: string): Promise<readonly MissingNode[]> {
  const majors = await characterMajors(root)
  const majorOf = (drivers: readonly string[]) =>
    drivers.map((driver) => majors.get(driver)).findLast((major) => major !== undefined)
  const nodes = [
    { ...CONTROL, major: majorOf(CONTROL_DRIVERS) },
    ...(await gpuMinors(root)).map((minor) => ({
      name: `nvidia${minor}`,
      minor,
      major: majorOf(GPU_DRIVERS),
    })),
  ]
  const missing: MissingNode[] = []
  for (const { name, major, minor } of nodes) {
    if (major === undefined || (await exists(devicePath(root, name)))) continue
    missing.push({ name, major, minor })
  }
  return missing
}

async function characterMajors(root: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const line of await lines(path.join(root, 'proc/devices'))) {
    if (line.startsWith('Block')) break
    const [, major, name] = /^\s*(\d+) (\S+)$/.exec(line) ?? []
    if (name !== undefined) found.set(name, Number(major))
  }
  return found
}

async function gpuMinors(root: string): Promise<readonly number[]> {
  const folder = path.join(root, NVIDIA_PROC, 'gpus')
  const minors: number[] = []
  for (const address of await readdir(folder).catch(() => [])) {
    for (const line of await lines(path.join(folder, address, 'information'))) {
      const [, minor] = /^Device Minor:\s*(\d+)$/.exec(line.trimEnd()) ?? []
      if (minor !== undefined) minors.push(Number(minor))
    }
  }
  return minors.sort((a, b) => a - b)
}
