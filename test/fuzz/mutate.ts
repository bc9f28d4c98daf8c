// SPDX-License-Identifier: Apache-2.0
// Seeded mutations: the same seed always throws the same inputs.

/** Numbers that length fields and counters break on. */
const EDGES = [
  0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
]

/** A small fast generator (xorshift32): fuzzing wants speed and repeatability, not secrecy. */
export function random(seed: number): (below: number) => number {
  let state = seed | 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** One to four mutations of a copy of one of the seeds. */
export function mutate(seeds: readonly Uint8Array[], next: (below: number) => number): Uint8Array {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(seeds[next(seeds.length)] as Uint8Array)
  for (let i = next(4); i >= 0; i--) bytes = mutateOnce(bytes, seeds, next)
  return bytes
}

function mutateOnce(
  bytes: Uint8Array<ArrayBuffer>,
  seeds: readonly Uint8Array[],
  next: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  if (bytes.length < 8) return Uint8Array.from({ length: next(64) + 8 }, () => next(256))
  const at = next(bytes.length)
  const view = new DataView(bytes.buffer)
  switch (next(8)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << next(8))
      return bytes
    case 1:
      bytes[at] = next(256)
      return bytes
    case 2:
      view.setUint32(Math.min(at, bytes.length - 4), EDGES[next(EDGES.length)] as number, true)
      return bytes
    case 3:
      view.setUint16(Math.min(at, bytes.length - 2), EDGES[next(EDGES.length)] as number, true)
      return bytes
    case 4:
      return bytes.slice(0, at)
    case 5:
      return concat(
        bytes,
        Uint8Array.from({ length: next(64) + 1 }, () => next(256)),
      )
    case 6:
      return concat(bytes.subarray(0, at), (seeds[next(seeds.length)] as Uint8Array).subarray(at))
    default:
      return concat(bytes.subarray(0, at), bytes.subarray(Math.min(at + next(16), bytes.length)))
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
