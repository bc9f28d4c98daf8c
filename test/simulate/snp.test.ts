// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { SIGNATURE_R_AT } from '../../assembly/snp/layout.js'
import { parseSnpReport } from '../../src/core/snp.js'
import type { CpuFault } from '../../src/simulate/faults.js'
import {
  type Simulator,
  type SimulatorOptions,
  simulatePlatform,
} from '../../src/simulate/platform.js'
import { authenticity } from '../../src/verify/index.js'
import { pattern } from '../fake/nvidia.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { hex, rejectsCode } from '../helpers.js'
import { appraiseReport, complaints, withSnp } from '../verify/appraise.js'
import { machineOf } from './machines.js'

const data = pattern(64, 1)

const simulator = async (options: Partial<SimulatorOptions> = {}): Promise<Simulator> =>
  simulatePlatform({ clock: new ManualClock(), machine: await machineOf(), ...options })

/** What is wrong with a report in the eyes of a strict verifier that was handed the roots. */
async function wrong({ roots, crl }: Simulator, report: Uint8Array, reportData = data) {
  const result = await appraiseReport({
    report,
    endorsements: [(await machineOf()).auxblob, crl],
    roots: [roots.snp],
    policy: withSnp(authenticity(), {
      reportData: hex(reportData),
      revocation: { maximumAgeDays: 2 },
      chipId: [hex(parseSnpReport((await machineOf()).template).chipId)],
    }),
  })
  return complaints(result)
}

t.test(
  'simulated SNP: a report over what was asked, which a strict verifier accepts',
  async (t) => {
    const simulated = await simulator()
    const { cpu } = simulated
    t.match(cpu, { name: 'simulated', tee: 'snp', floor: 0 })
    const asked = data.slice()
    const answer = cpu.collect(asked, 1)
    asked.fill(0)
    const { report, auxblob } = await answer
    t.same(await wrong(simulated, report), {}, 'the bytes at the time of the call')
    const { reportData, vmpl } = parseSnpReport(report)
    t.same([hex(reportData), vmpl], [hex(data), 1])
    auxblob.fill(0)
    report.fill(0)
    const next = await cpu.collect(data, 2)
    t.same(await wrong(simulated, next.report), {}, 'what a caller does to an answer stays with it')
    t.same(next.auxblob, (await machineOf()).auxblob)
    t.equal(parseSnpReport(next.report).vmpl, 2)
  },
)

t.test(
  'simulated SNP: levels from the floor to 3 and 64 bytes, as firmware and kernel want',
  async (t) => {
    const { cpu } = await simulator({ floor: 1 })
    t.equal(cpu.floor, 1)
    for (const level of [0, 4, -1, Number.NaN]) {
      await rejectsCode(t, cpu.collect(data, level), 'ERR_DEVICE_IO', `VMPL ${level}`)
    }
    for (const length of [0, 63, 65]) {
      await rejectsCode(t, cpu.collect(pattern(length, 1), 1), 'ERR_DEVICE_IO', `${length} bytes`)
    }
    for (const level of [1, 2, 3]) {
      t.equal(parseSnpReport((await cpu.collect(data, level)).report).vmpl, level)
    }
  },
)

t.test('simulated SNP: unsigned reports differ in REPORT_DATA and VMPL only', async (t) => {
  const { cpu } = await simulator({ signed: false })
  const { report } = await cpu.collect(data, 3)
  const { template } = await machineOf()
  t.same(report.subarray(SIGNATURE_R_AT), template.subarray(SIGNATURE_R_AT))
  const { reportData, vmpl } = parseSnpReport(report)
  t.same([hex(reportData), vmpl], [hex(data), 3])
})

t.test('simulated SNP: a report takes its time', async (t) => {
  const clock = new ManualClock()
  const { cpu } = await simulator({ clock, reportLatencyMs: 10 })
  const answer = cpu.collect(data, 0)
  clock.advance(9)
  await rejectsCode(t, cpu.collect(data, 0), 'ERR_INTERNAL', 'still at work')
  clock.advance(1)
  t.equal((await answer).report.length, 1184)
})

t.test('simulated SNP: a host that throttles', async (t) => {
  const clock = new ManualClock()
  const { cpu } = await simulator({ clock, rateLimitPerSecond: 2 })
  await cpu.collect(data, 0)
  clock.advance(499)
  await rejectsCode(t, cpu.collect(data, 0), 'ERR_DEVICE_BUSY')
  clock.advance(1)
  await cpu.collect(data, 0)
  await rejectsCode(t, cpu.collect(data, 0), 'ERR_DEVICE_BUSY')
})

t.test('simulated SNP: each fault meets one request, in their order', async (t) => {
  const simulated = await simulator()
  const { cpu, faults } = simulated
  faults.add('busy', 'io')
  faults.add('torn', 'race')
  t.equal(faults.pending, 4)
  await rejectsCode(t, cpu.collect(data, 1), 'ERR_DEVICE_BUSY')
  await rejectsCode(t, cpu.collect(data, 1), 'ERR_DEVICE_IO')
  const torn = await cpu.collect(data, 1)
  t.match(await wrong(simulated, torn.report), {
    'snp.signature': 'fail ERR_SNP_SIGNATURE',
    'snp.report-data': 'fail ERR_POLICY_REPORT_DATA',
  })
  const half = parseSnpReport(torn.report).reportData.subarray(32)
  t.same(half, data.subarray(32), 'the seam runs through REPORT_DATA')
  const race = await cpu.collect(data, 1)
  t.same(await wrong(simulated, race.report), {
    'snp.report-data': 'fail ERR_POLICY_REPORT_DATA',
  })
  t.equal(faults.pending, 0)
  t.same(await wrong(simulated, (await cpu.collect(data, 1)).report), {})
})

t.test('simulated SNP: a request that hangs is answered once it is let go', async (t) => {
  const simulated = await simulator()
  const { cpu, faults } = simulated
  faults.release()
  faults.add('hang')
  let answered = false
  const answer = cpu.collect(data, 1).finally(() => {
    answered = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(answered)
  await rejectsCode(t, cpu.collect(data, 1), 'ERR_INTERNAL', 'the device is at work')
  faults.release()
  t.same(await wrong(simulated, (await answer).report), {})
})

t.test('simulated SNP: a lost key stays lost, and a closed device closed', async (t) => {
  const { cpu, faults } = await simulator()
  faults.add('lost' satisfies CpuFault)
  await rejectsCode(t, cpu.collect(data, 1), 'ERR_DEVICE_LOST')
  await rejectsCode(t, cpu.collect(data, 1), 'ERR_DEVICE_LOST')
  await cpu.close()
  await rejectsCode(t, cpu.collect(data, 1), 'ERR_DEVICE_ABSENT')
})
