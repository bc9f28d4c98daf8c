// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { fuzz } from './run.js'
import { targets } from './targets.js'

const INPUTS = 2_000

for (const target of await targets()) {
  t.test(`fuzz: ${target.name} accepts or refuses, and nothing else`, async (t) => {
    const { accepted, refused } = fuzz(target, INPUTS, 20_260_101)
    t.equal(accepted + refused, INPUTS)
    t.ok(refused > 0, `${refused} refused`)
    for (const seed of target.seeds) t.doesNotThrow(() => target.parse(seed))
  })
}

t.test('fuzz: an error that is not about the evidence is a failure, with its input', async (t) => {
  const thrower = (error: Error) => ({
    name: 'broken',
    seeds: [new Uint8Array(16)],
    parse: () => {
      throw error
    },
  })
  t.throws(() => fuzz(thrower(new RangeError('oops')), 1, 1), { message: /^broken: .+\ninput: / })
  t.throws(() => fuzz(thrower(new AttestationError('ERR_CORE_TRAP', 'trap')), 1, 1), {
    message: /^broken: .+\ninput: /,
  })
})
