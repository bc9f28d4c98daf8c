// SPDX-License-Identifier: Apache-2.0
// What the files of this guest say about attestation devices. Nothing here touches a device.

import { access, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** Where the kernel would have configfs, and in it the reports. */
export const CONFIGFS = 'sys/kernel/config'
export const TSM_REPORT = `${CONFIGFS}/tsm/report`

export const DEVICES = {
  /** The name in /proc/misc is that of the node. */
  snp: 'sev-guest',
  tdx: 'tdx_guest',
} as const

export const devicePath = (root: string, device: string): string => path.join(root, 'dev', device)

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/** How configfs is mounted where it belongs; null: not at all. The last mount hides the others. */
export async function configfsMount(root: string): Promise<{ readonly readOnly: boolean } | null> {
  const mounts = (await lines(path.join(root, 'proc/self/mounts'))).map((line) => line.split(' '))
  const [, , type, options] = mounts.filter(([, target]) => target === `/${CONFIGFS}`).at(-1) ?? []
  return type === 'configfs' ? { readOnly: options?.split(',')[0] === 'ro' } : null
}

/** The minor number under which the kernel has a driver's device, whether or not there is a node. */
export async function miscMinor(root: string, device: string): Promise<number | null> {
  for (const line of await lines(path.join(root, 'proc/misc'))) {
    const [, minor, name] = /^\s*(\d+)\s+(\S+)$/.exec(line) ?? []
    if (name === device) return Number(minor)
  }
  return null
}

/** PCI addresses of NVIDIA's display controllers, which are its GPUs; its switches are none. */
export async function nvidiaGpus(root: string): Promise<readonly string[]> {
  const devices = path.join(root, 'sys/bus/pci/devices')
  const addresses = await readdir(devices).catch(() => [])
  const found = await Promise.all(
    addresses.map(async (address) => {
      const [vendor] = await lines(path.join(devices, address, 'vendor'))
      const [kind] = await lines(path.join(devices, address, 'class'))
      return vendor === '0x10de' && kind?.startsWith('0x03')
    }),
  )
  return addresses.filter((_, index) => found[index]).sort()
}

/** What there is of NVIDIA's driver. It is not loaded where there never was a GPU. */
export const NVIDIA_PROC = 'proc/driver/nvidia'

/** Whether this guest has a GPU of NVIDIA's, or has had one since it was started. */
export async function hasNvidia(root: string): Promise<boolean> {
  if ((await nvidiaGpus(root)).length > 0) return true
  if (await exists(path.join(root, NVIDIA_PROC))) return true
  const nodes = await readdir(path.join(root, 'dev')).catch(() => [])
  return nodes.some((name) => /^nvidia\d+$/.test(name))
}

/** Lines of a file that say something; none of a file that cannot be read. */
export async function lines(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}
