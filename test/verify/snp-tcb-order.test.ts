// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs'
import t from 'tap'
import { type Product, parseSnpReport } from '../../src/core/snp.js'
import { AttestationError } from '../../src/errors.js'
import { attempt } from '../../src/verify/result.js'
import { checkTcbOrder } from '../../src/verify/snp-tcb-order.js'
import { MODELS, mintReport, type ReportFields } from '../fake/snp.js'
import { skip, vectorBytes, vectorPath, vectors } from '../vectors.js'

const PRODUCTS: readonly Product[] = ['Milan', 'Genoa', 'Turin']

function verdict(product: Product, fields: ReportFields): string {
  const { check, outcome, code } = checkTcbOrder(parseSnpReport(mintReport({ product, ...fields })))
  return `${check}: ${outcome} ${code}`
}

t.test('tcb order: each component of each pair counts', async (t) => {
  const good = 'snp.tcb-order: pass null'
  const bad = 'snp.tcb-order: fail ERR_SNP_TCB_ORDER'
  for (const product of PRODUCTS) {
    const level = Uint8Array.from(MODELS[product].tcb)
    t.equal(verdict(product, {}), good)
    const at = product === 'Turin' ? [0, 1, 2, 3, 7] : [0, 1, 6, 7]
    for (const byte of at) {
      const higher = Uint8Array.from(level, (value, place) => value + Number(place === byte))
      const name = `${product} byte ${byte}`
      t.equal(verdict(product, { reportedTcb: higher }), bad, `${name}: REPORTED above COMMITTED`)
      t.equal(verdict(product, { committedTcb: higher }), bad, `${name}: COMMITTED above CURRENT`)
      t.equal(verdict(product, { launchTcb: higher }), bad, `${name}: LAUNCH above CURRENT`)
      t.equal(verdict(product, { currentTcb: higher }), good, `${name}: not committed`)
      const committed = { currentTcb: higher, committedTcb: higher }
      t.equal(verdict(product, committed), good, `${name}: committed after launch`)
    }
  }
})

t.test('tcb order: of a report that cannot be read', async (t) => {
  const problem = { code: 'ERR_SNP_LENGTH', detail: 'too short' } as const
  t.match(checkTcbOrder(problem), { outcome: 'unknown', code: 'ERR_SNP_LENGTH' })
})

t.test('tcb order: holds in every real report', { skip }, async (t) => {
  let count = 0
  for (const name of vectors('snp')) {
    if (!existsSync(vectorPath('snp', name, 'report.bin'))) continue
    const report = attempt(() => parseSnpReport(vectorBytes('snp', name, 'report.bin')))
    if (report instanceof AttestationError) continue
    t.equal(checkTcbOrder(report).outcome, 'pass', name)
    count++
  }
  t.ok(count > 50, `${count} reports`)
})
