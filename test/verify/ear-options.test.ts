// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { checkEarOptions, type EarOptions, numericDate } from '../../src/verify/ear-options.js'
import { throwsCode } from '../helpers.js'

const NOW = new Date('2026-07-01T12:00:00.900Z')
const GOOD: EarOptions = { profile: 'ietf-04', verifierBuild: 'assay 0.1.0', issuedAt: NOW }

const check = (change: object) => () =>
  checkEarOptions({ ...GOOD, ...change } as EarOptions, NOW.toISOString())

t.test('ear options: what is asked for', async (t) => {
  t.doesNotThrow(check({}))
  t.doesNotThrow(check({ profile: 'veraison-2023' }))
  t.doesNotThrow(check({ expiresAt: new Date(NOW.getTime() + 1000) }))
  for (const length of [8, 64]) t.doesNotThrow(check({ nonce: new Uint8Array(length) }))
})

t.test('ear options: everything else is refused', async (t) => {
  const refused: Record<string, object> = {
    'unknown option': { verifier: 'x' },
    'unknown profile': { profile: 'ietf-05' },
    'inherited profile': { profile: 'toString' },
    'no build': { verifierBuild: '' },
    'build of another type': { verifierBuild: 1 },
    'issue time of another type': { issuedAt: NOW.toISOString() },
    'invalid issue time': { issuedAt: new Date(Number.NaN) },
    'invalid expiry': { expiresAt: new Date(Number.NaN) },
    'expiry of another type': { expiresAt: 1 },
    'expiry before issue': { expiresAt: new Date(NOW.getTime() - 1000) },
    'expiry in the second of issue': { expiresAt: new Date(NOW.getTime() + 50) },
    'nonce of another type': { nonce: 'c29tZSBub25jZQ' },
    'nonce of 7 bytes': { nonce: new Uint8Array(7) },
    'nonce of 65 bytes': { nonce: new Uint8Array(65) },
  }
  for (const [title, change] of Object.entries(refused)) {
    throwsCode(t, check(change), 'ERR_ARGUMENT', title)
  }
  for (const options of [undefined, null, 'x']) {
    throwsCode(t, () => checkEarOptions(options as never, NOW.toISOString()), 'ERR_ARGUMENT')
  }
})

t.test('ear options: dates are whole seconds', async (t) => {
  t.equal(numericDate(NOW), Date.parse('2026-07-01T12:00:00Z') / 1000)
})
