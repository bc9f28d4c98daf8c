// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import * as protocol from '../../assembly/protocol.js'
import { Status } from '../../assembly/status.js'
import { core } from '../../src/core/core.js'
import { type DeviceEvidence, gpuEvidenceDigest, gpuNonce } from '../../src/core/digest.js'
import { changed, hex, throwsCode } from '../helpers.js'
import * as oracle from '../oracle/digest.js'

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const two: readonly DeviceEvidence[] = [
  { index: 0, evidence: bytes(3, 0x11) },
  { index: 7, evidence: bytes(200, 0x22) },
]
const eight: readonly DeviceEvidence[] = Array.from({ length: 8 }, (_, index) => ({
  index,
  evidence: Uint8Array.from({ length: 6144 + index }, (_, at) => at * 31 + index),
}))
const same = (devices: readonly DeviceEvidence[]): boolean =>
  oracle.gpuEvidenceDigest(devices).equals(gpuEvidenceDigest(devices))

// Expected values that are written out were computed with Python's hashlib.
t.test('digest: known answers', async (t) => {
  t.equal(
    hex(gpuEvidenceDigest(two)),
    'e3fd8fb07078efd5966d5ac81f7126bec3863620ef9a81fceec6a87a8a2703c374595dee778a7bad7bb454b0f1ddff3d',
  )
  t.equal(
    hex(gpuEvidenceDigest([])),
    'dd3767f07327875aba1463c800c315ce792b9e405246c1409d527eac0d0119381bb0cff802f99d79cca6589a9cee1b0b',
  )
})

t.test('digest: any devices agree with the oracle', async (t) => {
  const devices = fc
    .uniqueArray(
      fc.record({
        index: fc.oneof(fc.nat(15), fc.nat(0xffffffff)),
        evidence: fc.uint8Array({ maxLength: 700 }),
      }),
      { selector: (device) => device.index, maxLength: 9 },
    )
    .map((list) => list.sort((a, b) => a.index - b.index))
  fc.assert(fc.property(devices, same), { numRuns: 300 })
  t.ok(same(eight), 'a platform of eight')
})

t.test('digest: lengths of two reports, near each other and far apart', async (t) => {
  const lengths = [0, 1, 111, 112, 127, 128, 129, 239, 240, 256, 1000, 6144]
  for (const a of lengths) {
    for (const b of lengths) {
      const devices = [bytes(a, 1), bytes(b, 2)].map((evidence, index) => ({ index, evidence }))
      t.ok(same(devices), `${a} and ${b} bytes`)
    }
  }
})

t.test('digest: evidence larger than the input window', async (t) => {
  for (const length of [0x1ffff, 0x20000, 0x20001, 0x40000, 0x50001]) {
    const evidence = Uint8Array.from({ length }, (_, at) => at * 13)
    t.ok(same([{ index: 3, evidence }]), `${length} bytes alone`)
    t.ok(same([...two, { index: 9, evidence }, { index: 10, evidence }]), `${length} bytes, twice`)
  }
})

t.test('digest: odd and even numbers of devices, up to the limit', async (t) => {
  const most = Math.floor((0x20000 - protocol.ROWS_AT) / protocol.ROW_LEN)
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ index, evidence: bytes(index % 5, index) }))
  for (let count = 1; count <= 20; count++) t.ok(same(many(count)), `${count} devices`)
  t.ok(same(many(most)), `${most} devices`)
  throwsCode(t, () => gpuEvidenceDigest(many(most + 1)), 'ERR_EVIDENCE_SIZE')
})

t.test('digest: a swap, a changed bit, a changed index, a missing device all show', async (t) => {
  const [first, second] = two as [DeviceEvidence, DeviceEvidence]
  const digests = [
    two,
    [first],
    [first, { ...second, index: 8 }],
    [
      { ...first, evidence: second.evidence },
      { ...second, evidence: first.evidence },
    ],
    [first, { ...second, evidence: changed(second.evidence, (copy) => copy.fill(0x23, 199)) }],
    [first, { ...second, evidence: second.evidence.subarray(1) }],
  ].map((devices) => hex(gpuEvidenceDigest(devices)))
  t.equal(new Set(digests).size, digests.length)
})

t.test('digest: indices that do not ascend are refused', async (t) => {
  const refused = (...indices: readonly number[]) =>
    throwsCode(
      t,
      () => gpuEvidenceDigest(indices.map((index) => ({ index, evidence: bytes(1, 1) }))),
      'ERR_DIGEST_ORDER',
      `${indices}`,
    )
  refused(0, 0)
  refused(1, 0)
  refused(0, 1, 1)
  refused(0, 2, 1)
  refused(0xffffffff, 0)
  refused(0x80000000, 0x7fffffff)
  refused(0x100, 0x1)
  t.ok(
    same(
      [0, 0x7fffffff, 0x80000000, 0xffffffff].map((index) => ({ index, evidence: bytes(1, 1) })),
    ),
  )
})

t.test('digest: the core names the row that is out of order', async (t) => {
  const c = core()
  c.input.fill(0, 0, 0x1000)
  t.equal(c.x.digestRows(3), Status.DigestOrder)
  t.equal(c.rows[0], protocol.ROW_LEN)
})

t.test('digest: what is not an index or not bytes is refused', async (t) => {
  const evidence = bytes(1, 1)
  for (const index of [-1, 1.5, Number.NaN, 2 ** 32, '0' as never, null as never]) {
    throwsCode(t, () => gpuEvidenceDigest([{ index, evidence }]), 'ERR_ARGUMENT', `${index}`)
  }
  const text = 'evidence' as never
  throwsCode(t, () => gpuEvidenceDigest([{ index: 0, evidence: text }]), 'ERR_ARGUMENT')
})

t.test('digest: a result is a copy', async (t) => {
  const digest = gpuEvidenceDigest(two)
  const before = hex(digest)
  gpuEvidenceDigest(eight)
  t.equal(hex(digest), before)
})

t.test('GPU nonce: known answer, and the oracle for every length', async (t) => {
  const root = Uint8Array.from({ length: 65 }, (_, at) => at)
  t.equal(
    hex(gpuNonce(root.subarray(0, 32))),
    'dd71cda43cd40078bb0ef52660d5d4a7fdbe3456a27dc8cfbab23058c0bced9f',
  )
  for (let length = 0; length <= 65; length++) {
    const part = root.subarray(0, length)
    if (length < 32 || length > 64) {
      throwsCode(t, () => gpuNonce(part), 'ERR_REPORT_DATA_LENGTH', `${length} bytes`)
    } else {
      t.equal(hex(gpuNonce(part)), oracle.gpuNonce(part).toString('hex'), `${length} bytes`)
    }
  }
  throwsCode(t, () => gpuNonce('root' as never), 'ERR_ARGUMENT')
})
