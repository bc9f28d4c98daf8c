// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import { Status } from '../../assembly/status.js'
import { core } from '../../src/core/core.js'
import { merkleRoot, merkleVerify } from '../../src/core/merkle.js'
import { merkleTree } from '../../src/core/merkle-tree.js'
import type { Code } from '../../src/errors.js'
import { throwsCode } from '../helpers.js'
import { climb } from '../oracle/merkle.js'
import { alterations, code, entriesOf, flips, type Proof, proofs, spread } from './proofs.js'

const verifies = (p: Proof): void => merkleVerify(p.entry, p.index, p.size, p.path, p.root)

t.test('root: arguments out of range', async (t) => {
  const [p] = proofs(6, [2]) as [Proof]
  const refused = (change: Partial<Record<keyof Proof, unknown>>, expected: Code, title: string) =>
    throwsCode(t, () => verifies({ ...p, ...change } as Proof), expected, title)
  for (const index of [6, 7, 8, 65536, 0x80000002, 0xffffffff]) {
    refused({ index }, 'ERR_MERKLE_INDEX', `index ${index}`)
  }
  for (const size of [0, 1, 2, 65537, 0x80000006, 0xffffffff]) {
    refused({ size }, 'ERR_MERKLE_INDEX', `size ${size}`)
  }
  refused({ index: 0, size: 0, path: [] }, 'ERR_MERKLE_INDEX', 'an empty tree')
  for (const value of [-1, 2.5, Number.NaN, 2 ** 32 + 2, '2']) {
    refused({ index: value }, 'ERR_ARGUMENT', `index ${value}`)
    refused({ size: value }, 'ERR_ARGUMENT', `size ${value}`)
  }
  refused({ entry: 'entry' }, 'ERR_ARGUMENT', 'an entry that is no bytes')
  refused({ entry: new Uint8Array(65537) }, 'ERR_EVIDENCE_SIZE', 'an entry too large')
  refused({ root: 'root' }, 'ERR_ARGUMENT', 'a root that is no bytes')
  refused({ root: p.root.subarray(0, 47) }, 'ERR_MERKLE_PATH', 'a short root')
  refused({ path: ['hash', 'hash', 'hash'] }, 'ERR_ARGUMENT', 'a path that is no bytes')
})

t.test('root: a path has exactly the hashes that index and size demand', async (t) => {
  const hash = new Uint8Array(48).fill(7)
  const [entry] = entriesOf(1) as [Uint8Array]
  const wrong: string[] = []
  for (let size = 1; size <= 130; size++) {
    for (let index = 0; index < size; index++) {
      for (let length = 0; length <= 17; length++) {
        const path = new Array(length).fill(hash)
        const expected = climb(entry, index, size, path)
        const got = code(() => merkleRoot(entry, index, size, path))
        if (got !== (expected === null ? 'ERR_MERKLE_PATH' : null))
          wrong.push(`${index}/${size}: ${length}`)
      }
    }
  }
  t.strictSame(wrong, [])
  for (const length of [0, 1, 47, 49, 96]) {
    const path = [hash, new Uint8Array(length)]
    throwsCode(t, () => merkleRoot(entry, 0, 3, path), 'ERR_MERKLE_PATH', `a hash of ${length}`)
  }
})

t.test('root: the core counts what is wrong with a path from its start', async (t) => {
  const c = core()
  const run = (...args: [number, number, number, number]) => [c.x.rootOf(...args), c.rows[0]]
  t.strictSame(run(0, 5, 2 * 48, 64), [Status.MerklePathLength, 2 * 48], 'too short')
  t.strictSame(run(0, 5, 4 * 48, 64), [Status.MerklePathLength, 3 * 48], 'too long')
  t.strictSame(run(0, 5, 3 * 48 - 1, 64), [Status.MerklePathLength, 2 * 48], 'not whole')
  t.strictSame(run(0, 5, 3 * 48 + 1, 64), [Status.MerklePathLength, 3 * 48], 'not whole')
  t.strictSame(run(5, 5, 3 * 48, 64), [Status.MerkleIndex, 0])
  t.strictSame(run(0, 0, 0, 64), [Status.MerkleIndex, 0])
  t.strictSame(run(0, 65537, 17 * 48, 64), [Status.MerkleIndex, 0])
  t.equal(c.x.rootOf(4, 5, 48, 64), Status.Ok)
})

t.test('root: any index, size and path agree with the recursive definition', async (t) => {
  const bytes = fc.uint8Array({ minLength: 48, maxLength: 48 })
  const proof = fc.integer({ min: 1, max: 65536 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      index: fc.nat(size - 1),
      entry: fc.uint8Array({ maxLength: 130 }),
      path: fc.array(bytes, { minLength: 16, maxLength: 16 }),
    }),
  )
  fc.assert(
    fc.property(proof, ({ size, index, entry, path }) => {
      let accepted = 0
      for (let length = 0; length <= 16; length++) {
        const part = path.slice(0, length)
        const expected = climb(entry, index, size, part)
        if (expected === null) {
          if (code(() => merkleRoot(entry, index, size, part)) !== 'ERR_MERKLE_PATH') return false
        } else {
          accepted += 1
          if (!expected.equals(merkleRoot(entry, index, size, part))) return false
        }
      }
      return accepted === 1
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
})

t.test('proof: every single-bit change of entry, path, root or index is refused', async (t) => {
  for (const size of [1, 2, 3, 4, 5, 7, 8, 33, 64, 100, 130, 65536]) {
    for (const p of proofs(size, spread(size))) {
      const altered = [...alterations(p), ...[...flips(p.root)].map((root) => ({ ...p, root }))]
      verifies(p)
      const codes = new Set(altered.map((other) => code(() => verifies(other))))
      codes.delete('ERR_MERKLE_INDEX')
      t.strictSame([...codes], ['ERR_MERKLE_PATH'], `${p.index} of ${size}`)
    }
  }
})

t.test('proof: hashes missing, added, swapped or of another leaf are refused', async (t) => {
  for (const size of [2, 5, 6, 64, 130]) {
    for (const p of proofs(size, spread(size))) {
      const paths = [
        p.path.slice(1),
        p.path.slice(0, -1),
        [...p.path, p.root],
        [p.root, ...p.path],
        p.path.length > 1 ? p.path.toReversed() : [],
      ]
      const codes = paths.map((path) => code(() => verifies({ ...p, path })))
      t.strictSame([...new Set(codes)], ['ERR_MERKLE_PATH'], `${p.index} of ${size}`)
    }
  }
  const [a, b] = proofs(8, [2, 5]) as [Proof, Proof]
  throwsCode(t, () => verifies({ ...a, path: b.path }), 'ERR_MERKLE_PATH')
  throwsCode(t, () => verifies({ ...a, entry: b.entry }), 'ERR_MERKLE_PATH')
})

t.test('proof: a node does not pass for a leaf', async (t) => {
  const tree = merkleTree(entriesOf(4))
  const [left, above] = tree.path(1) as [Uint8Array, Uint8Array]
  const [right] = tree.path(0) as [Uint8Array]
  const entry = Uint8Array.of(...left, ...right)
  throwsCode(t, () => merkleVerify(entry, 0, 2, [above], tree.root), 'ERR_MERKLE_PATH')
})
