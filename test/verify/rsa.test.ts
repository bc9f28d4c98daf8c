// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { PINNED } from '../../src/verify/roots.js'
import { isAffordableRsa } from '../../src/verify/rsa.js'
import { foreignKeys } from '../fake/amd.js'
import { sequence, tlv } from '../fake/der.js'

const ALGORITHM = sequence('06092a864886f70d010101', '0500')
const MODULUS = tlv(0x02, `00${'c5'.repeat(512)}`)
const bits = (...parts: Parameters<typeof tlv>[1][]) => tlv(0x03, '00', ...parts)
const spki = (exponent: string) => sequence(ALGORITHM, bits(sequence(MODULUS, tlv(0x02, exponent))))

t.test('rsa: the keys of AMD, and others of their form', async (t) => {
  for (const { subject, spki } of PINNED) t.equal(isAffordableRsa(spki), true, subject)
  t.equal(isAffordableRsa(spki('010001')), true)
  for (const modulusLength of [2048, 3072, 4096]) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
    const der = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
    t.equal(isAffordableRsa(der), true, `${modulusLength} bits`)
  }
})

t.test('rsa: what a stranger would have us work on', async (t) => {
  for (const exponent of ['03', '010003', '01000000010001', `01${'00'.repeat(5)}010001`]) {
    t.equal(isAffordableRsa(spki(exponent)), false, exponent)
  }
  const small = tlv(0x02, `00${'c5'.repeat(256)}`)
  const long = tlv(0x02, `01${'00'.repeat(200)}0203010001`)
  t.equal(isAffordableRsa(sequence(ALGORITHM, bits(sequence(small, long)))), false, 'ends alike')
  const huge = tlv(0x02, `00${'c5'.repeat(513)}`)
  t.equal(isAffordableRsa(sequence(ALGORITHM, bits(sequence(huge, '0203010001')))), false)
})

t.test('rsa: what is no such key', async (t) => {
  const { publicKey } = (await foreignKeys()).vek
  const ec = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
  const key = sequence(MODULUS, '0203010001')
  const cases = [ec, new Uint8Array(), key, sequence(ALGORITHM), sequence(ALGORITHM, key)]
  for (const der of [...cases, sequence(ALGORITHM, bits(key, '0500'))]) {
    t.equal(isAffordableRsa(der), false)
  }
})
