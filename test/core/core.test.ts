// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { core } from '../../src/core/core.js'

t.test('core: fixed memory', async (t) => {
  t.equal(core().input.length, 0x20000)
})
