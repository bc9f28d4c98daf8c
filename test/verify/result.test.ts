// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { attempt, conclude, fail, pass, unknown } from '../../src/verify/result.js'

t.test('result: one fail decides, and one unknown leaves open', async (t) => {
  const good = pass('snp.report', 'yes')
  const bad = fail('snp.tcb', 'ERR_SNP_TCB', 'no')
  const open = unknown('snp.chip', 'ERR_CHIP_ID_MASKED', 'who knows')
  t.equal(conclude([good]), 'verified')
  t.equal(conclude([good, open]), 'undecided')
  t.equal(conclude([open, bad, good]), 'rejected')
})

t.test('result: a refusal is a value, a bug is not', async (t) => {
  const refusal = new AttestationError('ERR_CRL', 'no')
  const failing = (error: Error) => () => {
    throw error
  }
  t.equal(attempt(failing(refusal)), refusal)
  t.equal(
    attempt(() => 7),
    7,
  )
  t.throws(() => attempt(failing(new RangeError('bug'))), RangeError)
  const trap = new AttestationError('ERR_CORE_TRAP', 'trap')
  t.throws(() => attempt(failing(trap)), { code: 'ERR_CORE_TRAP' })
})
