// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { gatewayQuoteUrl, type Lease } from '../../src/client/index.js'
import { endpoint, isQuoteUrl } from '../../src/client/urls.js'
import { throwsCode } from '../helpers.js'

t.test('endpoint: below a base URL, or the full URL itself', async (t) => {
  for (const [url, path, full] of [
    ['https://h:8790', '/quote', 'https://h:8790/quote'],
    ['https://h:8790/', '/quote', 'https://h:8790/quote'],
    ['https://h/base/', '/v1/evidence', 'https://h/base/v1/evidence'],
    ['https://h/v1/evidence', '/v1/evidence', 'https://h/v1/evidence'],
    ['https://h/v1/evidence/?a=b', '/v1/evidence', 'https://h/v1/evidence?a=b'],
    [
      'https://h/lease/1/1/1/attestation/quote?service=x',
      '/quote',
      'https://h/lease/1/1/1/attestation/quote?service=x',
    ],
    ['https://h?service=x', '/quote', 'https://h/quote?service=x'],
    ['http://127.0.0.1:80', '/info', 'http://127.0.0.1/info'],
    ['http://127.8.9.10', '/info', 'http://127.8.9.10/info'],
    ['http://localhost:1', '/info', 'http://localhost:1/info'],
    ['http://[::1]:1', '/info', 'http://[::1]:1/info'],
  ] as const) {
    t.equal(endpoint(url, path).href, full)
  }
})

t.test('endpoint: anything but HTTPS beyond this machine is refused', async (t) => {
  for (const url of [
    '',
    'h:8790',
    '/quote',
    'http://h',
    'http://10.0.0.1',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'http://[::2]',
    'ftp://h',
    'file:///etc/passwd',
    'data:application/json,{}',
    'https://user@h',
    'https://:secret@h',
    'https://h/#x',
  ]) {
    throwsCode(t, () => endpoint(url, '/quote'), 'ERR_ARGUMENT', url)
  }
})

t.test('isQuoteUrl: by the end of the path', async (t) => {
  t.ok(isQuoteUrl('https://h/quote'))
  t.ok(isQuoteUrl('https://h/lease/1/1/1/attestation/quote/?service=x'))
  t.notOk(isQuoteUrl('https://h'))
  t.notOk(isQuoteUrl('https://h/v1/evidence?x=/quote'))
})

const LEASE: Lease = {
  gateway: 'https://provider.example:8443',
  dseq: '19876543',
  gseq: 1,
  oseq: 2,
}

t.test('gatewayQuoteUrl: the lease, and which of its pods', async (t) => {
  const base = 'https://provider.example:8443/lease/19876543/1/2/attestation/quote'
  t.equal(gatewayQuoteUrl(LEASE), base)
  t.equal(gatewayQuoteUrl({ ...LEASE, service: 'web & db' }), `${base}?service=web+%26+db`)
  const pod = { ...LEASE, service: 'web', podIndex: 2 }
  t.equal(gatewayQuoteUrl(pod), `${base}?service=web&podIndex=2`)
  t.ok(isQuoteUrl(gatewayQuoteUrl(pod)))
})

t.test('gatewayQuoteUrl: what is no lease is refused', async (t) => {
  for (const change of [
    { dseq: '1/../2' },
    { dseq: '' },
    { gseq: -1 },
    { oseq: 1.5 },
    { podIndex: 0 },
    { service: 'web', podIndex: -1 },
    { gateway: 'http://provider.example' },
  ]) {
    throwsCode(t, () => gatewayQuoteUrl({ ...LEASE, ...change }), 'ERR_ARGUMENT')
  }
})
