// SPDX-License-Identifier: Apache-2.0
// Whether the GPUs protect what they hold. No field of their evidence says so, which is why it is
// looked at here, before each collection.

import { AttestationError } from '../errors.js'
import { PRODUCTION, PROTECTED_PCIE, readReady, readState } from './conf-compute.js'
import { unwrap } from './gpu-error.js'
import type { Nvml } from './nvml.js'

/** How they do it, for the log: `on`, or `protected PCIe`. */
export type GpuMode = 'on' | typeof PROTECTED_PCIE

/**
 * @throws {AttestationError} `ERR_GPU_DEVTOOLS`, `ERR_GPU_MODE`, `ERR_GPU_NOT_READY`; other `ERR_GPU_*`
 * when the driver does not say
 */
export async function checkMode(nvml: Nvml): Promise<GpuMode> {
  const { mode, multiGpu, environment } = unwrap(await readState(nvml))
  if (mode === 'devtools') {
    throw new AttestationError(
      'ERR_GPU_DEVTOOLS',
      'the GPUs are in DevTools mode, in which the host can read what they hold',
    )
  }
  if (mode === 'off' && multiGpu !== PROTECTED_PCIE) {
    throw new AttestationError('ERR_GPU_MODE', 'confidential computing of the GPUs is off')
  }
  if (environment !== PRODUCTION) {
    throw new AttestationError(
      'ERR_GPU_MODE',
      `confidential computing of the GPUs expected ${PRODUCTION}, got ${environment}`,
    )
  }
  if (!unwrap(await readReady(nvml))) {
    throw new AttestationError(
      'ERR_GPU_NOT_READY',
      'the GPUs take no work: their ready state is not set',
    )
  }
  return mode === 'on' ? 'on' : PROTECTED_PCIE
}
