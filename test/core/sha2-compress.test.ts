// SPDX-License-Identifier: Apache-2.0
// The compression function is generated: the committed file is what the generator writes, and its
// constants are what FIPS 180-4 defines.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')
const source = readFileSync(path.join(root, 'assembly/sha2-compress.ts'), 'utf8')

/** The words of one table of the generated file; K stands there negated. */
function table(name: string): bigint[] {
  const [, list] = source.match(new RegExp(`const ${name}: usize = .*\\[([^\\]]*)\\]`)) ?? []
  const words = [...(list ?? '').matchAll(/0x[0-9a-f]{16}/g)].map(([word]) => BigInt(word))
  return name === 'k' ? words.map((word) => BigInt.asUintN(64, -word)) : words
}

/** The `count` primes after the first `skip`, by sieve. */
function primes(skip: number, count: number): bigint[] {
  const sieve = Array.from({ length: 410 }, (_, n) => n > 1)
  for (let n = 2; n < 21; n++) for (let m = n * n; m < 410; m += n) sieve[m] = false
  const all = sieve.flatMap((prime, n) => (prime ? [BigInt(n)] : []))
  return all.slice(skip, skip + count)
}

/** Whether `word` is the first 64 bits of the fraction of the `degree`-th root of `prime`. */
function isFraction(word: bigint, prime: bigint, degree: bigint): boolean {
  let whole = 0n
  while ((whole + 1n) ** degree <= prime) whole++
  const root = (whole << 64n) | word
  const scaled = prime << (64n * degree)
  return root ** degree <= scaled && scaled < (root + 1n) ** degree
}

t.test('sha2-compress: the committed file is what the generator writes', async (t) => {
  const generator = path.join(root, 'tools/gen-sha2.mjs')
  const printed = execFileSync(process.execPath, [generator, '--print'], { encoding: 'utf8' })
  t.equal(printed, source)
})

t.test('sha2-compress: constants are the roots of the primes', async (t) => {
  for (const [name, skip, count, degree] of [
    ['k', 0, 80, 3n],
    ['iv512', 0, 8, 2n],
    ['iv384', 8, 8, 2n],
  ] as const) {
    const words = table(name)
    t.equal(words.length, count, name)
    const expected = primes(skip, count)
    const wrong = words.filter((word, i) => !isFraction(word, expected[i] as bigint, degree))
    t.same(wrong, [], name)
  }
})

t.test('sha2-compress: constants are those printed in FIPS 180-4', async (t) => {
  t.equal(table('k')[0], 0x428a2f98d728ae22n)
  t.equal(table('k')[79], 0x6c44198c4a475817n)
  t.equal(table('iv512')[0], 0x6a09e667f3bcc908n)
  t.equal(table('iv384')[0], 0xcbbb9d5dc1059ed8n)
})
