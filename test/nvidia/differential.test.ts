// SPDX-License-Identifier: Apache-2.0
// The core against the oracle: the same verdict and the same values, whatever the bytes.

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { AttestationError, type OpaqueData, parseGpuReport } from '../../src/index.js'
import { type FakeField, mintGpuReport, pattern } from '../fake/nvidia.js'
import { changed, hex } from '../helpers.js'
import { readGpuReport } from '../oracle/nvidia.js'
import { skip, vectorBytes } from '../vectors.js'

/** Which field each value of `opaqueData` comes from. */
const IDS: Record<keyof OpaqueData, number> = {
  driverVersion: 3,
  gpuInfo: 4,
  vbiosVersion: 6,
  nvdec0Status: 11,
  msrscnt: 12,
  cprinfo: 13,
  boardId: 14,
  chipSku: 15,
  chipSkuMod: 16,
  project: 17,
  projectSku: 18,
  projectSkuMod: 19,
  fwid: 20,
  protectedPcieStatus: 21,
  switchPdis: 22,
  devicePdi: 22,
  floorsweptPorts: 23,
  positionId: 24,
  lockSwitchStatus: 25,
  switchGpuPdis: 26,
  switchPorts: 26,
  sysEnableStatus: 33,
  opaqueDataVersion: 34,
  chipInfo: 35,
  featureFlag: 36,
  fspUcodeMinSvn: 37,
}

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array ? hex(value) : Array.isArray(value) ? value.map(plain) : value

function attempt(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof AttestationError) return error.code
    throw error
  }
}

function ofCore(bytes: Uint8Array): unknown {
  const report = parseGpuReport(bytes)
  return {
    kind: report.kind,
    requestNonce: hex(report.requestNonce),
    measurements: report.measurements.map(hex),
    responderNonce: hex(report.responderNonce),
    fields: report.opaqueFields.map((f) => [f.id, f.valueType, f.at, hex(f.value)]),
    data: Object.fromEntries(Object.entries(report.opaqueData).map(([k, v]) => [k, plain(v)])),
    signedBytes: hex(report.signedBytes),
    signature: hex(report.signature),
    trailingBytes: report.trailingBytes,
  }
}

function ofOracle(bytes: Uint8Array): unknown {
  const { fields, ...report } = readGpuReport(bytes)
  const meaning = (id: number): unknown => fields.find((f) => f.id === id)?.meaning ?? null
  const data = Object.fromEntries(Object.entries(IDS).map(([name, id]) => [name, meaning(id)]))
  const groups = (hex: unknown, end?: number) =>
    typeof hex === 'string' ? hex.slice(0, end).match(/.{16}/g) : null
  data.switchGpuPdis = groups(data.switchGpuPdis, 128)
  data.switchPorts = typeof data.switchPorts === 'string' ? data.switchPorts.slice(128) : null
  data.switchPdis = report.kind === 'gpu' ? groups(data.switchPdis) : null
  data.devicePdi = report.kind === 'gpu' ? null : data.devicePdi
  if (report.version === 2) data.opaqueDataVersion = 2
  return {
    kind: report.kind,
    requestNonce: hex(report.requestNonce),
    measurements: report.measurements.map(hex),
    responderNonce: hex(report.responderNonce),
    fields: fields.map((f) => [f.id, f.valueType, f.at, hex(f.value)]),
    data,
    signedBytes: hex(report.signedBytes),
    signature: hex(report.signature),
    trailingBytes: report.trailingBytes,
  }
}

/** Throws where the two differ; says what both made of it: `read`, or the code. */
function agree(bytes: Uint8Array): string {
  const verdict = attempt(() => ofCore(bytes))
  deepStrictEqual(
    verdict,
    attempt(() => ofOracle(bytes)),
  )
  return typeof verdict === 'string' ? verdict : 'read'
}

/** Where the length of the opaque data stands. */
const opaqueAt = (report: Uint8Array): number => (report[41] === 64 ? 3597 : 1782)
const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number

const SHAPES = ['hopper', 'hopper-r620', 'blackwell', 'switch'] as const
const shapes = fc.constantFrom(...SHAPES)

/** Values near the truth for a known field, or anything at all. */
const values = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom(0, 1, 2, 4, 5, 8, 48, 104, 124, 128, 144, 252, 256).map((n) => pattern(n, n)),
  fc.constantFrom([0x55], [0xaa], [0, 0], [1, 0], [2, 0], [3, 0]).map((v) => Uint8Array.from(v)),
  fc.string({ maxLength: 90 }).map((s) => Uint8Array.from(Buffer.from(`${s}\0`))),
  fc.constant(Uint8Array.from(Buffer.from('96.10.55.00.01'))),
)
const fields: fc.Arbitrary<FakeField[]> = fc.array(
  fc.record({
    id: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 0xffff })),
    valueType: fc.integer({ min: 0, max: 0xffff }),
    value: values,
  }),
  { maxLength: 4 },
)

t.test('differential: reports as minted', async (t) => {
  for (const shape of SHAPES) t.equal(agree(mintGpuReport({ shape })), 'read', shape)
})

t.test('differential: reports with any opaque fields', async (t) => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(shapes, fields, (shape, fields) => {
      seen.add(agree(mintGpuReport({ shape, fields })))
    }),
    { numRuns: 1500 },
  )
  t.same([...seen].sort(), ['ERR_NVIDIA_OPAQUE', 'read'])
})

t.test('differential: reports with bytes changed, cut off and added', async (t) => {
  const edit = fc.record({
    at: fc.integer({ min: 0, max: 9999 }),
    value: fc.integer({ min: 0, max: 255 }),
  })
  const minted = Object.fromEntries(SHAPES.map((shape) => [shape, mintGpuReport({ shape })]))
  const places = fc.constantFrom('head', 'opaque', 'anywhere')
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      shapes,
      places,
      fc.array(edit, { maxLength: 3 }),
      fc.oneof(fc.constant(0), fc.integer({ min: -120, max: 40 })),
      (shape, place, edits, tail) => {
        const report = minted[shape] as Uint8Array
        const [start, end] = {
          head: [0, 60],
          opaque: [opaqueAt(report), report.length - 96],
          anywhere: [0, report.length],
        }[place] as [number, number]
        const bytes = Buffer.concat([report, pattern(Math.max(tail, 0), 1)])
        for (const { at, value } of edits) bytes[start + (at % (end - start))] = value
        seen.add(agree(bytes.subarray(0, report.length + tail)))
      },
    ),
    { numRuns: 4000 },
  )
  t.ok(seen.has('read') && seen.size > 2, [...seen].join())
})

t.test('differential: anything at all', async (t) => {
  const seen = new Set<string>()
  const bytes = fc.uint8Array({ maxLength: 200 })
  fc.assert(fc.property(bytes, (bytes) => void seen.add(agree(bytes))))
  t.notOk(seen.has('read'))
})

t.test(
  'differential: real reports, a bit changed in every byte of structure',
  { skip },
  async (t) => {
    for (const name of [
      'h100-550.90.07-complete',
      'b200-590.48.01',
      'ls10-switch-bios-96.10.55.00.01',
    ]) {
      const evidence = vectorBytes('nvidia', name, 'evidence.bin')
      t.equal(agree(evidence), 'read', name)
      const seen = new Set<string>()
      for (let at = 0; at < evidence.length; at++) {
        if (at === 60) at = opaqueAt(evidence)
        seen.add(
          agree(
            changed(evidence, (copy) => copy.fill(byteAt(copy, at) ^ (1 << (at % 8)), at, at + 1)),
          ),
        )
      }
      t.ok(seen.size > 4, name)
    }
  },
)
