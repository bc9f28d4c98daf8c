// SPDX-License-Identifier: Apache-2.0
// DER by hand, for what no library would write.

type Bytes = Uint8Array<ArrayBuffer>

/** One element: a tag, and content of bytes, hex or further elements. */
export function tlv(tag: number, ...parts: readonly (Uint8Array | string)[]): Bytes {
  const content = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
  )
  const n = content.length
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff]
  return Uint8Array.of(tag, ...length, ...content)
}

export const sequence = (...parts: readonly (Uint8Array | string)[]): Bytes => tlv(0x30, ...parts)
export const set = (...parts: readonly (Uint8Array | string)[]): Bytes => tlv(0x31, ...parts)
export const text = (tag: number, value: string): Bytes => tlv(tag, Buffer.from(value))
