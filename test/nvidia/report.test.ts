// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import t, { type Test } from 'tap'
import { core } from '../../src/core/core.js'
import type { Code } from '../../src/errors.js'
import { type OpaqueField, parseGpuReport } from '../../src/index.js'
import { mintGpuReport, pattern } from '../fake/nvidia.js'
import { changed, hex, throwsCode } from '../helpers.js'

const SHAPES = ['hopper', 'hopper-r620', 'blackwell', 'switch'] as const

/** Offsets of a minted report, counted from its own lengths. */
function places(report: Uint8Array) {
  const view = new DataView(report.buffer)
  const record = view.getUint16(42, true)
  const opaqueLength = 45 + record + 32
  const opaque = opaqueLength + 2
  return { opaqueLength, opaque, signature: opaque + view.getUint16(opaqueLength, true) }
}

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number

const refuses = (
  t: Test,
  bytes: Uint8Array,
  code: Code,
  offset: number | undefined,
  title: string,
): void => {
  const message = throwsCode(t, () => parseGpuReport(bytes), code, title)
  if (offset !== undefined) t.match(message, `(offset 0x${offset.toString(16)})`, title)
}

for (const shape of SHAPES) {
  t.test(`report: a ${shape} report reads back as minted`, async (t) => {
    const nonce = pattern(32, 9)
    const bytes = mintGpuReport({ shape, nonce, seed: 5 })
    const { opaqueLength, signature } = places(bytes)
    const report = parseGpuReport(bytes)
    const blocks = shape === 'switch' ? 31 : 64
    t.equal(report.kind, shape === 'switch' ? 'switch' : 'gpu')
    t.equal(hex(report.requestNonce), hex(nonce))
    t.equal(report.slot, 0)
    t.equal(report.measurements.length, blocks)
    t.same(
      report.measurements.map(hex),
      Array.from({ length: blocks }, (_, i) => hex(pattern(48, 5000 + i))),
    )
    t.equal(hex(report.responderNonce), hex(bytes.slice(opaqueLength - 32, opaqueLength)))
    t.equal(hex(report.signedBytes), hex(bytes.slice(0, signature)))
    t.equal(hex(report.signature), hex(bytes.slice(signature)))
    t.equal(hex(report.bytes), hex(bytes))
    t.equal(report.trailingBytes, 0)
  })

  t.test(`report: a ${shape} report cut anywhere is refused`, async (t) => {
    const bytes = mintGpuReport({ shape })
    for (let length = 0; length < bytes.length; length++) {
      // What an earlier call left in the window must not stand in for what is missing.
      core().input.fill(0xff, length)
      refuses(t, bytes.slice(0, length), 'ERR_NVIDIA_LENGTH', length, `${length} bytes`)
    }
  })

  t.test(`report: bytes behind a ${shape} report are counted, not read`, async (t) => {
    const bytes = mintGpuReport({ shape })
    const report = parseGpuReport(Buffer.concat([bytes, pattern(5000, 1)]))
    t.equal(report.trailingBytes, 5000)
    t.equal(hex(report.bytes), hex(bytes))
  })
}

t.test('report: signed bytes and signature verify as they are', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const dsaEncoding = 'ieee-p1363'
  const bytes = mintGpuReport({
    sign: (signed) => sign('sha384', signed, { key: privateKey, dsaEncoding }),
  })
  const { signedBytes, signature } = parseGpuReport(bytes)
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  t.ok(verify('sha384', signedBytes, { key, dsaEncoding }, signature))
})

t.test('report: every constant byte of the head has one value', async (t) => {
  const bytes = mintGpuReport()
  const rules: [Code, number[]][] = [
    ['ERR_NVIDIA_REQUEST', [0, 1, 2, 3, 36]],
    ['ERR_NVIDIA_RESPONSE', [37, 38, 39, 40]],
  ]
  for (const [code, offsets] of rules) {
    for (const at of offsets) {
      for (let value = 0; value < 256; value++) {
        if (value === bytes[at]) continue
        const wrong = changed(bytes, (copy) => copy.fill(value, at, at + 1))
        refuses(t, wrong, code, at, `${value} at ${at}`)
      }
    }
  }
})

t.test('report: the nonce can be anything', async (t) => {
  const bytes = mintGpuReport()
  for (let at = 4; at < 36; at++) {
    const other = changed(bytes, (copy) => copy.fill(~byteAt(copy, at), at, at + 1))
    t.equal(hex(parseGpuReport(other).requestNonce), hex(other.slice(4, 36)))
  }
})

t.test('report: only 64 and 31 blocks, each with its record length', async (t) => {
  for (const shape of ['hopper', 'switch'] as const) {
    const bytes = mintGpuReport({ shape })
    const count = bytes[41] as number
    for (let value = 0; value < 256; value++) {
      if (value === count) continue
      const wrong = changed(bytes, (copy) => copy.fill(value, 41, 42))
      const other = value === 64 || value === 31
      refuses(t, wrong, 'ERR_NVIDIA_MEASUREMENTS', other ? 42 : 41, `${value} blocks`)
    }
    for (const length of [0, 1, count * 55 - 1, count * 55 + 1, count * 55 + 0x10000, 0xffffff]) {
      const wrong = changed(bytes, (copy) => {
        copy.set([length & 0xff, (length >> 8) & 0xff, length >> 16], 42)
      })
      refuses(t, wrong, 'ERR_NVIDIA_MEASUREMENTS', 42, `${shape}: record of ${length} bytes`)
    }
  }
})

t.test('report: every header byte of every block is checked', async (t) => {
  const bytes = mintGpuReport()
  const fields = [0, 1, 2, 2, 4, 5, 5]
  for (let block = 0; block < 64; block++) {
    fields.forEach((field, i) => {
      for (const flip of [0x01, 0x80, 0xff]) {
        const at = 45 + block * 55 + i
        const wrong = changed(bytes, (copy) => copy.fill(byteAt(copy, at) ^ flip, at, at + 1))
        const offset = 45 + block * 55 + field
        refuses(t, wrong, 'ERR_NVIDIA_MEASUREMENTS', offset, `byte ${i} of block ${block + 1}`)
      }
    })
  }
})

t.test('report: blocks stand in the order of their indices', async (t) => {
  const bytes = mintGpuReport()
  const swapped = changed(bytes, (copy) => {
    copy.set(bytes.subarray(45, 100), 100)
    copy.set(bytes.subarray(100, 155), 45)
  })
  refuses(t, swapped, 'ERR_NVIDIA_MEASUREMENTS', 45, 'two blocks changed places')
})

t.test('report: a wrong opaque length is refused, or moves the signature', async (t) => {
  const bytes = mintGpuReport()
  const { opaqueLength, opaque, signature } = places(bytes)
  const right = signature - opaque
  const long = Buffer.concat([bytes, Buffer.alloc(0x10000)])
  const set = (input: Uint8Array, length: number) =>
    changed(input, (copy) => copy.set([length & 0xff, length >> 8], opaqueLength))
  for (const length of [right + 1, 0xffff]) {
    refuses(t, set(bytes, length), 'ERR_NVIDIA_LENGTH', bytes.length, `${length}, nothing behind`)
  }
  for (const length of [1, 2, 3, right - 1, right + 1, right + 3, 0xffff]) {
    refuses(t, set(long, length), 'ERR_NVIDIA_OPAQUE', undefined, `${length}, room behind`)
  }
  refuses(t, set(bytes, 0), 'ERR_NVIDIA_OPAQUE', opaqueLength, 'no opaque data')

  // Only the signature can tell that the last field was left out of the count.
  const last = parseGpuReport(bytes).opaqueFields.at(-1) as OpaqueField
  const shorter = parseGpuReport(set(bytes, last.at - 4 - opaque))
  t.equal(shorter.trailingBytes, signature - last.at + 4)
  t.equal(hex(shorter.signature), hex(bytes.slice(last.at - 4, last.at - 4 + 96)))
})

t.test('report: a large one is read, one larger than the window refused', async (t) => {
  const bytes = mintGpuReport({ length: 6144 })
  t.equal(bytes.length, 6144)
  t.equal(hex(parseGpuReport(bytes).bytes), hex(bytes))
  const largest = mintGpuReport({ length: 45 + 3520 + 34 + 0xffff + 96 })
  t.equal(parseGpuReport(largest).bytes.length, largest.length)
  const capacity = core().input.length
  const fits = Buffer.concat([bytes, Buffer.alloc(capacity - bytes.length)])
  t.equal(parseGpuReport(fits).trailingBytes, capacity - bytes.length)
  const tooLarge = Buffer.concat([fits, Buffer.alloc(1)])
  throwsCode(t, () => parseGpuReport(tooLarge), 'ERR_EVIDENCE_SIZE')
})

t.test('report: later changes to the input change nothing', async (t) => {
  const bytes = mintGpuReport()
  const report = parseGpuReport(bytes)
  const before = [hex(report.bytes), hex(report.requestNonce), report.opaqueData.driverVersion]
  bytes.fill(0xff)
  parseGpuReport(mintGpuReport({ shape: 'switch' }))
  t.same([hex(report.bytes), hex(report.requestNonce), report.opaqueData.driverVersion], before)
})

t.test(
  'report: a Buffer and a view into a larger buffer are read for what they show',
  async (t) => {
    const bytes = mintGpuReport()
    const wide = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(3)])
    for (const view of [Buffer.from(bytes), wide.subarray(3, -3)]) {
      const report = parseGpuReport(view)
      view.fill(0)
      t.equal(hex(report.bytes), hex(bytes))
      t.equal(report.trailingBytes, 0)
    }
  },
)

t.test('report: what is read can be changed without changing the report', async (t) => {
  const report = parseGpuReport(mintGpuReport())
  const read = () => [
    report.requestNonce,
    report.responderNonce,
    report.signedBytes,
    report.signature,
    report.bytes,
    ...report.measurements,
    ...report.opaqueFields.map(({ value }) => value),
    report.opaqueData.fwid as Uint8Array,
  ]
  const before = read().map(hex)
  for (const bytes of read()) bytes.fill(0xee)
  t.same(read().map(hex), before)
})
