// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { readSettings } from '../../src/directory/settings.js'
import type { Code } from '../../src/errors.js'
import { throwsCode } from '../helpers.js'

t.test('settings: without a flag, one lease to look at', async (t) => {
  t.same(readSettings([]), {
    source: { kind: 'example' },
    listen: { host: '', port: 8791 },
    trustProxy: [],
    rate: 100,
    maxAgeS: 30,
    level: 'info',
    warnings: ['no --source: this directory serves one lease that nobody has, to look at'],
  })
})

t.test('settings: every flag', async (t) => {
  const argv = ['--source', 'file:a:b.json', '--listen', '[::1]:1', '--log-level', 'warn']
  argv.push('--trust-proxy', '10.0.0.0/8,2001:db8::/32,192.0.2.1,::1/128')
  argv.push('--rate-limit', '0', '--max-age', '86400')
  t.same(readSettings(argv), {
    source: { kind: 'file', file: 'a:b.json' },
    listen: { host: '::1', port: 1 },
    trustProxy: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1', '::1/128'],
    rate: 0,
    maxAgeS: 86400,
    level: 'warn',
    warnings: [],
  })
  const nothing = { kubeconfig: null, nodeHost: null, gateway: null, expectations: null }
  t.same(readSettings(['--source', 'kube']).source, { kind: 'kube', ...nothing })
  const kube = ['--kubeconfig', 'k', '--node-host', 'n', '--gateway', 'g']
  kube.push('--expectations-config-map', 'a/b')
  t.same(readSettings(['--source', 'kube', ...kube]).source, {
    kind: 'kube',
    kubeconfig: 'k',
    nodeHost: 'n',
    gateway: 'g',
    expectations: 'a/b',
  })
})

t.test('settings: what is wrong is named', async (t) => {
  const table: [string[], Code, RegExp][] = [
    [['--source', 'etcd'], 'ERR_ARGUMENT', /^--source is kube or file:PATH, got "etcd"/],
    [['--source', 'file:'], 'ERR_ARGUMENT', /^--source/],
    [['--listen', '8791'], 'ERR_ARGUMENT', /^--listen/],
    [['--rate-limit=-1'], 'ERR_ARGUMENT', /^--rate-limit takes a number/],
    [['--rate-limit=1000001'], 'ERR_ARGUMENT', /^--rate-limit/],
    [['--max-age', '86401'], 'ERR_ARGUMENT', /^--max-age/],
    [['--max-age', '1.5'], 'ERR_ARGUMENT', /^--max-age/],
    [['--log-level', 'loud'], 'ERR_ARGUMENT', /^--log-level/],
    [['--gateway', 'https://x'], 'ERR_USAGE', /need --source kube/],
    [['--source', 'file:x', '--kubeconfig', 'x'], 'ERR_USAGE', /need --source kube/],
    [['--tls'], 'ERR_USAGE', /--tls/],
    [['extra'], 'ERR_USAGE', /extra/],
  ]
  for (const list of ['true', '', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '1/2/3', '::1/129']) {
    table.push([[`--trust-proxy=${list}`], 'ERR_ARGUMENT', /^--trust-proxy takes/])
  }
  for (const [argv, code, message] of table) {
    t.match(
      throwsCode(t, () => readSettings(argv), code, argv.join(' ')),
      message,
    )
  }
})
