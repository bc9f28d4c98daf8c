// SPDX-License-Identifier: Apache-2.0
// The GPUs that evidence shows → the section of a policy that asks for no less.

import type { Mode } from '../evidence.js'
import { compareVersions } from './gpu-versions.js'
import type { GpuPolicy, VbiosFloor } from './policy.js'
import type { Pin } from './policy-init.js'

/** What a policy can be made of, of one GPU or NVSwitch. */
export interface GpuSeed {
  readonly kind: 'gpu' | 'switch'
  readonly architecture: string
  readonly driverVersion: string | null
  readonly vbiosVersion: string
  /** Whether its root is NVIDIA's, which has RIMs and an OCSP responder for it. */
  readonly genuine: boolean
  /** Protected PCIe, by the report. */
  readonly protectedPcie: boolean
}

const DAY_HOURS = 24
const NO_RIMS = 'Not seen: for it NVIDIA’s RIMs must be at hand, from its service or with --rim.'
const FOREIGN = 'Not pinned: the root is not NVIDIA’s, which publishes nothing about these devices.'
const AGAIN = 'Update it with the machines: what is older is refused.'

export function pinGpus(devices: readonly GpuSeed[], mode: Mode, pin: Pin): GpuPolicy {
  const gpus = devices.filter(({ kind }) => kind === 'gpu')
  const composed = mode === 'bound' || mode === 'batch'
  const genuine = devices.every((device) => device.genuine)
  const known = <const Value>(path: string, value: Value, note: string): Value | 'any' =>
    genuine ? pin(path, value, note) : pin(path, 'any', FOREIGN)
  const architectures = listed(gpus.map(({ architecture }) => architecture))
  return {
    count: pin('gpus.count', gpus.length, `Seen: ${gpus.length}.`),
    minimumCount: pin('gpus.minimumCount', 'any', 'Not pinned: count says it.'),
    nvSwitches: pin('gpus.nvSwitches', devices.length - gpus.length, 'As seen.'),
    unique: 'require',
    serials: pin(
      'gpus.serials',
      'any',
      'Not pinned: the guest could get no other GPU. List those of your provider here to rule out all others.',
    ),
    architectures: pin(
      'gpus.architectures',
      architectures.length > 0 ? (architectures as GpuPolicy['architectures']) : 'any',
      `Seen: ${architectures.join(', ') || 'none'}.`,
    ),
    drivers: pin('gpus.drivers', 'any', 'Not pinned: minimumDriver is.'),
    minimumDriver: pinDriver(gpus, pin),
    vbios: pin('gpus.vbios', 'any', 'Not pinned: minimumVbios is.'),
    minimumVbios: pin('gpus.minimumVbios', vbiosFloors(gpus), `As seen. ${AGAIN}`),
    protectedPcie: pinMode(gpus, pin),
    secureBoot: known('gpus.secureBoot', 'require', NO_RIMS),
    debug: known('gpus.debug', 'forbid', NO_RIMS),
    rim: known('gpus.rim', 'require', NO_RIMS),
    vouched: pin('gpus.vouched', 'any', 'Not pinned: rim has the same compared here.'),
    revocation: known(
      'gpus.revocation',
      { maximumAgeHours: DAY_HOURS },
      'Not seen. As long as NVIDIA’s responses are good for.',
    ),
    nonce: 'require',
    binding: pin(
      'gpus.binding',
      composed ? 'require' : 'any',
      composed ? 'Seen: bound.' : 'Seen: NOT bound, so that the GPUs may be of another machine.',
    ),
  }
}

const listed = (values: readonly string[]): string[] => [...new Set(values)].sort()

function pinDriver(gpus: readonly GpuSeed[], pin: Pin): GpuPolicy['minimumDriver'] {
  const seen = gpus.flatMap(({ driverVersion }) => driverVersion ?? [])
  const oldest = seen.sort(compareVersions)[0] ?? 'any'
  return pin('gpus.minimumDriver', oldest, oldest === 'any' ? 'Not seen.' : `As seen. ${AGAIN}`)
}

function vbiosFloors(gpus: readonly GpuSeed[]): VbiosFloor[] | 'any' {
  const oldest = new Map<string, string>()
  for (const { architecture, vbiosVersion } of gpus) {
    const before = oldest.get(architecture)
    if (before === undefined || compareVersions(vbiosVersion, before) < 0) {
      oldest.set(architecture, vbiosVersion)
    }
  }
  const rows = [...oldest].map(([architecture, version]) => ({ architecture, version }))
  return rows.length > 0 ? (rows as VbiosFloor[]) : 'any'
}

function pinMode(gpus: readonly GpuSeed[], pin: Pin): GpuPolicy['protectedPcie'] {
  const seen = gpus.some(({ protectedPcie }) => protectedPcie)
  return pin('gpus.protectedPcie', seen ? 'require' : 'forbid', `Seen: ${seen ? 'on' : 'off'}.`)
}
