// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import t from 'tap'
import {
  checkDigest,
  DIRECTORY_LIMITS,
  expectationsDigest,
  expectationsPath,
  parseExpectations,
} from '../../src/discovery/index.js'
import { expectations, expectationsBytes } from '../fake/akash.js'
import { throwsCode } from '../helpers.js'

const TDX = {
  mrTd: ['44'.repeat(48)],
  rtmr0: ['55'.repeat(48), '56'.repeat(48)],
  rtmr1: 'any',
  rtmr2: 'any',
  rtmr3: 'any',
  mrConfigId: ['66'.repeat(48)],
  mrOwner: 'any',
  mrOwnerConfig: 'any',
} as const

const WHOLE = expectations({
  tdx: TDX,
  gpus: { rims: ['NV_GPU_DRIVER_GH100_550.90.07', 'NV_GPU_VBIOS_1010_0200_882_96009F0001'] },
  sidecarImage: `sha256:${'77'.repeat(32)}`,
})

t.test('expectations: what was written is read', async (t) => {
  t.strictSame(parseExpectations(expectationsBytes(WHOLE)), WHOLE)
  const { snp: _, ...tdx } = WHOLE
  t.strictSame(parseExpectations(expectationsBytes(tdx)), tdx)
  const edited = { $schema: './expectations.schema.json', ...WHOLE }
  t.strictSame(parseExpectations(expectationsBytes(edited)), WHOLE, 'without what is for editors')
})

t.test('expectations: the digest is of the bytes, white space included', async (t) => {
  const bytes = expectationsBytes()
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  t.equal(expectationsDigest(bytes), digest)
  t.equal(checkDigest(digest), digest)
  t.equal(expectationsPath(digest), `/v1/expectations/${digest}`)
  t.not(expectationsDigest(new TextEncoder().encode(JSON.stringify(expectations()))), digest)
  for (const text of ['', digest.slice(7), digest.toUpperCase(), `${digest}0`, ` ${digest}`]) {
    throwsCode(t, () => checkDigest(text), 'ERR_EXPECTATIONS_NAME', text)
  }
})

t.test('expectations: what is wrong is named', async (t) => {
  const row = { vcpus: 1, measurement: '11'.repeat(48) }
  const snp = WHOLE.snp as NonNullable<typeof WHOLE.snp>
  const level = { cpuid: 'any', fmc: 'any', bootLoader: 4, tee: 0, snp: 22, microcode: 'any' }
  const wrong: Record<string, unknown> = {
    format: { ...WHOLE, format: 'assay.expectations.v2' },
    name: { ...WHOLE, name: 'zwei\nZeilen' },
    verdict: { ...WHOLE, verdict: 'verified' },
    snp: { ...WHOLE, snp: null },
    'snp.measurements': { ...WHOLE, snp: { ...snp, measurements: 'any' } },
    'snp.measurements[1].measurement': {
      ...WHOLE,
      snp: { ...snp, measurements: [row, { ...row, measurement: '11'.repeat(32) }] },
    },
    'snp.measurements[0].vcpus': {
      ...WHOLE,
      snp: { ...snp, measurements: [{ ...row, vcpus: 0 }] },
    },
    'snp.hostData[0]': { ...WHOLE, snp: { ...snp, hostData: ['AA'.repeat(32)] } },
    'snp.minimumTcb[0].fmc': {
      ...WHOLE,
      snp: { ...snp, minimumTcb: [{ product: 'Milan', ...level, fmc: 1 }] },
    },
    'snp.minimumTcb[0].bootLoader': {
      ...WHOLE,
      snp: { ...snp, minimumTcb: [{ product: 'Turin', ...level, bootLoader: 256 }] },
    },
    'tdx.mrTd': { ...WHOLE, tdx: { ...TDX, mrTd: 'any' } },
    'tdx.rtmr0[1]': { ...WHOLE, tdx: { ...TDX, rtmr0: [TDX.rtmr0[0], 'f'] } },
    'gpus.rims[0]': { ...WHOLE, gpus: { rims: ['../../etc'] } },
    'gpus.rims': { ...WHOLE, gpus: { rims: [] } },
    sidecarImage: { ...WHOLE, sidecarImage: 'ghcr.io/assay/sidecar:latest' },
  }
  for (const [place, document] of Object.entries(wrong)) {
    const sentence = throwsCode(
      t,
      () => parseExpectations(expectationsBytes(document)),
      'ERR_EXPECTATIONS',
      place,
    )
    t.ok(sentence.startsWith(`expectations: ${place}`), sentence)
  }
  const twice = { ...snp, measurements: [row, { ...row, vcpus: 2 }] }
  throwsCode(
    t,
    () => parseExpectations(expectationsBytes({ ...WHOLE, snp: twice })),
    'ERR_EXPECTATIONS',
    'one measurement for two numbers of vCPUs',
  )
})

t.test('expectations: neither text, nor too large, nor of nothing', async (t) => {
  const { snp: _, ...none } = expectations()
  for (const bytes of [
    expectationsBytes(none),
    expectationsBytes([]),
    new TextEncoder().encode('<html>'),
    new Uint8Array([0xff]),
    new Uint8Array(),
    new Uint8Array(DIRECTORY_LIMITS.expectations + 1).fill(0x20),
    new TextEncoder().encode('{"format":"assay.expectations.v1","format":"x"}'),
  ]) {
    throwsCode(t, () => parseExpectations(bytes), 'ERR_EXPECTATIONS', `${bytes.length} bytes`)
  }
  throwsCode(t, () => parseExpectations('{}' as unknown as Uint8Array), 'ERR_ARGUMENT')
})
