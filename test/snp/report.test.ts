// SPDX-License-Identifier: Apache-2.0
// The structure check of the core: every rule, at every place it covers.

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { parseSnpReport } from '../../src/index.js'
import { mintReport } from '../fake/snp.js'
import { changed, throwsCode } from '../helpers.js'

const VERSIONS = [2, 3, 4, 5]

/** Reserved ranges, start and end, as AMD's table has them for each version. */
const RESERVED: Record<number, readonly (readonly [number, number])[]> = {
  2: [
    [0x4c, 0x50],
    [0x188, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [0x1f8, 0x2a0],
  ],
  3: [
    [0x4c, 0x50],
    [0x18b, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [0x1f8, 0x2a0],
  ],
  4: [
    [0x4c, 0x50],
    [0x18b, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [0x1f8, 0x2a0],
  ],
  5: [
    [0x4c, 0x50],
    [0x18b, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [0x208, 0x2a0],
  ],
}

/** Ranges that no signature covers and that must be zero. */
const PADDING = [
  [0x2d0, 0x2e8],
  [0x318, 0x4a0],
] as const

/** The code and the offset that parsing `bytes` names, or 'ok'. */
function outcome(bytes: Uint8Array): string {
  try {
    parseSnpReport(bytes)
    return 'ok'
  } catch (error) {
    const { code, message } = error as { code: Code; message: string }
    return `${code} ${message.match(/(?:offset|got) ([0-9a-fx]+)/)?.[1]}`
  }
}

const at = (offset: number): string => `0x${offset.toString(16)}`

/** A good report with `byte` written at `offset`. */
const poked = (report: Uint8Array, offset: number, byte: number): Uint8Array =>
  changed(report, (copy) => {
    copy[offset] = byte
  })

const withU32 = (offset: number, value: number): Uint8Array =>
  changed(mintReport(), (copy) => new DataView(copy.buffer).setUint32(offset, value, true))

const withPolicy = (policy: bigint): string => outcome(mintReport({ policy }))

t.test('report: every length but its own is refused', async (t) => {
  const whole = new Uint8Array(1200)
  whole.set(mintReport())
  for (let length = 0; length <= 1200; length++) {
    const expected = length === 1184 ? 'ok' : `ERR_SNP_LENGTH ${length}`
    if (outcome(whole.subarray(0, length)) !== expected) t.fail(`length ${length}`)
  }
  t.equal(outcome(new Uint8Array(0x20000)), 'ERR_SNP_LENGTH 131072')
  throwsCode(t, () => parseSnpReport(new Uint8Array(0x20001)), 'ERR_EVIDENCE_SIZE')
})

t.test('report: versions 2 to 5 and no other', async (t) => {
  for (const version of VERSIONS) t.equal(outcome(mintReport({ version })), 'ok', `${version}`)
  for (const version of [0, 1, 6, 7, 0x102, 0x10003, 0x80000005, 0xffffffff]) {
    t.equal(outcome(withU32(0, version)), `ERR_SNP_VERSION ${version}`)
  }
})

t.test('report: every byte reserved in its version must be zero, at any value', async (t) => {
  for (const version of VERSIONS) {
    const report = mintReport({ version })
    for (const [start, end] of RESERVED[version] ?? []) {
      for (let offset = start; offset < end; offset++) {
        for (let byte = 1; byte <= 0xff; byte++) {
          if (outcome(poked(report, offset, byte)) !== `ERR_SNP_RESERVED ${at(offset)}`) {
            t.fail(`version ${version}, offset ${at(offset)}, byte ${byte}`)
          }
        }
      }
    }
    t.equal(outcome(report), 'ok', `version ${version}`)
  }
})

t.test('report: bytes that only a newer version names are free in it', async (t) => {
  for (const offset of [0x188, 0x189, 0x18a]) {
    t.equal(outcome(poked(mintReport({ version: 3 }), offset, 0xff)), 'ok')
  }
  for (let offset = 0x1f8; offset < 0x208; offset++) {
    t.equal(outcome(poked(mintReport({ version: 5 }), offset, 0xff)), 'ok')
  }
})

t.test('report: reserved bits of POLICY, bit by bit', async (t) => {
  for (let bit = 0n; bit < 64n; bit++) {
    const expected = bit < 26n ? 'ok' : 'ERR_SNP_POLICY 0x8'
    t.equal(withPolicy((1n << 17n) | (1n << bit)), expected, `bit ${bit}`)
  }
  t.equal(withPolicy(0x3ffffffn), 'ok', 'all known bits')
  t.equal(withPolicy(0x3fdffffn), 'ERR_SNP_POLICY 0x8', 'bit 17 missing')
})

t.test('report: bits of PLATFORM_INFO are never refused', async (t) => {
  for (let bit = 0n; bit < 64n; bit++) {
    t.equal(outcome(mintReport({ platformInfo: 1n << bit })), 'ok', `bit ${bit}`)
  }
})

t.test('report: reserved bits of the key flags, bit by bit', async (t) => {
  for (let bit = 5; bit < 32; bit++) {
    t.equal(outcome(withU32(0x48, (1 << bit) >>> 0)), 'ERR_SNP_RESERVED 0x48', `bit ${bit}`)
  }
  for (const flags of [0b000, 0b001, 0b010, 0b011, 0b100, 0b111]) {
    t.equal(outcome(withU32(0x48, flags)), 'ok', `flags ${flags}`)
  }
})

t.test('report: SIGNING_KEY is VCEK or VLEK', async (t) => {
  for (let key = 2; key <= 7; key++) {
    t.equal(outcome(withU32(0x48, key << 2)), 'ERR_SNP_SIGNING_KEY 0x48', `${key}`)
  }
})

t.test('report: VMPL of a guest or of the host', async (t) => {
  for (const vmpl of [0, 1, 2, 3, 0xffffffff]) t.equal(outcome(mintReport({ vmpl })), 'ok')
  for (const vmpl of [4, 0x100, 0x7fffffff, 0x80000000, 0xfffffffe]) {
    t.equal(outcome(mintReport({ vmpl })), 'ERR_SNP_VMPL 0x30', `${vmpl}`)
  }
})

t.test('report: SIGNATURE_ALGO is 1', async (t) => {
  for (const algorithm of [0, 2, 0x101, 0x10001, 0x80000001, 0xffffffff]) {
    const expected = 'ERR_SNP_SIGNATURE_ALGORITHM 0x34'
    t.equal(outcome(withU32(0x34, algorithm)), expected, `${algorithm}`)
  }
})

t.test('report: every padding byte of SIGNATURE must be zero, at any value', async (t) => {
  const report = mintReport()
  for (const [start, end] of PADDING) {
    for (let offset = start; offset < end; offset++) {
      for (let byte = 1; byte <= 0xff; byte++) {
        if (outcome(poked(report, offset, byte)) !== `ERR_SNP_SIGNATURE_FORMAT ${at(offset)}`) {
          t.fail(`offset ${at(offset)}, byte ${byte}`)
        }
      }
    }
  }
  t.equal(outcome(report), 'ok')
})

t.test('report: neither R nor S is zero, and one bit suffices', async (t) => {
  for (const start of [0x2a0, 0x2e8]) {
    const without = changed(mintReport(), (copy) => copy.fill(0, start, start + 48))
    t.equal(outcome(without), `ERR_SNP_SIGNATURE_FORMAT ${at(start)}`)
    for (let offset = start; offset < start + 48; offset++) {
      if (outcome(poked(without, offset, 0x80)) !== 'ok') t.fail(at(offset))
    }
  }
})

t.test('report: the first rule broken decides', async (t) => {
  const bad = new Uint8Array(1184).fill(0xee)
  const steps: [offset: number, bytes: number[], code: string][] = [
    [0x000, [5, 0, 0, 0], `ERR_SNP_VERSION ${0xeeeeeeee}`],
    [0x008, [0, 0, 3, 0, 0, 0, 0, 0], 'ERR_SNP_POLICY 0x8'],
    [0x030, [0, 0, 0, 0], 'ERR_SNP_VMPL 0x30'],
    [0x034, [1, 0, 0, 0], 'ERR_SNP_SIGNATURE_ALGORITHM 0x34'],
    [0x048, [0x1c, 0, 0, 0], 'ERR_SNP_RESERVED 0x48'],
    [0x048, [0, 0, 0, 0], 'ERR_SNP_SIGNING_KEY 0x48'],
    [0x04c, Array(4).fill(0), 'ERR_SNP_RESERVED 0x4c'],
    [0x18b, Array(21).fill(0), 'ERR_SNP_RESERVED 0x18b'],
    [0x1eb, [0], 'ERR_SNP_RESERVED 0x1eb'],
    [0x1ef, [0], 'ERR_SNP_RESERVED 0x1ef'],
    [0x208, Array(0x98).fill(0), 'ERR_SNP_RESERVED 0x208'],
    [0x2d0, Array(24).fill(0), 'ERR_SNP_SIGNATURE_FORMAT 0x2d0'],
    [0x318, Array(24).fill(0), 'ERR_SNP_SIGNATURE_FORMAT 0x318'],
    [0x330, Array(0x170).fill(0), 'ERR_SNP_SIGNATURE_FORMAT 0x330'],
  ]
  for (const [offset, bytes, code] of steps) {
    t.equal(outcome(bad), code)
    bad.set(bytes, offset)
  }
  t.equal(outcome(bad), 'ok')
})

t.test('report: what is not a Uint8Array is refused', async (t) => {
  for (const value of [undefined, null, 'report', [2, 0, 0, 0], new ArrayBuffer(1184), {}]) {
    throwsCode(t, () => parseSnpReport(value as Uint8Array), 'ERR_ARGUMENT')
  }
})
