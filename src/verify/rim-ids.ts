// SPDX-License-Identifier: Apache-2.0
// Which RIMs a device calls for: by NVIDIA's ids, and by what such a document must say of itself.

import { AttestationError } from '../errors.js'
import type { Device } from './gpu-device.js'

/** A RIM that a device calls for. */
export interface WantedRim {
  readonly kind: 'driver' | 'vbios'
  /** By which NVIDIA's service has it: `NV_GPU_DRIVER_GH100_550.90.07`. */
  readonly id: string
  /** In words. */
  readonly what: string
  /** Names of the chip, one of which the document must have. */
  readonly products: readonly string[]
  /** What the document must be for, to the letter. */
  readonly version: string
}

/** What of a device names its RIMs. */
export interface Described
  extends Pick<Device, 'kind' | 'architecture' | 'chip' | 'driverVersion' | 'vbiosVersion'> {
  readonly report: Pick<Device['report'], 'opaqueData'>
}

/** The driver's chip where an older Blackwell report does not name it. */
const BLACKWELL = 'GB100'
/** Reports of NVSwitches do not name their board: NVIDIA's tools know only this one. */
const LS10_BOARD = ['NV_SWITCH_BIOS', '5612', '0002', '890']
/** It goes into an address and the key of a store. */
const ID = /^[A-Z0-9][A-Z0-9._-]{1,127}$/

/**
 * The RIM of the driver; null of an NVSwitch, which has none.
 *
 * @throws {AttestationError} `ERR_FIELD_ABSENT` when the report does not name the driver;
 * `ERR_NVIDIA_OPAQUE` when its name cannot be part of an id
 */
export function driverRim(device: Described): WantedRim | null {
  if (device.kind === 'switch') return null
  const version = present(device.driverVersion, 'DRIVER_VERSION')
  const { chipInfo } = device.report.opaqueData
  const id =
    device.architecture === 'HOPPER'
      ? `NV_GPU_DRIVER_${productOf(device)}_${version}`
      : `NV_GPU_CC_DRIVER_${chipInfo ?? BLACKWELL}_${version}`
  return wanted(device, { kind: 'driver', id, version })
}

/**
 * The RIM of the VBIOS of a GPU, or of the BIOS of an NVSwitch.
 *
 * @throws {AttestationError} `ERR_FIELD_ABSENT` when the report does not name the board;
 * `ERR_NVIDIA_OPAQUE` when a name cannot be part of an id
 */
export function vbiosRim(device: Described): WantedRim {
  const version = device.vbiosVersion
  const board = device.kind === 'gpu' ? boardOf(device) : LS10_BOARD
  const id = [...board, version.replaceAll('.', '')].join('_').toUpperCase()
  return wanted(device, { kind: 'vbios', id, version })
}

/** The id alone, as `driverRim` has it. */
export const driverRimId = (device: Described): string | null => driverRim(device)?.id ?? null

/** The id alone, as `vbiosRim` has it. */
export const vbiosRimId = (device: Described): string => vbiosRim(device).id

function boardOf({ report }: Described): string[] {
  const { project, projectSku, chipSku } = report.opaqueData
  return [
    'NV_GPU_VBIOS',
    present(project, 'PROJECT'),
    present(projectSku, 'PROJECT_SKU'),
    present(chipSku, 'CHIP_SKU'),
  ]
}

function wanted(device: Described, rim: Pick<WantedRim, 'kind' | 'id' | 'version'>): WantedRim {
  if (!ID.test(rim.id)) {
    throw new AttestationError('ERR_NVIDIA_OPAQUE', 'a name in the report has no place in a RIM id')
  }
  const { chipInfo } = device.report.opaqueData
  const product = productOf(device)
  const layer = rim.kind === 'driver' ? 'driver' : device.kind === 'gpu' ? 'VBIOS' : 'BIOS'
  return {
    ...rim,
    what: `${layer} ${rim.version} of ${product}`,
    products: chipInfo === null || chipInfo === product ? [product] : [product, chipInfo],
  }
}

/** Certificates of NVSwitches write LS_10 for what RIMs call LS10. */
const productOf = ({ chip }: Described): string => chip.replace('_', '')

function present(value: string | null, field: string): string {
  if (value !== null) return value
  throw new AttestationError('ERR_FIELD_ABSENT', `the report has no ${field}, which names its RIM`)
}
