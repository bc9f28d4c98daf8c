// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { type CertificateState, Readiness } from '../../src/webhook/health.js'
import { HandClock } from '../service/hand-clock.js'

const DAY_MS = 86_400_000
const START = new Date('2026-11-21T12:00:00Z')
const after = (days: number) => new Date(START.getTime() + days * DAY_MS)

function readiness(notBefore: Date, notAfter: Date, trouble: CertificateState['trouble'] = null) {
  const clock = new HandClock(START)
  return { clock, ready: new Readiness(clock, () => ({ notBefore, notAfter, trouble })) }
}

t.test('readiness: only while the certificate is in date', async (t) => {
  const { clock, ready } = readiness(after(1), after(91))
  t.match(ready.trouble, { code: 'ERR_TLS_VALIDITY', message: /begins at .*clock/ })
  clock.skew = 1 * DAY_MS
  t.equal(ready.trouble, null)
  clock.skew = 91 * DAY_MS
  t.equal(ready.trouble, null)
  clock.skew += 1
  t.match(ready.trouble, { code: 'ERR_TLS_VALIDITY', message: /ended at .*renew it/ })
})

t.test('readiness: over as soon as the process is to end', async (t) => {
  const { ready } = readiness(after(-1), after(90))
  t.equal(ready.stopping, false)
  ready.stop()
  t.equal(ready.stopping, true)
  t.match(ready.trouble, { code: 'ERR_SHUTDOWN' })
})

t.test('readiness: a warning when renewal is overdue, for long lives and short ones', async (t) => {
  for (const [life, warned] of [
    [365, 7],
    [90, 7],
    [1, 0.2],
  ] as const) {
    const { clock, ready } = readiness(START, after(life))
    clock.skew = (life - warned) * DAY_MS
    t.same(ready.warnings, [], `${life} days`)
    clock.skew += 1000
    t.match(ready.warnings, [/^the certificate ends at \S+; renew it$/])
    t.equal(ready.trouble, null)
  }
})

t.test(
  'readiness: files that are of no use are a warning while there is a certificate',
  async (t) => {
    const trouble = new AttestationError('ERR_TLS_FILES', 'of no use')
    t.same(readiness(START, after(90), trouble).ready.warnings, ['ERR_TLS_FILES: of no use'])
    t.equal(readiness(START, after(90), trouble).ready.trouble, null)
  },
)
