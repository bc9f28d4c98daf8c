// SPDX-License-Identifier: Apache-2.0
// What the GPUs of this machine are good for, and what to do about it.

import {
  type ConfCompute,
  type GpuSurvey,
  PRODUCTION,
  PROTECTED_PCIE,
} from '../sidecar/conf-compute.js'
import { ARCHITECTURES } from '../sidecar/gpu-architectures.js'
import { NVML_LIBRARY, NVML_STATUS, type NvmlFailure } from '../sidecar/nvml.js'
import type { Probed } from '../sidecar/probe.js'

/** As of a surface; `ready` says that the sidecar would ask them for evidence. */
export type GpuVerdict = Pick<Probed, 'state' | 'detail' | 'remedy'>

const CC_ON =
  'on the host, nvidia_gpu_tools.py --set-cc-mode=on --reset-after-cc-mode-switch for each GPU, then start the confidential VM again'

/** What to do about a library that does not start, by its status. */
const START_REMEDIES: Readonly<Record<number, string>> = {
  [NVML_STATUS.noPermission]: 'run as root of the guest',
  [NVML_STATUS.driverNotLoaded]: 'modprobe nvidia in the guest',
  [NVML_STATUS.libraryNotFound]: `install the NVIDIA driver in the guest; in a container, mount ${NVML_LIBRARY} of the guest, which the sidecar tries itself`,
  [NVML_STATUS.libraryMismatch]: `use ${NVML_LIBRARY} of the guest itself, which fits its kernel driver`,
}

/** @param onBus NVIDIA GPUs on the PCI bus, whether or not a driver knows them */
export function judgeGpus(survey: GpuSurvey, onBus: number): GpuVerdict {
  const { driverVersion, gpus, confCompute, failures } = survey
  const [failure] = failures
  if (gpus.length === 0 && onBus === 0) {
    return { state: 'absent', detail: 'no NVIDIA GPU on the PCI bus', remedy: null }
  }
  if (gpus.length === 0) return withoutDriver(onBus, failure)
  const here = `${counted(gpus.length)}, driver ${driverVersion ?? 'of unknown version'}`
  if (gpus.length < onBus) {
    return {
      state: 'unusable',
      detail: `${here}: ${onBus} are on the PCI bus, and all are attested or none`,
      remedy: 'dmesg says what became of the others; each needs its node /dev/nvidiaN',
    }
  }
  const other = gpus.find(({ architecture }) => architecture && !ARCHITECTURES.has(architecture))
  if (other) {
    return {
      state: 'unusable',
      detail: `${here}: ${other.architecture} gives no evidence`,
      remedy: 'it takes a Hopper or Blackwell GPU',
    }
  }
  if (confCompute === null) {
    return {
      state: 'unusable',
      detail: `${here}: no confidential computing`,
      remedy:
        'it takes a Hopper or Blackwell GPU, in a confidential VM, and a driver that knows both',
    }
  }
  return judgeMode(confCompute, here)
}

function withoutDriver(onBus: number, failure: NvmlFailure | undefined): GpuVerdict {
  const here = `${counted(onBus)} on the PCI bus`
  if (failure === undefined) {
    return {
      state: 'unusable',
      detail: `${here}, none of which the driver drives`,
      remedy: 'dmesg says why the driver refused',
    }
  }
  const { call, status, reason } = failure
  return {
    state: status === NVML_STATUS.noPermission ? 'denied' : 'unusable',
    detail:
      status === NVML_STATUS.libraryNotFound
        ? `${here}, and no ${NVML_LIBRARY}`
        : `${here}, but ${call}: ${reason}`,
    remedy: START_REMEDIES[status] ?? 'nvidia-smi may say more',
  }
}

function judgeMode(confCompute: ConfCompute, here: string): GpuVerdict {
  const { mode, multiGpu, ready, environment } = confCompute
  if (mode === 'devtools') {
    return {
      state: 'unusable',
      detail: `${here}: confidential computing in DevTools mode, in which the host can read what the GPU holds`,
      remedy: CC_ON,
    }
  }
  const isProtected = multiGpu === PROTECTED_PCIE
  if (mode === 'off' && !isProtected) {
    return { state: 'unusable', detail: `${here}: confidential computing is off`, remedy: CC_ON }
  }
  if (environment !== PRODUCTION) {
    return {
      state: 'unusable',
      detail: `${here}: confidential computing in an environment of ${environment}`,
      remedy: 'it takes GPUs, firmware and a driver of production',
    }
  }
  const how = isProtected ? 'protected PCIe is on' : 'confidential computing is on'
  return ready === true
    ? { state: 'ready', detail: `${here}: ${how}`, remedy: null }
    : {
        state: 'unusable',
        detail: `${here}: ${how}; they take no work yet`,
        remedy: 'nvidia-smi conf-compute -srs 1 in the guest',
      }
}

const counted = (count: number): string => (count === 1 ? '1 NVIDIA GPU' : `${count} NVIDIA GPUs`)
