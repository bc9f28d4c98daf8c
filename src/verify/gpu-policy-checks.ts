// SPDX-License-Identifier: Apache-2.0
// What a policy asks of the GPUs, each and together: a finding for each field that does not accept any.

import { type GpuFacts, type GpuRule, onAll, onEach, unless } from './gpu-policy-rules.js'
import { gpuMode, topologyProblem } from './gpu-topology.js'
import { compareVersions } from './gpu-versions.js'
import type { GpuPolicy } from './policy.js'
import type { Finding } from './result.js'

const COUNT_RULES: readonly GpuRule[] = [
  onAll(
    {
      check: 'gpus.count',
      code: 'ERR_GPU_COUNT',
      field: ({ count }) => count,
      good: 'there are as many GPUs as the policy says',
    },
    (count, facts) => counted(facts, count, count),
  ),
  onAll(
    {
      check: 'gpus.minimum-count',
      code: 'ERR_GPU_COUNT',
      field: ({ minimumCount }) => minimumCount,
      good: 'there are as many GPUs as the policy asks for',
    },
    (least, facts) => counted(facts, least, Number.POSITIVE_INFINITY),
  ),
  onAll(
    {
      check: 'gpus.nv-switches',
      code: 'ERR_GPU_COUNT',
      field: ({ nvSwitches }) => nvSwitches,
      good: 'there are as many NVSwitches as the policy says',
    },
    (count, { devices }) => {
      const found = devices.filter(({ kind }) => kind === 'switch').length
      return unless(found === count, `evidence of ${found} NVSwitches, ${count} expected`)
    },
  ),
]

/** What cannot be read is counted among the GPUs, and fails elsewhere. */
function counted({ total, devices }: GpuFacts, least: number, most: number) {
  const found = total - devices.filter(({ kind }) => kind === 'switch').length
  if (total === 0 && least > 0) {
    return { code: 'ERR_GPU_ABSENT' as const, detail: 'there is no evidence of any GPU' }
  }
  const expected = least === most ? `${least}` : `${least} or more`
  return unless(found >= least && found <= most, `evidence of ${found} GPUs, ${expected} expected`)
}

const DEVICE_RULES: readonly GpuRule[] = [
  onAll(
    {
      check: 'gpus.unique',
      code: 'ERR_GPU_DUPLICATE',
      field: ({ unique }) => unique,
      good: 'no device stands twice',
    },
    (_, { devices }) => {
      const seen = new Map<string, number>()
      for (const { serial, index } of devices) {
        const before = seen.get(serial)
        if (before !== undefined) {
          return { device: index, detail: `device ${index} is device ${before} once more` }
        }
        seen.set(serial, index)
      }
      return null
    },
  ),
  onEach(
    {
      check: 'gpus.serials',
      code: 'ERR_POLICY_GPU_SERIAL',
      field: ({ serials }) => serials,
      good: 'each device is one that the policy lists',
    },
    (serials, { serial }) =>
      unless(serials.includes(serial), 'the policy does not list this device'),
  ),
  onEach(
    {
      check: 'gpus.architectures',
      code: 'ERR_POLICY_GPU_ARCHITECTURE',
      field: ({ architectures }) => architectures,
      good: 'each GPU is of an architecture that the policy lists',
    },
    (architectures, { kind, architecture }) =>
      kind === 'switch'
        ? null
        : unless(
            (architectures as readonly string[]).includes(architecture),
            `the architecture is ${architecture}`,
          ),
  ),
  onEach(
    {
      check: 'gpus.drivers',
      code: 'ERR_POLICY_GPU_DRIVER',
      field: ({ drivers }) => drivers,
      good: 'each driver is one that the policy lists',
    },
    (drivers, { kind, driverVersion: version }) =>
      kind === 'switch'
        ? null
        : unless(version !== null && drivers.includes(version), `the driver is ${version}`),
  ),
  onEach(
    {
      check: 'gpus.minimum-driver',
      code: 'ERR_POLICY_GPU_DRIVER',
      field: ({ minimumDriver }) => minimumDriver,
      good: 'each driver reaches the minimum',
    },
    (least, { kind, driverVersion: version }) =>
      kind === 'switch'
        ? null
        : unless(
            version !== null && compareVersions(version, least) >= 0,
            `the driver is ${version}, at least ${least} expected`,
          ),
  ),
  onEach(
    {
      check: 'gpus.vbios',
      code: 'ERR_POLICY_GPU_VBIOS',
      field: ({ vbios }) => vbios,
      good: 'each VBIOS is one that the policy lists',
    },
    (versions, { kind, vbiosVersion: version }) =>
      kind === 'switch' ? null : unless(versions.includes(version), `the VBIOS is ${version}`),
  ),
  onEach(
    {
      check: 'gpus.minimum-vbios',
      code: 'ERR_POLICY_GPU_VBIOS',
      field: ({ minimumVbios }) => minimumVbios,
      good: 'each VBIOS reaches the minimum of its architecture',
    },
    (rows, { kind, architecture, vbiosVersion: version }) => {
      if (kind === 'switch') return null
      const row = rows.find((one) => one.architecture === architecture)
      if (!row) return { detail: `the policy has no minimum for ${architecture}` }
      const reached = compareVersions(version, row.version) >= 0
      return unless(reached, `the VBIOS is ${version}, at least ${row.version} expected`)
    },
  ),
]

const MODE_RULES: readonly GpuRule[] = [
  onAll(
    {
      check: 'gpus.protected-pcie',
      code: 'ERR_POLICY_GPU_MODE',
      field: ({ protectedPcie }) => protectedPcie,
      good: 'protected PCIe, and whom the devices are connected to, are as the policy asks',
    },
    (asked, { devices }) => {
      const gpus = devices.filter(({ kind }) => kind === 'gpu')
      const wrong = gpus.find((gpu) => (gpuMode(gpu) === 'ppcie') !== (asked === 'require'))
      if (wrong) {
        const detail = `the GPU is ${asked === 'require' ? 'not ' : ''}in protected PCIe mode`
        return { device: wrong.index, detail }
      }
      return asked === 'require' ? topologyProblem(devices) : null
    },
  ),
  onEach(
    {
      check: 'gpus.secure-boot',
      code: 'ERR_POLICY_GPU_SECURE_BOOT',
      field: ({ secureBoot }) => secureBoot,
      good: 'each device runs firmware that NVIDIA lists',
    },
    (_, { index }, facts) => listedFirmware(facts, index),
  ),
  onEach(
    {
      check: 'gpus.debug',
      code: 'ERR_POLICY_GPU_DEBUG',
      field: ({ debug }) => debug,
      good: 'no device runs debug firmware',
    },
    (_, { index }, facts) => listedFirmware(facts, index),
  ),
]

/** NVIDIA's verifiers derive both claims from the comparison, and so does this. */
function listedFirmware({ measured }: GpuFacts, index: number) {
  const outcome = measured.get(index)
  if (outcome === 'match') return null
  if (outcome === 'mismatch') return { detail: 'measurements differ from those that NVIDIA lists' }
  const detail = 'the measurements could not be compared with RIMs'
  return { code: 'ERR_RIM_MISSING', detail, open: true } as const
}

/**
 * One finding for each field of the section that is not `'any'`, in the order of the names. The fields
 * that other checks judge are left to them: `rim`, `revocation`, `nonce` and `binding`. Without any
 * evidence of GPUs nothing but their number is judged.
 */
export function checkGpuPolicy(policy: GpuPolicy, facts: GpuFacts): Finding[] {
  const rules = facts.total === 0 ? COUNT_RULES : [...COUNT_RULES, ...DEVICE_RULES, ...MODE_RULES]
  return rules.flatMap(({ judge }) => judge(policy, facts) ?? [])
}
