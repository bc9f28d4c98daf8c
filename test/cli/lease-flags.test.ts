// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { hintRequest } from '../../src/cli/lease-flags.js'
import { rejectsCode } from '../helpers.js'
import { fetched } from './desk.js'
import { guestOf, WORKLOAD } from './lease-world.js'

const NOTHING = { nonce: null, userData: null }
const URL = 'https://web.provider.example:8790/'

t.test('hints: names lead to hosts that everybody reaches, unless others are meant', async (t) => {
  t.equal(hintRequest(URL, {}, NOTHING).publicOnly, true)
  t.equal(hintRequest(URL, { allowPrivate: true }, NOTHING).publicOnly, false)
  const guest = await guestOf(t, WORKLOAD)
  const named = guest.url.replace('127.0.0.1', 'localhost')
  await rejectsCode(t, fetched(named, { publicOnly: true }), 'ERR_ENDPOINT_ADDRESS')
  t.equal((await fetched(named)).evidence.tee, 'snp')
})

t.test('hints: headers go to the origin that was named', async (t) => {
  const header = ['authorization: Bearer secret']
  const headersAt = (headerTo: string) => hintRequest(URL, { header, headerTo }, NOTHING).headers
  t.strictSame(headersAt('https://web.provider.example:8790'), { authorization: 'Bearer secret' })
  for (const other of [
    'https://web.provider.example',
    'https://provider.example:8790',
    'https://web.provider.example.attacker.example:8790',
  ]) {
    t.strictSame(headersAt(other), {}, other)
  }
  t.strictSame(hintRequest(URL, { header }, NOTHING).headers, {})
})
