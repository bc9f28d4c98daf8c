// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { amdKds } from '../../src/verify/kds.js'
import { fetchOf } from '../fake/kds.js'
import { chipOf, codeFrom, world } from './kds-world.js'

t.test('kds: wrong calls', async (t) => {
  const { client, chip } = await world()
  const wrong = [
    { baseUrl: 'kdsintf.amd.com' },
    { baseUrl: 'ftp://kdsintf.amd.com' },
    { baseUrl: 'https://user@mirror.example' },
    { baseUrl: 'https://:secret@mirror.example' },
    { baseUrl: 'https://mirror.example/?a=b' },
    { baseUrl: 'https://mirror.example/#a' },
    { roots: [new Uint8Array(8)] },
    { deadlineMs: -1 },
    { requestMs: Number.NaN },
    { retries: 3 },
  ]
  for (const options of wrong) {
    t.throws(() => client(options as object), { code: 'ERR_ARGUMENT' }, JSON.stringify(options))
  }
  const endorser = client()
  const { tcb } = chip
  const chips = [
    { ...chip, product: 'Turin' as const },
    { ...chipOf('Turin'), product: 'Milan' as const },
    { ...chip, tcb: { ...tcb, fmc: 1 } },
    { ...chipOf('Turin'), tcb },
    { ...chip, chipId: chip.chipId.slice(1) },
    { ...chip, tcb: { ...tcb, snp: 256 } },
    { ...chip, tcb: { ...tcb, snp: -1 } },
    { ...chip, tcb: { ...tcb, snp: 1.5 } },
  ]
  for (const one of chips) t.equal(await codeFrom(endorser.vcek(one)), 'ERR_ARGUMENT')
})

t.test('kds: without roots of the caller, what they vouch for is refused', async (t) => {
  const { kds, clock, store, chip } = await world()
  const client = amdKds({
    fetch: fetchOf(kds, clock),
    store,
    now: clock.now,
    sleep: clock.sleep,
  })
  t.equal(await codeFrom(client.vcek(chip)), 'ERR_ENDORSER_ANSWER')
  t.same(store.keys, [], 'nor kept')
})
