// SPDX-License-Identifier: Apache-2.0
// What to do on a machine that cannot attest, from the outside in: the host, the VM, its kernel.

import type { Machine } from './detect-machine.js'

const KATA =
  'on Kubernetes that is a runtimeClassName of Kata Containers: kata-qemu-snp, kata-qemu-tdx, and with NVIDIA GPUs kata-qemu-nvidia-gpu-snp, kata-qemu-nvidia-gpu-tdx'

/** How a host comes to start confidential VMs, by its CPU. */
const HOST_SETUP: Readonly<Record<'AMD' | 'Intel', string>> = {
  AMD: 'for SEV-SNP guests (EPYC 7003 or later): in the BIOS, SMEE, SEV-SNP support with its RMP table, and the IOMMU; Linux 6.11 or later with kvm_amd.sev_snp=1',
  Intel:
    'for TDX guests: in the BIOS, TME-MT and TDX with its SEAM loader; Linux 6.16 or later with kvm_intel.tdx=1',
}

// The first kernels that have a driver, and the common interface.
const DRIVERS_SINCE = [5, 19] as const
const TSM_SINCE = [6, 7] as const

/** Nothing for a machine on which a surface is ready. */
export function advice(machine: Machine): readonly string[] {
  const { kernel, cpu, virtual, hosts, surfaces } = machine
  if (surfaces.some(({ state }) => state === 'ready')) return []
  if (virtual === false) {
    const setup = hosts.length === 0 && cpu !== null ? [HOST_SETUP[cpu]] : []
    const starts = hosts.length > 0 ? ` this one can start ${hosts.join(' and ')} guests;` : ''
    return [`evidence comes from inside a confidential VM:${starts} run this there`, ...setup, KATA]
  }
  return [
    ...(kernel !== null && isBefore(kernel, DRIVERS_SINCE)
      ? [`Linux ${kernel} has no driver: 5.19 brought that of SEV-SNP, 6.2 that of TDX`]
      : []),
    ...(kernel !== null && !isBefore(kernel, DRIVERS_SINCE) && isBefore(kernel, TSM_SINCE)
      ? [`Linux ${kernel} has no configfs-tsm, which gives TDX quotes and came with 6.7`]
      : []),
    'the host has to start this VM as a confidential one',
    KATA,
    'in a container: configfs and the device have to be visible, and it has to run as root',
  ]
}

function isBefore(release: string, [major, minor]: readonly [number, number]): boolean {
  const [first, second] = release.split(/[.-]/).map(Number) as [number, number]
  return first < major || (first === major && second < minor)
}
