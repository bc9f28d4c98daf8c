// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { lastWords } from '../../src/service/lifetime.js'

t.test('lifetime: an error that ends the process has a code and an exit code', async (t) => {
  t.match(lastWords(new AttestationError('ERR_USAGE', 'unknown flag')), {
    line: { code: 'ERR_USAGE' },
    message: 'unknown flag',
    exit: 30,
  })
  const error = new TypeError('no function')
  t.match(lastWords(error), { line: { code: 'ERR_INTERNAL', err: error }, exit: 1 })
})
