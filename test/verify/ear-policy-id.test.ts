// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto'
import t from 'tap'
import { policyId } from '../../src/verify/ear-policy-id.js'
import { authenticity } from '../../src/verify/policy.js'

/** The identifier of a text that is canonical already. */
const idOf = (text: string) =>
  `ni:///sha-384;${createHash('sha384').update(text).digest('base64url')}`

t.test('policy id: the digest of canonical JSON', async (t) => {
  const document = { b: [3, { z: 'any', a: null }], a: 'é"\\', '€': true, '\r': 1, A: {} }
  const canonical = '{"\\r":1,"A":{},"a":"é\\"\\\\","b":[3,{"a":null,"z":"any"}],"€":true}'
  t.equal(policyId(document), idOf(canonical))
  t.equal(policyId('any'), idOf('"any"'))
})

t.test('policy id: names what it accepts, in whatever order it is written', async (t) => {
  const policy = authenticity()
  const reversed = Object.fromEntries(Object.entries(policy).reverse())
  t.equal(policyId(reversed), policyId(policy))
  t.not(policyId({ ...policy, name: 'another' }), policyId(policy))
})
