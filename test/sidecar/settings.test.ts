// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { readSettings } from '../../src/sidecar/settings.js'
import { throwsCode } from '../helpers.js'

t.test('settings: the defaults are those of AEP-83', async (t) => {
  t.same(readSettings([], {}), {
    listen: { host: '', port: 8790 },
    rawQuotes: 'allow',
    plainHttp: false,
    gpus: 'attest',
    level: 'info',
    root: '/',
    warnings: [],
  })
})

t.test('settings: ATTESTATION_LISTEN_ADDR as in Go, a flag before it', async (t) => {
  const listen = (value: string, ...argv: string[]) =>
    readSettings(argv, { ATTESTATION_LISTEN_ADDR: value }).listen
  t.same(listen('127.0.0.1:1'), { host: '127.0.0.1', port: 1 })
  t.same(listen(''), { host: '', port: 8790 })
  t.same(listen('127.0.0.1:1', '--listen', '[::1]:2'), { host: '::1', port: 2 })
  t.match(
    throwsCode(t, () => listen('8790'), 'ERR_ARGUMENT'),
    /^ATTESTATION_LISTEN_ADDR: /,
  )
  t.match(
    throwsCode(t, () => listen(':1', '--listen', 'x'), 'ERR_ARGUMENT'),
    /^--listen: /,
  )
})

t.test('settings: every flag', async (t) => {
  const argv = [
    '--raw-quotes',
    'deny',
    '--plain-http',
    '--log-level=debug',
    '--root',
    '/host',
    '--gpus',
    'ignore',
  ]
  t.match(readSettings(argv, {}), {
    rawQuotes: 'deny',
    plainHttp: true,
    gpus: 'ignore',
    level: 'debug',
    root: '/host',
  })
})

t.test('settings: what is wrong is named', async (t) => {
  const table: [argv: string[], code: 'ERR_USAGE' | 'ERR_ARGUMENT', name: RegExp][] = [
    [['--mock'], 'ERR_USAGE', /--mock/],
    [['serve'], 'ERR_USAGE', /serve/],
    [['--listen'], 'ERR_USAGE', /--listen/],
    [['--raw-quotes', 'maybe'], 'ERR_ARGUMENT', /--raw-quotes is one of allow, deny/],
    [['--gpus', 'some'], 'ERR_ARGUMENT', /--gpus is one of attest, ignore/],
    [['--log-level', 'all'], 'ERR_ARGUMENT', /--log-level is one of /],
  ]
  for (const [argv, code, name] of table) {
    t.match(
      throwsCode(t, () => readSettings(argv, {}), code, argv.join(' ')),
      name,
    )
  }
})

t.test('settings: mock mode is not had, and asking for it is worth a line', async (t) => {
  const settings = readSettings([], { ATTESTATION_MOCK: 'true', ATTESTATION_MOCK_GPU: '' })
  t.equal(settings.warnings.length, 2)
  for (const warning of settings.warnings) t.match(warning, /^ATTESTATION_MOCK\w* has NO EFFECT/)
  t.same({ ...settings, warnings: [] }, readSettings([], {}))
})
