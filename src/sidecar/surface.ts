// SPDX-License-Identifier: Apache-2.0
// What stands between the sidecar and hardware: one attestation surface for the CPU, one for the
// GPUs. Real ones and the simulated platform look the same from here.

import type { Bytes } from '../core/private-copy.js'
import type { Tee } from '../protocol.js'

/** A report as the platform gave it. Nothing in it has been verified. */
export interface PlatformReport {
  /** ATTESTATION_REPORT of SNP, or a TDX quote. */
  readonly report: Bytes
  /** The certificate table that came with it (AMD 56421); empty where there is none. */
  readonly auxblob: Bytes
}

/**
 * One way to the security processor. It takes one request at a time: whoever calls sees to that, and
 * a call that is under way is never abandoned, because a request cut off half way costs the guest its
 * key to the firmware.
 *
 * Its refusals are AttestationErrors, `ERR_DEVICE_*`; after `ERR_DEVICE_LOST` it is not asked again.
 */
export interface CpuSurface {
  /** For logs and metrics: `configfs-tsm`, `sev-guest`, `simulated`. */
  readonly name: string
  readonly tee: Tee
  /** The lowest VMPL that the guest may ask for; 0 where nobody says, and on TDX. */
  readonly floor: number
  /**
   * A report over 64 bytes of REPORT_DATA, which stand in the report that comes back.
   *
   * @param vmpl the level to ask for, `floor` to 3; TDX has none and takes no notice
   */
  collect(reportData: Uint8Array, vmpl: number): Promise<PlatformReport>
  close(): Promise<void>
}

/** Evidence of one GPU, as NVML gives it. */
export interface GpuReport {
  readonly index: number
  /** SPDM GET_MEASUREMENTS request and response. */
  readonly report: Bytes
  /** Of the platform's CEC, where it has one. */
  readonly cec: Bytes | null
  /** PEM, leaf first. */
  readonly certChain: Bytes
  readonly architecture: 'HOPPER' | 'BLACKWELL'
  /** `GPU-` and a UUID. */
  readonly uuid: string
}

/** All GPUs of the guest. One call at a time, like `CpuSurface`. */
export interface GpuSurface {
  readonly name: string
  /**
   * Evidence of every GPU over one nonce, by ascending index. It is all of them or an error
   * (`ERR_GPU_EVIDENCE`), never some.
   *
   * @param nonce 32 bytes
   */
  collect(nonce: Uint8Array): Promise<readonly GpuReport[]>
  close(): Promise<void>
}

/** What a guest attests with. */
export interface Platform {
  readonly cpu: CpuSurface
  /** Null where the guest has no GPU. */
  readonly gpus: GpuSurface | null
}
