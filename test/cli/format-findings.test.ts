// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { formatFindings } from '../../src/cli/format-findings.js'
import { type Finding, fail, ofDevice, pass, unknown } from '../../src/verify/result.js'

const written = (...findings: Finding[]): string[] =>
  formatFindings({ findings }, false)
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, '  '))

t.test('findings: what holds for several devices stands once', async (t) => {
  const good = pass('gpu.root', 'yes')
  const eight = Array.from({ length: 8 }, (_, device) => ofDevice(device, good))
  t.same(written(...eight), ['pass  gpu.root  devices 0-7: yes'])
  t.same(written(...eight.filter((_, at) => at !== 2 && at !== 4)), [
    'pass  gpu.root  devices 0-1, 3, 5-7: yes',
  ])
  const bad = fail('gpu.root', 'ERR_CERTIFICATE_ROOT', 'no')
  t.same(written(...eight.slice(0, 2), ofDevice(2, bad), pass('snp.report', 'all')), [
    'pass  gpu.root  devices 0-1: yes',
    'FAIL  gpu.root  ERR_CERTIFICATE_ROOT: device 2: no',
    'pass  snp.report  all',
  ])
  t.same(written(...[good, good].map((one) => ofDevice(0, one))), ['pass  gpu.root  yes'], 'alone')
  t.same(written(good, good), ['pass  gpu.root  yes', 'pass  gpu.root  yes'], 'of no device')
})

t.test('findings: a reason that several share stands once', async (t) => {
  const open = unknown('snp.vek', 'ERR_ENDORSEMENT_MISSING', 'none')
  t.same(written(open, { ...open, check: 'snp.root' }, { ...open, detail: 'other' }), [
    '????  snp.vek  ERR_ENDORSEMENT_MISSING: none',
    '????  snp.root  ERR_ENDORSEMENT_MISSING: as above',
    '????  snp.vek  ERR_ENDORSEMENT_MISSING: other',
  ])
})

t.test('findings: marks in colour', async (t) => {
  t.match(formatFindings({ findings: [pass('snp.vek', 'x')] }, true), '\x1b[32mpass\x1b[0m')
})
