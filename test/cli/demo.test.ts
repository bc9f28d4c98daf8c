// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { demo } from '../../src/cli/demo.js'
import { appraise } from '../../src/verify/index.js'
import { assay } from './terminal.js'

const ESCAPE = String.fromCharCode(27)

t.test('demo: the honest report is verified and three forgeries are refused', async (t) => {
  const { code, out, err } = await assay(['demo'])
  t.equal(code, 0)
  t.equal(err, '')
  t.match(out, /^the honest report: VERIFIED$/m)
  for (const reason of ['ERR_SNP_SIGNATURE', 'ERR_SNP_CHIP_ID', 'ERR_CERTIFICATE_ROOT']) {
    t.match(out, new RegExp(`: REJECTED, ${reason}: `))
  }
  t.ok(out.split('\n').length <= 40)
  t.notOk(out.includes(ESCAPE))
})

t.test('demo: colours only where wanted', async (t) => {
  t.ok((await assay(['demo'], { color: true })).out.includes(`${ESCAPE}[32mpass${ESCAPE}[0m`))
})

t.test('demo: says so when a forgery is not refused as it must be', async (t) => {
  const io = { out: () => {}, color: false, now: () => new Date() }
  t.equal(await demo(io, appraise), 0)
  const gullible: typeof appraise = async (options) => ({
    ...(await appraise(options)),
    result: 'verified',
  })
  t.equal(await demo(io, gullible), 1)
  const paranoid: typeof appraise = async (options) => ({
    ...(await appraise(options)),
    result: 'rejected',
  })
  t.equal(await demo(io, paranoid), 1)
})
