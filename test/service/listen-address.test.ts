// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { formatHost, isLoopback, parseListenAddress } from '../../src/service/listen-address.js'
import { throwsCode } from '../helpers.js'

t.test('listen address: as Go writes it', async (t) => {
  const table: [string, string, number][] = [
    [':8790', '', 8790],
    ['0.0.0.0:1', '0.0.0.0', 1],
    ['127.0.0.1:65535', '127.0.0.1', 65535],
    ['[::]:8790', '::', 8790],
    ['[::1]:0', '::1', 0],
    ['localhost:80', 'localhost', 80],
  ]
  for (const [text, host, port] of table) {
    t.same(parseListenAddress(text, '--listen'), { host, port }, text)
  }
})

t.test('listen address: everything else is refused by name', async (t) => {
  for (const text of [
    '',
    '8790',
    ':',
    ':65536',
    ':-1',
    ':1e3',
    '::1:8790',
    '[::1]',
    'a b:1',
    '[x]:1',
  ]) {
    const message = throwsCode(t, () => parseListenAddress(text, '--listen'), 'ERR_ARGUMENT', text)
    t.match(message, /^--listen: /)
  }
})

t.test('listen address: loopback is what nobody else reaches', async (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) t.ok(isLoopback(host), host)
  for (const host of ['', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.'])
    t.notOk(isLoopback(host), host)
})

t.test('listen address: as a URL has it', async (t) => {
  t.equal(formatHost('127.0.0.1'), '127.0.0.1')
  t.equal(formatHost('::1'), '[::1]')
})
