// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import { merkleRoot, merkleVerify } from '../../src/core/merkle.js'
import { merkleTree } from '../../src/core/merkle-tree.js'
import { hex, throwsCode } from '../helpers.js'
import { Tree } from '../oracle/merkle.js'
import { entriesOf, type Proof, spread } from './proofs.js'

const verifies = (p: Proof): void => merkleVerify(p.entry, p.index, p.size, p.path, p.root)

t.test('tree: known answers', async (t) => {
  // Computed with Python's hashlib.
  const entries = Array.from({ length: 7 }, (_, at) => new Uint8Array(64).fill(at))
  t.equal(
    hex(merkleTree(entries).root),
    '953acee73fbd2bfd9a5b798e56a02f753c69329970cc7929a8fc276e130be135d323b64cc4f16baddc57e107d4620652',
  )
  t.equal(
    hex(merkleTree(entries.slice(0, 1)).root),
    'a53e5394c9adbbde8c06d18cb1f54f115832948b7fbed610791150c486677209eb6f69ed0f9a3151dbfa1b957e35a2fc',
  )
})

t.test('tree: sizes 1 to 130, all indices, against the recursive definition', async (t) => {
  for (let size = 1; size <= 130; size++) {
    const entries = entriesOf(size)
    const tree = merkleTree(entries)
    const expected = new Tree(entries)
    t.equal(tree.size, size)
    t.equal(hex(tree.root), hex(expected.root()), `root of ${size}`)
    const wrong = entries.flatMap((entry, index) => {
      const path = tree.path(index)
      verifies({ entry, index, size, path, root: tree.root })
      return path.map(hex).join() === expected.path(index).map(hex).join() ? [] : [index]
    })
    t.strictSame(wrong, [], `paths of ${size}`)
  }
})

t.test('tree: 65,536 leaves', async (t) => {
  const size = 65536
  const entries = entriesOf(size)
  const tree = merkleTree(entries)
  const expected = new Tree(entries)
  t.equal(hex(tree.root), hex(expected.root()))
  const indices = [0, 1, 2, 340, 341, 342, 681, 682, 683, 32767, 32768, 40000, 65534, 65535]
  for (const index of indices) {
    const path = tree.path(index)
    t.equal(path.length, 16)
    t.strictSame(path.map(hex), expected.path(index).map(hex), `path of ${index}`)
    t.doesNotThrow(() =>
      verifies({ entry: entries[index] as Uint8Array, index, size, path, root: tree.root }),
    )
  }
})

t.test('tree: sizes around every window full', async (t) => {
  for (const size of [
    340, 341, 342, 681, 682, 683, 684, 1023, 1024, 1025, 1899, 1900, 4097, 65535,
  ]) {
    const entries = entriesOf(size)
    const tree = merkleTree(entries)
    const expected = new Tree(entries)
    t.equal(hex(tree.root), hex(expected.root()), `root of ${size}`)
    for (const index of spread(size)) {
      t.strictSame(tree.path(index).map(hex), expected.path(index).map(hex), `${index} of ${size}`)
    }
  }
})

t.test('tree: entries of any length, equal ones included', async (t) => {
  const entry = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(64)))
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 40 }), fc.nat(), (entries, n) => {
      const index = n % entries.length
      const tree = merkleTree(entries)
      const expected = new Tree(entries)
      const path = tree.path(index)
      const own = entries[index] as Uint8Array
      verifies({ entry: own, index, size: entries.length, path, root: tree.root })
      return (
        expected.root().equals(tree.root) &&
        expected.path(index).map(hex).join() === path.map(hex).join()
      )
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
})

t.test('tree: entries that fill the window, to the byte and beyond', async (t) => {
  const cases = [
    [0, 65536, 65536, 1, 40000, 64, 65530, 65531, 0],
    [65536, 65525],
    [65536, 65526],
    [65536, 65527],
  ]
  for (const lengths of cases) {
    const entries = lengths.map((length, at) => new Uint8Array(length).fill(at + 1))
    const expected = new Tree(entries)
    const root = hex(expected.root())
    t.equal(hex(merkleTree(entries).root), root, `${lengths}`)
    for (const [index, entry] of entries.entries()) {
      t.equal(hex(merkleRoot(entry, index, entries.length, expected.path(index))), root)
    }
  }
})

t.test('tree: later changes of entries or of results change nothing', async (t) => {
  const entries = entriesOf(9)
  const tree = merkleTree(entries)
  const root = hex(tree.root)
  const path = tree.path(4).map(hex)
  for (const entry of entries) entry.fill(0)
  tree.root.fill(0)
  for (const hash of tree.path(4)) hash.fill(0)
  merkleTree(entriesOf(700))
  t.equal(hex(tree.root), root)
  t.strictSame(tree.path(4).map(hex), path)
})

t.test('tree: sizes and indices out of range', async (t) => {
  throwsCode(t, () => merkleTree([]), 'ERR_MERKLE_INDEX')
  throwsCode(t, () => merkleTree(new Array(65537).fill(new Uint8Array(1))), 'ERR_MERKLE_INDEX')
  throwsCode(t, () => merkleTree([new Uint8Array(65537)]), 'ERR_EVIDENCE_SIZE')
  throwsCode(t, () => merkleTree(['entry' as never]), 'ERR_ARGUMENT')
  throwsCode(t, () => merkleTree(new Array(3)), 'ERR_ARGUMENT')
  const tree = merkleTree(entriesOf(5))
  for (const index of [5, 6, 7, 8, 65536, 0xffffffff]) {
    throwsCode(t, () => tree.path(index), 'ERR_MERKLE_INDEX', `index ${index}`)
  }
  for (const index of [-1, 0.5, Number.NaN, 2 ** 32, '1' as never]) {
    throwsCode(t, () => tree.path(index), 'ERR_ARGUMENT', `index ${index}`)
  }
})
