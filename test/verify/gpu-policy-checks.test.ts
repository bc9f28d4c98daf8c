// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Code } from '../../src/errors.js'
import type { Device } from '../../src/verify/gpu-device.js'
import { checkGpuPolicy } from '../../src/verify/gpu-policy-checks.js'
import { GPU_POLICY_CHECKS } from '../../src/verify/gpu-policy-names.js'
import type { GpuFacts, Measured } from '../../src/verify/gpu-policy-rules.js'
import { authenticity, type GpuPolicy } from '../../src/verify/policy.js'
import { device, type FakeDevice, machine, saying } from './gpu-facts.js'

const OPEN: GpuPolicy = { ...authenticity().gpus, unique: 'any' }

const facts = (devices: readonly Device[], change: Partial<GpuFacts> = {}): GpuFacts => ({
  total: devices.length,
  devices,
  unread: null,
  measured: new Map(devices.map(({ index }): [number, Measured] => [index, 'match'])),
  ...change,
})

/** Every finding as `check: outcome code device`. */
const judged = (policy: Partial<GpuPolicy>, given: GpuFacts): string[] =>
  checkGpuPolicy({ ...OPEN, ...policy }, given).map(({ check, outcome, code, device }) =>
    [`${check}:`, outcome, code, device]
      .filter((part) => part !== null)
      .join(' ')
      .trim(),
  )

const one = (fake: FakeDevice = {}): GpuFacts => facts([device(fake)])
const two = facts([device(), device({ index: 1, serial: '41ffffffffffffffff' })])

/** By field: a policy that two GPUs meet, and one that the second or both do not. */
const RULES: [Partial<GpuPolicy>, Partial<GpuPolicy>, Code, (number | '')?][] = [
  [{ count: 2 }, { count: 1 }, 'ERR_GPU_COUNT', ''],
  [{ count: 2 }, { count: 3 }, 'ERR_GPU_COUNT', ''],
  [{ minimumCount: 2 }, { minimumCount: 3 }, 'ERR_GPU_COUNT', ''],
  [{ nvSwitches: 0 }, { nvSwitches: 4 }, 'ERR_GPU_COUNT', ''],
  [
    { serials: ['41ffffffffffffffff', '410102030405060708'] },
    { serials: ['410102030405060708'] },
    'ERR_POLICY_GPU_SERIAL',
    1,
  ],
  [{ architectures: ['HOPPER'] }, { architectures: ['BLACKWELL'] }, 'ERR_POLICY_GPU_ARCHITECTURE'],
  [{ drivers: ['570.124.06'] }, { drivers: ['570.124.6'] }, 'ERR_POLICY_GPU_DRIVER'],
  [{ minimumDriver: '570.124.06' }, { minimumDriver: '570.124.07' }, 'ERR_POLICY_GPU_DRIVER'],
  [{ vbios: ['96.00.9F.00.01'] }, { vbios: ['96.00.9F.00.02'] }, 'ERR_POLICY_GPU_VBIOS'],
  [
    { minimumVbios: [{ architecture: 'HOPPER', version: '96.00.9F.00.01' }] },
    { minimumVbios: [{ architecture: 'HOPPER', version: '96.00.9F.00.02' }] },
    'ERR_POLICY_GPU_VBIOS',
  ],
  [
    { minimumVbios: [{ architecture: 'HOPPER', version: '96.00.9F.00.01' }] },
    { minimumVbios: [{ architecture: 'BLACKWELL', version: '96.00.9F.00.01' }] },
    'ERR_POLICY_GPU_VBIOS',
  ],
  [{ protectedPcie: 'forbid' }, { protectedPcie: 'require' }, 'ERR_POLICY_GPU_MODE'],
]

const kebab = (field: string): string =>
  `gpus.${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

t.test('gpu policy: each field is met or not, with its code', async (t) => {
  t.same(judged({}, two), [], 'a policy that accepts any has no findings')
  for (const [met, unmet, code, where = 0] of RULES) {
    const check = kebab(Object.keys(met)[0] as string)
    t.same(judged(met, two), [`${check}: pass`], check)
    t.same(judged(unmet, two), [`${check}: fail ${code} ${where}`.trim()], check)
  }
})

t.test('gpu policy: findings in the order of the names, one for each field', async (t) => {
  const strict: Partial<GpuPolicy> = Object.assign({}, ...RULES.map(([met]) => met), {
    unique: 'require',
    secureBoot: 'require',
    debug: 'forbid',
  })
  const expected = GPU_POLICY_CHECKS.filter((check) => check !== 'gpus.binding')
  t.same(
    judged(strict, two),
    expected.map((check) => `${check}: pass`),
  )
})

t.test('gpu policy: one device twice, whatever else of it differs', async (t) => {
  const again = device({ index: 1, ueid: '2', fwid: 'ff', driverVersion: '580.95.05' })
  const judge = (...devices: Device[]) => judged({ unique: 'require' }, facts(devices))
  t.same(judge(device(), again), ['gpus.unique: fail ERR_GPU_DUPLICATE 1'])
  const [finding] = checkGpuPolicy({ ...OPEN, unique: 'require' }, facts([device(), again]))
  t.equal(finding?.detail, 'device 1 is device 0 once more')
  t.same(judged({ unique: 'require' }, two), ['gpus.unique: pass'])
})

t.test('gpu policy: a platform that must have GPUs and shows none', async (t) => {
  const none = facts([])
  const all = { count: 8, minimumCount: 8, nvSwitches: 4 } as const
  t.same(judged({ ...all, unique: 'require', debug: 'forbid', drivers: ['1.2'] }, none), [
    'gpus.count: fail ERR_GPU_ABSENT',
    'gpus.minimum-count: fail ERR_GPU_ABSENT',
    'gpus.nv-switches: fail ERR_GPU_COUNT',
  ])
  t.same(judged({ unique: 'require' }, none), [])
  t.same(judged({ count: 0 }, none), ['gpus.count: pass'])
  t.same(judged({ count: 0 }, two), ['gpus.count: fail ERR_GPU_COUNT'])
})

t.test('gpu policy: what cannot be read is counted, and nothing is said for it', async (t) => {
  const unread = { code: 'ERR_NVIDIA_LENGTH', detail: 'too short' } as const
  const given = facts([device()], { total: 2, unread })
  t.same(judged({ count: 2, unique: 'require', drivers: ['1.2'] }, given), [
    'gpus.count: unknown ERR_NVIDIA_LENGTH',
    'gpus.unique: unknown ERR_NVIDIA_LENGTH',
    'gpus.drivers: fail ERR_POLICY_GPU_DRIVER 0',
  ])
  t.same(judged({ count: 1 }, given), ['gpus.count: fail ERR_GPU_COUNT'])
})

t.test('gpu policy: NVSwitches have no driver, VBIOS or architecture of a GPU', async (t) => {
  const whole = facts(machine())
  const asked: Partial<GpuPolicy> = {
    ...{ architectures: ['HOPPER'] as const, drivers: ['570.124.06'], minimumDriver: '570.0' },
    ...{ vbios: ['96.00.9F.00.01'], count: 8, nvSwitches: 4, protectedPcie: 'require' as const },
    minimumVbios: [{ architecture: 'HOPPER', version: '96.00.00.00.00' }],
  }
  t.ok(judged(asked, whole).every((line) => line.endsWith(': pass')))
  t.equal(judged(asked, whole).length, 8)
  t.same(judged({ serials: [whole.devices[0]?.serial as string] }, whole), [
    'gpus.serials: fail ERR_POLICY_GPU_SERIAL 1',
  ])
})

t.test('gpu policy: a driver that is not named is none that the policy lists', async (t) => {
  const unnamed = one({ driverVersion: null })
  t.same(judged({ drivers: ['1.2'], minimumDriver: '0.0' }, unnamed), [
    'gpus.drivers: fail ERR_POLICY_GPU_DRIVER 0',
    'gpus.minimum-driver: fail ERR_POLICY_GPU_DRIVER 0',
  ])
})

t.test('gpu policy: protected PCIe needs the mode and the connections', async (t) => {
  const devices = machine()
  const judge = (asked: 'require' | 'forbid', changed: readonly Device[]) =>
    judged({ protectedPcie: asked }, facts(changed))
  t.same(judge('require', devices), ['gpus.protected-pcie: pass'])
  t.same(judge('forbid', devices), ['gpus.protected-pcie: fail ERR_POLICY_GPU_MODE 0'])
  t.same(judge('require', devices.slice(1)), ['gpus.protected-pcie: fail ERR_GPU_TOPOLOGY'])
  const mixed = devices.map((one, at) => (at === 6 ? saying(one, { featureFlag: 'spt' }) : one))
  t.same(judge('require', mixed), ['gpus.protected-pcie: fail ERR_POLICY_GPU_MODE 6'])
  const [finding] = checkGpuPolicy({ ...OPEN, protectedPcie: 'require' }, facts(mixed))
  t.equal(finding?.detail, 'the GPU is not in protected PCIe mode')
})

t.test('gpu policy: secure boot and debug are what the measurements came to', async (t) => {
  const asked = { secureBoot: 'require', debug: 'forbid' } as const
  const measured = (...outcomes: Measured[]) =>
    judged(asked, { ...two, measured: new Map(outcomes.entries()) })
  t.same(measured('match', 'match'), ['gpus.secure-boot: pass', 'gpus.debug: pass'])
  t.same(measured('match', 'mismatch'), [
    'gpus.secure-boot: fail ERR_POLICY_GPU_SECURE_BOOT 1',
    'gpus.debug: fail ERR_POLICY_GPU_DEBUG 1',
  ])
  const open = 'unknown ERR_RIM_MISSING'
  t.same(measured('match', 'unknown'), [`gpus.secure-boot: ${open} 1`, `gpus.debug: ${open} 1`])
  t.match(measured('unknown', 'mismatch'), [/fail .* 1$/, /fail .* 1$/], 'a failure decides')
  t.same(measured('match'), [`gpus.secure-boot: ${open} 1`, `gpus.debug: ${open} 1`])
})
