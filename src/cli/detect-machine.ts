// SPDX-License-Identifier: Apache-2.0
// What `assay detect` looks at. It reads files and asks the GPU driver how things stand; no report is
// made, and nothing is changed.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type GpuSurvey, surveyGpus } from '../sidecar/conf-compute.js'
import { nvidiaGpus } from '../sidecar/machine.js'
import { findNvml } from '../sidecar/nvml-library.js'
import { type Probed, probe } from '../sidecar/probe.js'

export interface Machine {
  /** Release of the kernel, or null. */
  readonly kernel: string | null
  readonly cpu: 'AMD' | 'Intel' | null
  /** Whether a hypervisor says that it is there; null where the CPU has no such flag. */
  readonly virtual: boolean | null
  /** Which confidential VMs the kernel of this machine says it can start. */
  readonly hosts: readonly ('SEV-SNP' | 'TDX')[]
  readonly surfaces: readonly Probed[]
  readonly gpus: GpuSurvey
  /** NVIDIA GPUs on the PCI bus, with or without a driver. */
  readonly pciGpus: number
}

const VENDORS: Readonly<Record<string, Machine['cpu']>> = {
  AuthenticAMD: 'AMD',
  GenuineIntel: 'Intel',
}

/** Parameters of KVM that are `Y` where it can start such guests. */
const HOSTS = [
  ['SEV-SNP', 'sys/module/kvm_amd/parameters/sev_snp'],
  ['TDX', 'sys/module/kvm_intel/parameters/tdx'],
] as const

/** Nothing is mounted to look at it. */
const untouched = async () => null

/** @param root where the machine's files begin */
export async function lookAround(
  root: string,
  survey: () => Promise<GpuSurvey> = () =>
    surveyGpus(() => findNvml({ root, guestRoot: untouched })),
): Promise<Machine> {
  const read = (file: string) => readFile(path.join(root, file), 'latin1').catch(() => '')
  const kernel = (await read('proc/sys/kernel/osrelease')).trim()
  const cpuinfo = await read('proc/cpuinfo')
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? null
  const supported = await Promise.all(HOSTS.map(async ([, file]) => /^[Y1]/.test(await read(file))))
  return {
    kernel: kernel === '' ? null : kernel,
    cpu: VENDORS[field('vendor_id') ?? ''] ?? null,
    virtual: field('flags')?.split(' ').includes('hypervisor') ?? null,
    hosts: HOSTS.map(([tee]) => tee).filter((_, index) => supported[index]),
    surfaces: await probe(root),
    gpus: await survey(),
    pciGpus: (await nvidiaGpus(root)).length,
  }
}
