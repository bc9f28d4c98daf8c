// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseSnpReport } from '../../src/core/snp.js'
import type { Expectations } from '../../src/discovery/index.js'
import {
  authenticity,
  type GpuPolicy,
  type Policy,
  parsePolicy,
  type SnpPolicy,
  withExpectations,
} from '../../src/verify/index.js'
import { expectations } from '../fake/akash.js'
import { mintAmd } from '../fake/amd.js'
import { hex, throwsCode } from '../helpers.js'
import { appraise, complaints, withSnp } from './appraise.js'

const ONE = '11'.repeat(48)
const TWO = '22'.repeat(48)
const OTHER = 'ff'.repeat(48)
const INITDATA = '33'.repeat(32)
const BASE = authenticity()

const snpOf = (policy: Policy): SnpPolicy => policy.snp as SnpPolicy
const gpusOf = (policy: Policy): GpuPolicy => policy.gpus as GpuPolicy
const rims = (...ids: string[]): Expectations => expectations({ gpus: { rims: ids } })

t.test('expectations: fill what the policy leaves open, and nothing else', async (t) => {
  const filled = withExpectations('authenticity', expectations())
  t.equal(filled.name, 'authenticity, as web 1.0')
  t.strictSame(filled, {
    ...BASE,
    name: filled.name,
    snp: { ...BASE.snp, measurement: [ONE, TWO], hostData: [INITDATA] },
  })
  t.strictSame(withExpectations(BASE, expectations()), filled)
  t.equal(parsePolicy(filled), filled, 'a policy like any other')
})

t.test('expectations: narrow what the policy says', async (t) => {
  const own = withSnp(BASE, { measurement: [OTHER, TWO], hostData: [INITDATA, '44'.repeat(32)] })
  const narrowed = snpOf(withExpectations(own, expectations()))
  t.strictSame(narrowed.measurement, [TWO])
  t.strictSame(narrowed.hostData, [INITDATA])
  const silent = expectations({
    snp: { measurements: [{ vcpus: 1, measurement: TWO }], hostData: 'any', minimumTcb: 'any' },
  })
  t.strictSame(snpOf(withExpectations(own, silent)).hostData, own.snp?.hostData, 'not loosened')
  const floor = {
    product: 'Milan',
    cpuid: 'any',
    fmc: 'any',
    bootLoader: 4,
    tee: 0,
    snp: 22,
    microcode: 'any',
  } as const
  const floors = expectations({
    snp: { ...(expectations().snp as NonNullable<Expectations['snp']>), minimumTcb: [floor] },
  })
  const { minimumTcb } = snpOf(withExpectations(BASE, floors))
  t.strictSame(minimumTcb, { ...BASE.snp.minimumTcb, reported: [floor] })
})

t.test('expectations: what nothing can meet is refused', async (t) => {
  const { snp: _, ...tdx } = expectations({
    tdx: {
      mrTd: [ONE],
      rtmr0: 'any',
      rtmr1: 'any',
      rtmr2: 'any',
      rtmr3: 'any',
      mrConfigId: 'any',
      mrOwner: 'any',
      mrOwnerConfig: 'any',
    },
  })
  const { snp: __, ...gpusOnly } = BASE
  const gpus = { ...BASE.gpus, drivers: ['570.124.06'], vbios: ['96.00.9F.00.01'] }
  for (const [policy, expected, field] of [
    [withSnp(BASE, { measurement: [OTHER] }), expectations(), 'snp.measurement'],
    [withSnp(BASE, { hostData: ['44'.repeat(32)] }), expectations(), 'snp.hostData'],
    [BASE, tdx as Expectations, 'snp'],
    [gpusOnly, expectations(), 'snp'],
    [{ ...BASE, gpus }, rims('NV_GPU_DRIVER_GH100_550.90.07'), 'gpus.drivers'],
    [{ ...BASE, gpus }, rims('NV_GPU_VBIOS_1010_0200_882_96009F0002'), 'gpus.vbios'],
  ] as const) {
    const sentence = throwsCode(
      t,
      () => withExpectations(policy, expected),
      'ERR_EXPECTATIONS_CONFLICT',
      field,
    )
    t.ok(sentence.startsWith(`${field} of`), sentence)
  }
  throwsCode(t, () => withExpectations({} as Policy, expectations()), 'ERR_POLICY_DOCUMENT')
})

t.test('expectations: RIMs of GPUs are versions, which RIMs must be there for', async (t) => {
  const expected = rims(
    'NV_GPU_DRIVER_GH100_550.90.07',
    'NV_GPU_CC_DRIVER_GB100_570.124.06',
    'NV_GPU_VBIOS_1010_0200_882_96009F0001',
    'NV_GPU_VBIOS_1010_0205_882_96009F0001',
  )
  t.strictSame(withExpectations(BASE, expected).gpus, {
    ...BASE.gpus,
    minimumCount: 1,
    drivers: ['550.90.07', '570.124.06'],
    vbios: ['96.00.9F.00.01'],
    rim: 'require',
  })
  const driver = gpusOf(withExpectations(BASE, rims('NV_GPU_DRIVER_GH100_550.90.07')))
  t.equal(driver.vbios, 'any')
  const vbios = rims('NV_GPU_VBIOS_1010_0200_882_96009F0001')
  t.equal(gpusOf(withExpectations(BASE, vbios)).drivers, 'any')
  const eight = { ...BASE, gpus: { ...BASE.gpus, minimumCount: 8 } }
  t.equal(gpusOf(withExpectations(eight, expected)).minimumCount, 8)
})

t.test('expectations: whether GPUs are judged', async (t) => {
  const expected = rims('NV_GPU_DRIVER_GH100_550.90.07')
  const careless = { ...BASE, gpus: 'any' } as const
  t.equal(gpusOf(withExpectations(careless, expected)).rim, 'require', 'they are from now on')
  t.equal(withExpectations(careless, expectations()).gpus, 'any', 'unless nothing is expected')
  t.strictSame(withExpectations(BASE, expectations()).gpus, BASE.gpus)
  const { gpus: _, ...without } = BASE
  t.notOk('gpus' in withExpectations(without, expected), 'without a section nothing is decided')
})

t.test('expectations: the name of a policy has room for them', async (t) => {
  const long = { ...BASE, name: 'n'.repeat(100) }
  const { name } = withExpectations(long, expectations({ name: 'e'.repeat(100) }))
  t.equal(name, `${'n'.repeat(60)}, as ${'e'.repeat(35)}`)
})

t.test('expectations: decide on evidence', async (t) => {
  const amd = await mintAmd()
  const expected = (measurement: string) =>
    expectations({
      snp: { measurements: [{ vcpus: 4, measurement }], hostData: 'any', minimumTcb: 'any' },
    })
  const report = await amd.report()
  const measured = hex(parseSnpReport(report).measurement)
  const right = await appraise(amd, {
    report,
    policy: withExpectations('authenticity', expected(measured)),
  })
  t.equal(right.result, 'verified')
  const wrong = await appraise(amd, { policy: withExpectations('authenticity', expected(OTHER)) })
  t.strictSame(complaints(wrong), { 'snp.measurement': 'fail ERR_POLICY_MEASUREMENT' })
})
