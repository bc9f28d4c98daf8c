// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import {
  checkLeaseHints,
  compareEndpoints,
  DIRECTORY_LIMITS,
  leaseKey,
  leasePath,
  parseLeaseHints,
  parseLeaseId,
} from '../../src/discovery/index.js'
import { addressOf, endpointHint, leaseHints, leaseId } from '../fake/akash.js'
import { throwsCode } from '../helpers.js'

const CODE = 'ERR_DIRECTORY_ANSWER'

t.test('lease: what was written is read', async (t) => {
  const digest = `sha256:${'ab'.repeat(32)}`
  const hints = leaseHints({
    provider: null,
    endpoints: [
      endpointHint({ service: 'api', replica: '0', expectations: [digest], protocols: [] }),
      endpointHint({ kind: 'direct', url: 'https://[2001:db8::1]:8790/x?service=web' }),
      endpointHint({ kind: 'gateway', tee: 'tdx', gpus: 8 }),
    ],
  })
  t.strictSame(parseLeaseHints(JSON.stringify(hints)), hints)
  t.strictSame(parseLeaseHints(new TextEncoder().encode(JSON.stringify(hints))), hints)
  t.strictSame(checkLeaseHints(leaseHints({ endpoints: [] })).endpoints, [])
})

t.test('lease: its name and its path', async (t) => {
  const id = leaseId(7, { dseq: '18446744073709551615', gseq: 2, oseq: 4294967295 })
  t.strictSame(parseLeaseId(leaseKey(id)), id)
  t.equal(leasePath(id), `/v1/leases/${id.owner}/18446744073709551615/2/4294967295`)
})

t.test('lease: every other spelling of a name is refused', async (t) => {
  const owner = addressOf(1)
  for (const text of [
    '',
    owner,
    `${owner}/1/1`,
    `${owner}/1/1/1/1`,
    `${owner}/1/1/1/`,
    `/${owner}/1/1/1`,
    `${owner}/0/1/1`,
    `${owner}/01/1/1`,
    `${owner}/18446744073709551616/1/1`,
    `${owner}/1/0/1`,
    `${owner}/1/01/1`,
    `${owner}/1/1/4294967296`,
    `${owner}/1/1/1e3`,
    `${owner}/1/1/+1`,
    `${owner}/1/../1`,
    `${owner.slice(0, -1)}/1/1/1`,
    `${owner.toUpperCase()}/1/1/1`,
    `${addressOf(1, 'cosmos')}/1/1/1`,
  ]) {
    throwsCode(t, () => parseLeaseId(text), 'ERR_LEASE_ID', text)
  }
})

t.test('lease: an answer that is not one is refused', async (t) => {
  const endpoint = endpointHint()
  const answers: Record<string, unknown> = {
    HTML: '<!doctype html><title>Welcome</title>',
    'no JSON': '{',
    null: null,
    list: [],
    'another member': { ...leaseHints(), verdict: 'verified' },
    'no lease': { ...leaseHints(), lease: undefined },
    'owner of another chain': leaseHints({ lease: leaseId(1, { owner: addressOf(1, 'cosmos') }) }),
    'number for dseq': leaseHints({ lease: { ...leaseId(), dseq: 1 as unknown as string } }),
    'text for gseq': leaseHints({ lease: { ...leaseId(), gseq: '1' as unknown as number } }),
    'provider that is none': leaseHints({ provider: 'me' }),
    'endpoints unsorted': leaseHints({ endpoints: [endpoint, endpointHint({ service: 'api' })] }),
    'an endpoint twice': leaseHints({ endpoints: [endpoint, endpoint] }),
    'too many endpoints': leaseHints({
      endpoints: Array.from({ length: DIRECTORY_LIMITS.endpoints + 1 }, (_, at) =>
        endpointHint({ replica: `web-${String(at).padStart(4, '0')}` }),
      ),
    }),
    'nonce asked for': { ...leaseHints(), endpoints: [{ ...endpoint, nonce: 'AAAA' }] },
  }
  for (const [title, value] of Object.entries(answers)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    throwsCode(t, () => parseLeaseHints(text), CODE, title)
  }
  const twice = JSON.stringify(leaseHints()).replace('"provider"', '"lease":{},"provider"')
  throwsCode(t, () => parseLeaseHints(twice), CODE, 'a name twice')
  throwsCode(t, () => parseLeaseHints(new Uint8Array([0xff])), CODE, 'not UTF-8')
  const padded = JSON.stringify(leaseHints()) + ' '.repeat(DIRECTORY_LIMITS.lease)
  throwsCode(t, () => parseLeaseHints(padded), CODE, 'too large')
})

t.test('lease: an endpoint is what it should be, field by field', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const wrong: Record<string, readonly unknown[]> = {
    service: ['', 'Web', '-web', 'web-', 'a'.repeat(64), 1],
    replica: ['', 'web_0', '.', `a${'b'.repeat(252)}c`],
    url: [
      'http://web.example/',
      'https://user@web.example/',
      'https://:secret@web.example/',
      'https://web.example/#x',
      'https://web.example/#',
      'https://web.example/a b',
      'https://web.exa\nmple/',
      'https://wéb.example/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      '/relative',
      '',
      `https://web.example/${'a'.repeat(DIRECTORY_LIMITS.url)}`,
      null,
    ],
    kind: ['proxy'],
    tee: ['sgx', 'amd-sev-snp'],
    gpus: [-1, 0.5, 65, '1'],
    protocols: [
      'aep83',
      ['AEP83'],
      [''],
      ['a', 'a'],
      Array.from({ length: 17 }, (_, i) => `p${i}`),
    ],
    expectations: [
      digest,
      [digest.toUpperCase()],
      [digest.slice(7)],
      [digest, digest],
      [`${digest}0`],
      Array.from({ length: 17 }, (_, at) => digest.slice(0, -2) + (10 + at)),
    ],
  }
  t.strictSame(Object.keys(wrong).sort(), Object.keys(endpointHint()).sort(), 'all fields')
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const endpoints = [{ ...endpointHint(), [name]: value }]
      const sentence = throwsCode(
        t,
        () => checkLeaseHints({ ...leaseHints(), endpoints }),
        CODE,
        `${name} ${String(value).slice(0, 40)}`,
      )
      t.ok(sentence.includes(`endpoints[0].${name}`), sentence)
    }
    const { [name as 'url']: _, ...rest } = endpointHint()
    throwsCode(t, () => checkLeaseHints({ ...leaseHints(), endpoints: [rest] }), CODE, `no ${name}`)
  }
})

t.test('lease: endpoints are in order by service, replica, kind and url', async (t) => {
  const order = [
    endpointHint({ service: 'api', replica: 'z' }),
    endpointHint({ replica: 'web-0', url: 'https://a.example/' }),
    endpointHint({ replica: 'web-0', url: 'https://b.example/' }),
    endpointHint({ replica: 'web-0', kind: 'gateway', url: 'https://a.example/' }),
    endpointHint({ replica: 'web-10' }),
    endpointHint({ replica: 'web-2' }),
  ]
  t.strictSame([...order].reverse().sort(compareEndpoints), order)
  t.equal(compareEndpoints(endpointHint(), endpointHint({ gpus: 1 })), 0)
})
