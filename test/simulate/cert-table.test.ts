// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { parseCertTable } from '../../src/core/cert-table.js'
import { writeCertTable } from '../../src/simulate/cert-table.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'

const [vcek, ask, ark] = [1, 2, 3].map((octet) => new Uint8Array(octet * 100).fill(octet)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

t.test('simulated certificate table: what a host hands out, in the order given', async (t) => {
  const table = writeCertTable([
    ['vcek', vcek],
    ['ask', ask],
    ['ark', ark],
  ])
  t.same(
    parseCertTable(table).map(({ kind, data }) => [kind, data]),
    [
      ['vcek', vcek],
      ['ask', ask],
      ['ark', ark],
    ],
  )
  const other = mintCertTable([
    [GUIDS.vcek, vcek],
    [GUIDS.ask, ask],
    [GUIDS.ark, ark],
  ])
  t.same(table, other, 'another writer writes the same')
})
