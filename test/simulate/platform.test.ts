// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { parseCertTable } from '../../src/core/cert-table.js'
import { parseSnpReport, productOf } from '../../src/core/snp.js'
import { mintMachine } from '../../src/simulate/machine.js'
import { simulatePlatform } from '../../src/simulate/platform.js'
import { AT } from '../fake/amd.js'
import { pattern } from '../fake/nvidia.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { appraiseReport, complaints } from '../verify/appraise.js'
import { machineOf, VERSIONS } from './machines.js'

const clock = new ManualClock(AT)
const data = pattern(64, 1)

for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
  t.test(`simulated ${product}: certificates, list and reports agree`, async (t) => {
    const machine = await machineOf(product)
    const { cpu, gpus, roots, crl } = await simulatePlatform({ clock, machine })
    t.same([gpus, roots.nvidia], [null, null])
    const { report, auxblob } = await cpu.collect(data, 0)
    const result = await appraiseReport({
      report,
      endorsements: [auxblob, crl],
      roots: [roots.snp],
      reportData: data,
    })
    t.same(complaints(result), {})
    const { version, cpuid } = parseSnpReport(report)
    t.equal(version, VERSIONS[product])
    t.equal(cpuid && productOf(cpuid), cpuid && product)
    const table = parseCertTable(auxblob)
    t.same(
      table.map(({ kind }) => kind),
      ['vcek', 'ask', 'ark'],
    )
    t.same(table[2]?.data, roots.snp)
    const { subject, validFrom } = new X509Certificate(roots.snp)
    t.match(subject, `CN=ARK-${product}`)
    t.equal(Date.parse(validFrom), AT.getTime() - 86_400_000)
  })
}

t.test('simulated platform: nobody trusts it unasked', async (t) => {
  const { cpu, crl } = await simulatePlatform({ clock, machine: await machineOf() })
  const { report, auxblob } = await cpu.collect(data, 0)
  const result = await appraiseReport({ report, endorsements: [auxblob, crl] })
  t.equal(result.result, 'rejected')
  t.match(complaints(result), { 'snp.root': 'fail ERR_CERTIFICATE_ROOT' })
})

t.test('simulated platform: mints its own machine, each another one', async (t) => {
  const hostData = pattern(32, 3)
  const options = { clock, gpus: 1, fields: { hostData } }
  const [one, other] = await Promise.all([simulatePlatform(options), simulatePlatform(options)])
  const reports = [one, other].map(async ({ cpu }) =>
    parseSnpReport((await cpu.collect(data, 0)).report),
  )
  const [first, second] = await Promise.all(reports)
  if (!first || !second) throw new Error('reports expected')
  t.match(first, { version: 5 })
  t.same(first.hostData, hostData)
  t.notSame(first.chipId, second.chipId)
  t.notSame(first.reportId, second.reportId)
  t.notSame(one.roots.snp, other.roots.snp)
  t.notSame(one.roots.nvidia, other.roots.nvidia)
  const [gpu] = (await one.gpus?.collect(pattern(32, 4))) ?? []
  t.equal(gpu?.architecture, 'HOPPER')
  const chain = new TextDecoder().decode(gpu?.certChain)
  const root = new X509Certificate(chain.slice(chain.lastIndexOf('-----BEGIN')))
  t.same(new Uint8Array(root.raw), one.roots.nvidia)
})

t.test('simulated platform: GPUs of one machine, and what they are unless told', async (t) => {
  const now = AT
  const [several, told] = await Promise.all([
    mintMachine({ gpus: 2, now }),
    mintMachine({ gpus: 2, architecture: 'HOPPER', now }),
  ])
  t.same(
    several.gpus.map(({ architecture }) => architecture),
    ['BLACKWELL', 'BLACKWELL'],
  )
  t.same(
    told.gpus.map(({ architecture }) => architecture),
    ['HOPPER', 'HOPPER'],
  )
  t.same(structuredClone(several), several, 'plain data')
})
