// SPDX-License-Identifier: Apache-2.0
// Protected PCIe joins eight GPUs and four NVSwitches (NVIDIA/nvtrust, validate_topology.py). Whom a
// device names is compared with the certificates of the others, not only with what they say of themselves.

import { isZero } from '../core/bytes.js'
import type { OpaqueData } from '../core/nvidia.js'
import { toHex } from '../encoding.js'
import type { Device } from './gpu-device.js'
import type { Problem } from './result.js'

/** Single-GPU passthrough, multi-GPU passthrough or protected PCIe; null where nothing says it. */
export type GpuMode = OpaqueData['featureFlag']

const GPUS = 8
const SWITCHES = 4

/** Older drivers have no feature flag, and say only whether protected PCIe is on. */
export function gpuMode({ opaqueData }: Pick<Device, 'opaqueData'>): GpuMode {
  const { featureFlag, protectedPcieStatus } = opaqueData
  return featureFlag ?? (protectedPcieStatus === 'enabled' ? 'ppcie' : null)
}

/** What is wrong with the connections of a machine in protected PCIe mode; null when nothing is. */
export function topologyProblem(devices: readonly Device[]): Problem | null {
  const gpus = devices.filter(({ kind }) => kind === 'gpu')
  const switches = devices.filter(({ kind }) => kind === 'switch')
  if (gpus.length !== GPUS || switches.length !== SWITCHES) {
    const found = `${gpus.length} and ${switches.length}`
    return problem(`${GPUS} GPUs and ${SWITCHES} NVSwitches expected, got ${found}`)
  }
  const [gpuIds, switchIds] = [ids(gpus), ids(switches)]
  for (const { index, opaqueData } of gpus) {
    const named = (opaqueData.switchPdis ?? []).filter((pdi) => !isZero(pdi))
    if (!isSame(named.map(backwards), switchIds)) {
      return problem(`GPU ${index} is connected to other NVSwitches than those that answered`)
    }
  }
  for (const { index, pdi, opaqueData } of switches) {
    const { devicePdi, switchGpuPdis } = opaqueData
    if (devicePdi === null || toHex(devicePdi) !== pdi) {
      return problem(`NVSwitch ${index} says that it is another one than its certificate`)
    }
    if (!isSame((switchGpuPdis ?? []).map(toHex), gpuIds)) {
      return problem(`NVSwitch ${index} connects other GPUs than those that answered`)
    }
  }
  return null
}

const problem = (detail: string): Problem => ({ code: 'ERR_GPU_TOPOLOGY', detail })

const ids = (devices: readonly Device[]): Set<string | null> =>
  new Set(devices.map(({ pdi }) => pdi))

/** A GPU spells the PDI of a switch in reverse. */
const backwards = (pdi: Uint8Array): string => toHex(Uint8Array.from(pdi).reverse())

function isSame(named: readonly string[], expected: ReadonlySet<string | null>): boolean {
  const distinct = new Set(named)
  return distinct.size === expected.size && named.every((id) => expected.has(id))
}
