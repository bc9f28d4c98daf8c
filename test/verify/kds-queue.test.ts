// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AT } from '../fake/amd.js'
import { hex } from '../helpers.js'
import { chipOf, mintChip, world } from './kds-world.js'

const SECOND = 1000

/** Of the requests, those for a VCEK. */
const forVcek = (requests: readonly string[]) => requests.filter((path) => path.includes('?'))

t.test('kds: fifty callers, one request', async (t) => {
  const { kds, client, chip, amd } = await world()
  kds.fault = ({ number }) => (number === 0 ? { status: 429 } : null)
  const endorser = client()
  const answers = await Promise.all(Array.from({ length: 50 }, () => endorser.vcek(chip)))
  t.ok(answers.every((answer) => hex(answer) === hex(amd.vek)))
  t.equal(new Set(answers).size, 50, 'each has bytes of its own')
  t.equal(forVcek(kds.requests).length, 2)
})

t.test('kds: twenty chips in a burst, each in its turn', async (t) => {
  const { kds, client, clock } = await world()
  const chips = Array.from({ length: 20 }, (_, at) => chipOf('Milan', at + 1))
  const minted = await Promise.all(chips.map(mintChip))
  for (const [at, { chipId, tcb }] of chips.entries()) {
    kds.addVcek('Milan', chipId, tcb, minted[at]?.vek as Uint8Array)
  }
  let free = 0
  kds.fault = ({ path }) => {
    if (!path.includes('?')) return null
    if (clock.now() < free) return { status: 429, headers: { 'retry-after': '10' } }
    free = clock.now() + 10 * SECOND
    return null
  }
  const endorser = client()
  const done: number[] = []
  const answers = await Promise.all(
    chips.map(async (chip, at) => {
      const answer = await endorser.vcek(chip)
      done.push(at)
      return hex(answer)
    }),
  )
  t.same(
    answers,
    minted.map(({ vek }) => hex(vek)),
  )
  const ids = forVcek(kds.requests).map((path) => Number.parseInt(path.slice(15, 17), 16))
  t.same(
    [...new Set(ids)],
    chips.map((_, at) => at + 1),
    'in the order of the calls',
  )
  t.equal(ids.length, 39, 'each but the first is told to wait once')
  t.equal(clock.now() - AT.getTime(), 190 * SECOND)
})
