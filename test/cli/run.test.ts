// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { wantsColor } from '../../src/cli/io.js'
import { assay } from './terminal.js'

t.test('run: help and version are answers', async (t) => {
  const help = await assay(['--help'])
  t.equal(help.code, 0)
  t.equal(help.err, '')
  for (const command of ['demo', 'inspect', 'simulate', 'verify'])
    t.match(help.out, new RegExp(`^  ${command}`, 'm'))
  const verify = await assay(['verify', '--help'])
  t.equal(verify.code, 0)
  t.match(verify.out, /--endorsement <file>/)
  for (const command of [['verify'], ['bundle'], ['policy', 'init'], ['simulate']]) {
    const { out } = await assay([...command, '--help'])
    t.match(out, new RegExp(`\\nExamples:\\n {2}assay ${command.join(' ')} `), command.join(' '))
  }
  t.equal((await assay(['--version'])).out, '0.0.0-test\n')
})

t.test('run: no command, an unknown one, a stray argument', async (t) => {
  for (const argv of [[], ['attest'], ['demo', 'now'], ['inspect'], ['--what']]) {
    const { code, out, err } = await assay(argv)
    t.equal(code, 30, argv.join(' '))
    t.equal(out, '')
    t.match(err, /^assay: ERR_USAGE: [^\n]+\n$/)
  }
})

t.test('run: our own bug is not dressed as anything else', async (t) => {
  const now = () => {
    throw new TypeError('broken clock')
  }
  const argv = ['verify', '--snp', 'report.bin', '--policy', 'authenticity', '--json']
  const { code, err, out } = await assay(argv, { now })
  t.equal(code, 1)
  t.equal(err, 'assay: ERR_INTERNAL: broken clock\n')
  t.equal(JSON.parse(out).error.code, 'ERR_INTERNAL')
})

t.test('run: colour only on a terminal that did not say no', async (t) => {
  t.equal(wantsColor({ isTTY: true }, {}), true)
  t.equal(wantsColor({ isTTY: true }, { NO_COLOR: '1' }), false)
  t.equal(wantsColor({}, {}), false)
})
