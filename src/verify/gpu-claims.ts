// SPDX-License-Identifier: Apache-2.0
// What the evidence of a GPU claims, JSON-ready. Claims are facts only when the result is `verified`.

import type { RootClaims } from './claims.js'
import type { Device } from './gpu-device.js'
import type { Measured } from './gpu-policy-rules.js'
import { type GpuMode, gpuMode } from './gpu-topology.js'
import { DEVICE_ROOT, nvidiaAnchor } from './nvidia-roots.js'
import type { RimClaim } from './rim-appraise.js'
import { sha256 } from './roots.js'
import type { VouchedClaim } from './vouched.js'
import type { Certificate } from './x509.js'

/** What the evidence of one GPU or NVSwitch says; worth what the verdict says. */
export interface GpuClaims extends Omit<Device, 'report' | 'opaqueData' | 'chain'> {
  readonly mode: GpuMode
  readonly root: RootClaims
  /** The golden measurements that it was compared with; null where there were none. */
  readonly rims: { readonly driver: RimClaim | null; readonly vbios: RimClaim | null }
  readonly measurements: Measured
  /** What somebody else says about it, by a token; empty without one. */
  readonly vouched: readonly VouchedClaim[]
}

export async function gpuClaims(
  device: Device,
  roots: readonly Certificate[],
  rims: Pick<GpuClaims, 'rims' | 'measurements'>,
): Promise<GpuClaims> {
  const { index, kind, architecture, chip, serial, pdi, ueid, fwid } = device
  const root = device.chain.at(-1) as Certificate
  return {
    index,
    kind,
    architecture,
    chip,
    serial,
    pdi,
    ueid,
    fwid,
    driverVersion: device.driverVersion,
    vbiosVersion: device.vbiosVersion,
    mode: gpuMode(device),
    root: {
      origin: nvidiaAnchor(root, DEVICE_ROOT, roots),
      serial: root.serial,
      spkiSha256: await sha256(root.spki),
    },
    ...rims,
    vouched: [],
  }
}
