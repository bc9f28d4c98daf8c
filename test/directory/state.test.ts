// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { type Change, DirectoryState } from '../../src/directory/state.js'
import { leaseKey } from '../../src/discovery/lease.js'
import { endpoint, hints, leaseId, ownerOf } from './leases.js'

function observed() {
  const state = new DirectoryState()
  const changes: Change[] = []
  const end = state.onChange((change) => changes.push(change))
  return { state, changes, end }
}

t.test('state: a lease is its content, whatever order it came in', async (t) => {
  const id = leaseId(7)
  const a = endpoint({ service: 'a', protocols: ['x', 'y'], expectations: ['p', 'q'] })
  const ends = [
    a,
    endpoint({ service: 'b', replica: '0' }),
    endpoint({ service: 'b', replica: '1', kind: 'direct' }),
    endpoint({ service: 'b', replica: '1', kind: 'gateway', url: 'https://1.example.com' }),
    endpoint({ service: 'b', replica: '1', kind: 'gateway', url: 'https://2.example.com' }),
  ]
  const shuffled = Object.fromEntries(Object.entries(a).reverse()) as unknown as typeof a
  const first = new DirectoryState()
  const second = new DirectoryState()
  first.setLease(hints(id, ends))
  second.setLease({
    endpoints: [
      ...ends.slice(1).reverse(),
      { ...shuffled, protocols: ['y', 'x'], expectations: ['q', 'p'] },
    ],
    provider: ownerOf(999),
    lease: { oseq: 1, gseq: 1, dseq: '7', owner: id.owner },
  })
  t.same(first.lease(leaseKey(id)), second.lease(leaseKey(id)))
  t.equal(first.digest(), second.digest())
  t.same(JSON.parse(first.lease(leaseKey(id))?.text ?? ''), hints(id, ends))
  t.match(first.lease(leaseKey(id))?.etag, /^"[\w-]{22}"$/)
})

t.test('state: every field counts for the tag, and text is ASCII', async (t) => {
  const id = leaseId(1)
  const tags = new Set<string>()
  const change = (hinted: ReturnType<typeof hints>) => {
    const state = new DirectoryState()
    state.setLease(hinted)
    const entry = state.lease(leaseKey(hinted.lease))
    t.match(entry?.text, /^[ -~]+$/)
    tags.add(entry?.etag as string)
  }
  const variants = [
    endpoint(),
    endpoint({ service: 'wêb\u007f\u{1f600}' }),
    endpoint({ replica: 'r' }),
    endpoint({ url: 'https://other.example.com' }),
    endpoint({ kind: 'gateway' }),
    endpoint({ tee: 'tdx' }),
    endpoint({ gpus: 1 }),
    endpoint({ protocols: [] }),
    endpoint({ expectations: ['sha256:00'] }),
  ]
  for (const one of variants) change(hints(id, [one]))
  change(hints(id, [endpoint()], null))
  change(hints(leaseId(2)))
  t.equal(tags.size, variants.length + 2)
  const state = new DirectoryState()
  state.setLease(hints(id, [variants[1] as ReturnType<typeof endpoint>]))
  t.equal(
    JSON.parse(state.lease(leaseKey(id))?.text ?? '').endpoints[0].service,
    'wêb\u007f\u{1f600}',
  )
})

t.test('state: changes are told once each, and nothing where nothing changed', async (t) => {
  const { state, changes, end } = observed()
  const id = leaseId(1)
  state.setLease(hints(id))
  state.setLease(hints(id))
  state.setLease(hints(id, [endpoint(), endpoint({ replica: '2' })]))
  t.equal(changes.length, 2)
  t.not(changes[0]?.etag, changes[1]?.etag)
  t.equal(state.counts.endpoints, 2)
  state.deleteLease(leaseId(2))
  state.deleteLease(id)
  state.deleteLease(id)
  t.same(changes.slice(2), [{ key: leaseKey(id), owner: id.owner, etag: null }])
  t.same(state.counts, { leases: 0, endpoints: 0, owners: 0, expectations: 0 })
  end()
  state.setLease(hints(id))
  t.equal(changes.length, 3)
})

t.test('state: leases of an owner stand in the order of their numbers', async (t) => {
  const { state } = observed()
  const ids = [
    leaseId('18446744073709551615'),
    leaseId(9, { gseq: 2, oseq: 10 }),
    leaseId(10),
    leaseId(9, { gseq: 10 }),
    leaseId(9),
    leaseId(9, { gseq: 2, oseq: 9 }),
  ]
  for (const id of ids) state.setLease(hints(id))
  state.setLease(hints(leaseId(1, { owner: ownerOf(1) })))
  // In its place, not beside it.
  state.setLease(hints(leaseId(10), []))
  const order = () => state.leasesOf(ownerOf(0)).map(({ key }) => key.slice(ownerOf(0).length + 1))
  t.same(order(), ['9/1/1', '9/2/9', '9/2/10', '9/10/1', '10/1/1', '18446744073709551615/1/1'])
  state.deleteLease(leaseId(9, { gseq: 2, oseq: 9 }))
  t.same(order(), ['9/1/1', '9/2/10', '9/10/1', '10/1/1', '18446744073709551615/1/1'])
  t.same(state.leasesOf(ownerOf(2)), [])
  t.same(state.counts, { leases: 6, endpoints: 5, owners: 2, expectations: 0 })
})

t.test('state: replaced as a whole, with what is the same left alone', async (t) => {
  const { state, changes } = observed()
  state.replaceLeases([hints(leaseId(1)), hints(leaseId(2)), hints(leaseId(3))])
  const same = state.lease(leaseKey(leaseId(2)))
  changes.length = 0
  state.replaceLeases([hints(leaseId(2)), hints(leaseId(3), []), hints(leaseId(4))])
  t.same(
    changes.map(({ key, etag }) => [key.slice(ownerOf(0).length + 1), etag !== null]),
    [
      ['3/1/1', true],
      ['4/1/1', true],
      ['1/1/1', false],
    ],
  )
  t.equal(state.lease(leaseKey(leaseId(2))), same)
  const other = new DirectoryState()
  t.not(state.digest(), other.digest())
  for (const dseq of [4, 3, 2]) other.setLease(hints(leaseId(dseq), dseq === 3 ? [] : undefined))
  t.equal(state.digest(), other.digest(), 'whatever way led there')
})

t.test('state: expectations are the bytes they were, under their digest', async (t) => {
  const { state } = observed()
  const bytes = new Uint8Array([0x7b, 0x7d, 0x7b, 0x7d]).subarray(2)
  const before = state.digest()
  state.setExpectations(new Map([['sha256:aa', bytes]]))
  t.same(state.expectations('sha256:aa'), { bytes: Buffer.from('{}'), etag: '"sha256:aa"' })
  t.equal(state.counts.expectations, 1)
  t.not(state.digest(), before)
  state.setExpectations(new Map())
  t.equal(state.expectations('sha256:aa'), undefined)
})
