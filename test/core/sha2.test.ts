// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto'
import { sha384 as noble384, sha512 as noble512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import t from 'tap'
import { core } from '../../src/core/core.js'
import {
  Sha2,
  type Sha2Algorithm,
  sha384,
  sha384Pair,
  sha512,
  sha512Pair,
} from '../../src/core/sha2.js'
import { hex, throwsCode } from '../helpers.js'

const ALGORITHMS = [
  { name: 'SHA-384', digest: sha384, pair: sha384Pair, noble: noble384 },
  { name: 'SHA-512', digest: sha512, pair: sha512Pair, noble: noble512 },
] as const

const node = (name: Sha2Algorithm, bytes: Uint8Array): string =>
  createHash(name.replace('-', '')).update(bytes).digest('hex')

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** `length` bytes with no short period, different for each `seed`. */
function message(length: number, seed = 1): Uint8Array {
  let x = seed
  return Uint8Array.from({ length }, () => {
    x = (Math.imul(x, 0x41c64e6d) + 12345) >>> 0
    return x >>> 24
  })
}

// FIPS 180-4 examples (csrc.nist.gov, SHA384.pdf and SHA512.pdf) and the empty message.
const LONG_EXAMPLE =
  'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn' +
  'hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu'
const KNOWN: readonly [message: Uint8Array, sha384: string, sha512: string][] = [
  [
    new Uint8Array(0),
    '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b',
    'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
  ],
  [
    ascii('abc'),
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  [
    ascii(LONG_EXAMPLE),
    '09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039',
    '8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909',
  ],
  [
    new Uint8Array(1_000_000).fill(0x61),
    '9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985',
    'e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b',
  ],
]

t.test('sha2: the examples of the standard', async (t) => {
  for (const [bytes, expected384, expected512] of KNOWN) {
    t.equal(hex(sha384(bytes)), expected384)
    t.equal(hex(sha512(bytes)), expected512)
    t.equal(hex(new Sha2('SHA-384').update(bytes).digest()), expected384)
    t.equal(hex(new Sha2('SHA-512').update(bytes).digest()), expected512)
  }
})

t.test('sha2: every length 0..1100 agrees with node:crypto and @noble/hashes', async (t) => {
  const bytes = message(1100)
  for (const { name, digest, noble } of ALGORITHMS) {
    const wrong: number[] = []
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length)
      const got = hex(digest(part))
      if (got !== node(name, part) || got !== hex(noble(part))) wrong.push(length)
    }
    t.same(wrong, [], name)
  }
})

t.test('sha2: lengths around the window of the core', async (t) => {
  const capacity = core().input.length
  const bytes = message(2 * capacity + 300)
  for (const { name, digest } of ALGORITHMS) {
    for (const length of [capacity - 1, capacity, capacity + 1, 2 * capacity, bytes.length]) {
      const part = bytes.subarray(0, length)
      t.equal(hex(digest(part)), node(name, part), `${name} of ${length} bytes`)
    }
  }
})

/** A message of up to 600 KiB, mostly short, as the pieces in which it arrives. */
const pieces = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
    ),
    { maxLength: 12 },
  )
  .map((lengths) => lengths.slice(0, 12).map((length, i) => message(length, length + i)))

t.test('sha2: any message in any pieces agrees with node:crypto and @noble/hashes', async (t) => {
  fc.assert(
    fc.property(pieces, fc.constantFrom(...ALGORITHMS), (parts, { name, digest, noble }) => {
      const whole = new Uint8Array(Buffer.concat(parts))
      const hasher = new Sha2(name)
      for (const part of parts) hasher.update(part)
      const expected = node(name, whole)
      return [hasher.digest(), digest(whole), noble(whole)].every((got) => hex(got) === expected)
    }),
    { numRuns: 60 },
  )
  t.pass('60 messages')
})

t.test('sha2: interleaved hashers and one-shots do not disturb each other', async (t) => {
  const [a, b] = [new Sha2('SHA-384'), new Sha2('SHA-512')]
  const bytes = message(1000)
  for (let at = 0; at < bytes.length; at += 50) {
    a.update(bytes.subarray(at, at + 50))
    sha512(bytes)
    b.update(bytes.subarray(at, at + 25)).update(bytes.subarray(at + 25, at + 50))
    sha384(bytes)
  }
  t.equal(hex(a.digest()), node('SHA-384', bytes))
  t.equal(hex(b.digest()), node('SHA-512', bytes))
})

t.test('sha2: digest() may be asked in between, and again', async (t) => {
  const hasher = new Sha2('SHA-384')
  const bytes = message(400)
  for (let at = 0; at < bytes.length; at += 40) {
    t.equal(hex(hasher.digest()), node('SHA-384', bytes.subarray(0, at)))
    hasher.update(bytes.subarray(at, at + 40))
  }
  t.equal(hex(hasher.digest()), hex(hasher.digest()))
})

t.test('sha2: pairs of unequal lengths', async (t) => {
  const capacity = core().input.length
  const lengths = [0, 1, 111, 112, 127, 128, 129, 239, 240, 6144, capacity - 128, capacity + 5]
  for (const { name, pair } of ALGORITHMS) {
    const wrong: string[] = []
    for (const first of lengths) {
      for (const second of lengths) {
        const [a, b] = [message(first, 7), message(second, 8)]
        const got = pair(a, b).map(hex)
        if (got[0] !== node(name, a) || got[1] !== node(name, b)) wrong.push(`${first}, ${second}`)
      }
    }
    t.same(wrong, [], name)
  }
})

t.test('sha2: more than 2^32 bits', async (t) => {
  const chunk = message(0x800000)
  const hasher = new Sha2('SHA-384')
  const reference = createHash('sha384')
  for (let i = 0; i < 65; i++) {
    hasher.update(chunk)
    reference.update(chunk)
  }
  t.equal(hex(hasher.digest()), reference.digest('hex'))
})

t.test('sha2: every length up to 2^53 bytes is padded in as bits', async (t) => {
  const { x, input, output } = core()
  for (const total of [0, 2 ** 29, 2 ** 32, 2 ** 50 + 256, Number.MAX_SAFE_INTEGER - 127]) {
    const block = new Uint8Array(128)
    block[0] = 0x80
    const view = new DataView(block.buffer)
    view.setBigUint64(120, 8n * BigInt(total))

    x.sha2Start(64)
    const chain = output.slice(0, 64)
    input.set(chain)
    input.set(block, 64)
    x.sha2Blocks(1)
    const expected = new BigUint64Array(output.slice(0, 64).buffer)

    input.set(chain)
    x.sha2Finish(64, 0, total)
    const digest = new DataView(output.slice(0, 64).buffer)
    t.same(
      Array.from({ length: 8 }, (_, i) => digest.getBigUint64(8 * i)),
      Array.from(expected),
      `${total} bytes`,
    )
  }
})

t.test('sha2: answers are copies, and views with an offset are read where they lie', async (t) => {
  const bytes = message(300)
  const first = sha384(bytes.subarray(3, 203))
  const kept = hex(first)
  t.equal(kept, node('SHA-384', bytes.subarray(3, 203)))
  sha512(bytes)
  t.equal(hex(first), kept)
  t.equal(first.buffer.byteLength, 48)
})

t.test('sha2: what is not bytes is refused', async (t) => {
  const bytes = new Uint8Array(1)
  for (const bad of ['abc', undefined, [1, 2], new Uint16Array(2)]) {
    const no = bad as unknown as Uint8Array
    throwsCode(t, () => sha384(no), 'ERR_ARGUMENT', 'sha384')
    throwsCode(t, () => sha512Pair(no, bytes), 'ERR_ARGUMENT', 'first of a pair')
    throwsCode(t, () => sha512Pair(bytes, no), 'ERR_ARGUMENT', 'second of a pair')
    throwsCode(t, () => new Sha2('SHA-384').update(no), 'ERR_ARGUMENT', 'update')
  }
  throwsCode(t, () => new Sha2('SHA-256' as Sha2Algorithm), 'ERR_ARGUMENT', 'algorithm')
  throwsCode(t, () => new Sha2('toString' as Sha2Algorithm), 'ERR_ARGUMENT', 'inherited name')
})
