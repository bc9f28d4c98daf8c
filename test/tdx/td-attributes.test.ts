// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { tdAttributeBits } from '../../src/index.js'

const NAMES: Record<number, string> = {
  0: 'debug',
  4: 'hgsPlusProf',
  5: 'perfProf',
  6: 'pmtProf',
  27: 'lass',
  28: 'septVeDisable',
  29: 'migratable',
  30: 'pks',
  31: 'kl',
  62: 'tpa',
  63: 'perfmon',
}

t.test('TDATTRIBUTES: each bit sets its part, and a bit without a name is kept', async (t) => {
  for (let bit = 0; bit < 64; bit++) {
    const value = 1n << BigInt(bit)
    const { unknown, ...named } = tdAttributeBits(value)
    const set = Object.entries(named).filter(([, on]) => on)
    t.same(
      set.map(([name]) => name),
      bit in NAMES ? [NAMES[bit]] : [],
      `bit ${bit}`,
    )
    t.equal(unknown, bit in NAMES ? 0n : value, `bit ${bit}`)
  }
})

t.test('TDATTRIBUTES: all and none', async (t) => {
  const all = tdAttributeBits(0xffff_ffff_ffff_ffffn)
  t.equal(all.unknown, 0x3fff_ffff_07ff_ff8en)
  t.equal(Object.values(all).filter((on) => on === true).length, 11)
  t.notOk(Object.values(tdAttributeBits(0n)).some((on) => on))
})
