// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import t from 'tap'
import { isAddress } from '../../src/discovery/index.js'
import { addressOf } from '../fake/akash.js'

t.test('address: accounts, modules and contracts of Akash', async (t) => {
  // The module account of escrow deposits and the fee collector have well-known addresses.
  t.ok(isAddress('akash17xpfvakm2amg962yls6f84z3kell8c5lazw8j8'), 'fee collector')
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(31, 32, 33, 51, 52, 53), (number, length) => {
      return isAddress(addressOf(number, 'akash', length)) === (length === 32 || length === 52)
    }),
  )
  t.ok(isAddress(addressOf(1)))
})

t.test('address: one wrong character is found, wherever it stands', async (t) => {
  const right = addressOf(123456)
  for (let at = 0; at < right.length; at++) {
    const other = right[at] === 'q' ? 'p' : 'q'
    t.notOk(isAddress(`${right.slice(0, at)}${other}${right.slice(at + 1)}`), `${at}`)
  }
})

t.test('address: other chains, capitals and what is no address', async (t) => {
  for (const text of [
    addressOf(1, 'cosmos'),
    addressOf(1).toUpperCase(),
    ` ${addressOf(1)}`,
    `${addressOf(1)}\n`,
    'akash1',
    '',
  ]) {
    t.notOk(isAddress(text), text)
  }
})
