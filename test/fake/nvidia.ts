// SPDX-License-Identifier: Apache-2.0
// Mints attestation reports of NVIDIA devices that do not exist: structurally what Hopper,
// Blackwell and LS10 answer, byte for byte as long, with made-up values.

/** An opaque field to be written. `valueType` only shows under a header. */
export interface FakeField {
  readonly id: number
  readonly value: Uint8Array
  readonly valueType?: number
}

export interface FakeGpuReport {
  /** Whose shape: Hopper R580, Hopper R620 (with opaque data header), Blackwell R590, LS10. */
  readonly shape?: 'hopper' | 'hopper-r620' | 'blackwell' | 'switch'
  /** 32 bytes. */
  readonly nonce?: Uint8Array
  /** Two seeds, two devices. */
  readonly seed?: number
  /** In place of the fields of the shape. */
  readonly fields?: readonly FakeField[]
  /** Length of the report, reached with a field of an unknown type. */
  readonly length?: number
  /** Gives the 96 bytes of the signature; made up otherwise. */
  readonly sign?: (signed: Uint8Array) => Uint8Array
}

/** Bytes that look random and are the same every time. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

const le = (value: number, length: number): number[] =>
  Array.from({ length }, (_, i) => (value >>> (8 * i)) & 0xff)

const text = (value: string, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => value.charCodeAt(i) || 0)

const field = (id: number, value: ArrayLike<number>, valueType = 0x82): FakeField => ({
  id,
  value: Uint8Array.from(value),
  valueType,
})

function gpuFields(shape: string, seed: number): FakeField[] {
  const blackwell = shape === 'blackwell'
  const driver = { blackwell: '590.48.01', 'hopper-r620': '620.12' }[shape] ?? '580.95.05'
  const counters = Array.from({ length: 64 }, (_, i) => le(i % 7, 4)).flat()
  return [
    field(6, blackwell ? [0, 0xe4, 0, 0x97, 0x11, 0, 0, 0] : [0, 0x9f, 0, 0x96, 1, 0, 0, 0], 0x86),
    field(14, le(0x0437 + seed, 4)),
    field(15, text(blackwell ? '886' : '882', 9)),
    field(16, text('0', 5)),
    field(17, text(blackwell ? 'G525' : '1010', 5)),
    field(18, text('0200', 5)),
    field(19, text('0', 2)),
    field(3, text(driver, driver.length + 1), 0x86),
    field(4, [blackwell ? 0xa0 : 0x80, 1, 0, 0, 0, 0, 0, 0]),
    field(12, counters, 0x84),
    field(13, le(0x0001c000, 4), 0x83),
    field(11, [0x55]),
    field(20, pattern(48, seed + 200), 1),
    ...(blackwell ? [field(33, [7, 7]), field(35, text('GB100', 6))] : [field(21, [0x55], 0x85)]),
    ...(shape === 'hopper-r620'
      ? [field(34, [0, 2], 0x86), field(37, le(0, 2), 0x87)]
      : [field(34, le(1, 2))]),
    field(36, le(blackwell ? 1 : 0, 2), 0x85),
  ]
}

function switchFields(seed: number): FakeField[] {
  const pdis = Array.from({ length: 8 }, (_, i) => [...pattern(8, seed + 300 + i)]).flat()
  const ports = Array.from({ length: 64 }, (_, i) => (i < 32 ? 0xff : i >> 3))
  return [
    field(6, text('96.10.55.00.01', 14)),
    field(22, pattern(8, seed + 400)),
    field(12, Array.from({ length: 27 }, (_, i) => le(i % 3, 4)).flat()),
    field(26, [...pdis, ...ports]),
    field(23, [0xec, 0]),
    field(24, le(2, 2)),
    field(25, [1, 0]),
  ]
}

/** The opaque data that holds `fields`, with or without the header of version 2. */
export function opaqueData(fields: readonly FakeField[], header: boolean): number[] {
  const head = header ? [...text('NVDAOD', 8), 2, 0, 0, 0] : []
  return fields.reduce((bytes, { id, value, valueType = 0 }) => {
    const middle = header ? le(valueType, 2) : []
    return bytes.concat(le(id, 2), middle, le(value.length, 2), [...value])
  }, head)
}

/** A report. Everything that `options` leave open follows from the shape and the seed. */
export function mintGpuReport(options: FakeGpuReport = {}): Uint8Array<ArrayBuffer> {
  const { shape = 'hopper', seed = 1, nonce = pattern(32, seed + 100) } = options
  const blocks = shape === 'switch' ? 31 : 64
  const header = shape === 'hopper-r620'
  const fields = [
    ...(options.fields ?? (shape === 'switch' ? switchFields(seed) : gpuFields(shape, seed))),
  ]
  const record = Array.from({ length: blocks }, (_, i) => [
    ...[i + 1, 1, ...le(51, 2), 1, ...le(48, 2)],
    ...pattern(48, seed * 1000 + i),
  ]).flat()
  const rest = (): number[] => {
    const opaque = opaqueData(fields, header)
    return [...record, ...pattern(32, seed + 500), ...le(opaque.length, 2), ...opaque]
  }
  const head = [0x11, 0xe0, 1, 0xff, ...nonce, 0, 0x11, 0x60, 0, 0, blocks, ...le(record.length, 3)]
  if (options.length !== undefined) {
    const filler = options.length - head.length - rest().length - 96 - (header ? 6 : 4)
    fields.push(field(0x7f00, pattern(filler, seed + 600)))
  }
  const signed = Uint8Array.from([...head, ...rest()])
  return Uint8Array.from([...signed, ...(options.sign?.(signed) ?? pattern(96, seed + 700))])
}

/** Text in the form of PEM certificates, with made-up bytes for each. */
export function mintPemChain(certificates = 5, seed = 1): Uint8Array<ArrayBuffer> {
  const pem = Array.from({ length: certificates }, (_, i) => {
    const lines = Buffer.from(pattern(700, seed * 10 + i))
      .toString('base64')
      .match(/.{1,64}/g)
    return `-----BEGIN CERTIFICATE-----\n${lines?.join('\n')}\n-----END CERTIFICATE-----\n`
  })
  return Uint8Array.from(Buffer.from(pem.join('')))
}

/** Joins parts the way the sidecar of AEP-83 does: with nothing between them. */
export function joinAep83(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts))
}
