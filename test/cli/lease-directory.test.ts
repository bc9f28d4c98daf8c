// SPDX-License-Identifier: Apache-2.0
// The client and the directory of this project together, over HTTP, down to the evidence.

import t from 'tap'
import { fetchExpectations, resolveLease } from '../../src/client/index.js'
import { world } from '../directory/app-world.js'
import { leaseHints } from '../fake/akash.js'
import { rejectsCode } from '../helpers.js'
import {
  DIGEST,
  EXPECTED,
  flagsFor,
  guestOf,
  hintOf,
  LEASE,
  verifyLease,
  WORKLOAD,
} from './lease-world.js'

t.test('lease: from a directory to a verdict, through its changes', async (t) => {
  const [first, second] = [await guestOf(t, WORKLOAD), await guestOf(t, WORKLOAD)]
  const { app, state, source } = world(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const at = [{ directories: [url], fetch }] as const
  await rejectsCode(t, resolveLease(LEASE, ...at), 'ERR_DIRECTORY_NOT_FOUND')
  const one = leaseHints({ lease: LEASE, endpoints: [hintOf(first)] })
  state.setLease(one)
  state.setExpectations(new Map([[DIGEST, EXPECTED]]))
  const known = await resolveLease(LEASE, ...at)
  t.strictSame(known.hints, one)
  t.type(known.etag, 'string')
  const answers: number[] = []
  const counted: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    answers.push(response.status)
    return response
  }
  const again = { directories: [url], fetch: counted, known }
  t.strictSame(await resolveLease(LEASE, again), known)
  const { bytes } = await fetchExpectations(DIGEST, ...at)
  t.same(bytes, EXPECTED)
  const flags = ['--directory', url, '--trust-expectations', ...flagsFor(first)]
  t.equal((await verifyLease(flags)).code, 0)
  state.setLease({ ...one, endpoints: [hintOf(first), hintOf(second, { replica: 'web-1' })] })
  const now = await resolveLease(LEASE, again)
  t.equal(now.hints.endpoints.length, 2)
  t.not(now.etag, known.etag)
  t.strictSame(answers, [304, 200])
  const both = await verifyLease(flags)
  t.match(both, { code: 0, codes: [[], []] })
  source.connected = false
  t.equal((await verifyLease(flags)).code, 0, 'what it mirrors is out of reach')
  source.ready = false
  await rejectsCode(t, resolveLease(LEASE, ...at), 'ERR_DIRECTORY_STATUS')
})
