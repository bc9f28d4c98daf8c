// SPDX-License-Identifier: Apache-2.0
// What a refusal of NVIDIA's library means for attestation, by its number.

import { AttestationError, type Code } from '../errors.js'
import { LOAD, NVML_LIBRARY, NVML_STATUS, type NvmlAnswer, type NvmlFailure } from './nvml.js'

const CODE_OF: Readonly<Record<number, Code>> = {
  [NVML_STATUS.notSupported]: 'ERR_GPU_UNSUPPORTED',
  [NVML_STATUS.noPermission]: 'ERR_GPU_PERMISSION',
  [NVML_STATUS.driverNotLoaded]: 'ERR_GPU_DRIVER',
  [NVML_STATUS.libraryNotFound]: 'ERR_GPU_DRIVER',
  [NVML_STATUS.functionNotFound]: 'ERR_GPU_DRIVER',
  [NVML_STATUS.libraryMismatch]: 'ERR_GPU_DRIVER',
  [NVML_STATUS.versionMismatch]: 'ERR_GPU_DRIVER',
  [NVML_STATUS.gpuIsLost]: 'ERR_GPU_LOST',
  [NVML_STATUS.resetRequired]: 'ERR_GPU_LOST',
  [NVML_STATUS.gpuNotFound]: 'ERR_GPU_LOST',
  [NVML_STATUS.notReady]: 'ERR_GPU_NOT_READY',
}

/** @param index of the GPU that it is about; null for all of them */
export function gpuError(failure: NvmlFailure, index: number | null = null): AttestationError {
  const { call, status, reason } = failure
  // The linker's words have paths in them.
  if (call === LOAD) {
    const message = `the guest has GPUs, and no ${NVML_LIBRARY} that can be loaded`
    return new AttestationError('ERR_GPU_DRIVER', message, { cause: new Error(reason) })
  }
  const whose = index === null ? '' : `GPU ${index}: `
  const code = CODE_OF[status] ?? 'ERR_GPU_EVIDENCE'
  return new AttestationError(code, `${whose}${call}: ${reason}`)
}

/** @throws {AttestationError} `ERR_GPU_*` for a refusal */
export function unwrap<Value>(answer: NvmlAnswer<Value>, index: number | null = null): Value {
  if (answer.failure) throw gpuError(answer.failure, index)
  return answer.value
}
