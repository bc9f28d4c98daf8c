// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { type Evidence, parseEvidence } from '../../src/evidence.js'
import { LIMITS } from '../../src/protocol.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { codeOf, throwsCode } from '../helpers.js'
import {
  altered,
  GPU_CHAIN,
  GPU_REPORT,
  NOT_CANONICAL,
  paths,
  REPORT,
  V1,
  V1_LEAST,
  valueAt,
} from './documents.js'

const FORMAT = 'ERR_EVIDENCE_FORMAT'
const parse = (document: unknown): Evidence => parseEvidence(JSON.stringify(document))
const refused = (t: Tap, document: unknown, title: string): string =>
  throwsCode(t, () => parse(document), FORMAT, title)
type Tap = Parameters<typeof throwsCode>[0]

t.test('v1: every field is decoded', async (t) => {
  t.same(parse(V1), {
    tee: 'snp',
    mode: 'batch',
    report: REPORT,
    endorsements: [pattern(1300, 1), pattern(1600, 2)],
    auxblob: pattern(4000, 3),
    gpus: [
      { index: 0, evidence: GPU_REPORT, certChain: GPU_CHAIN },
      { index: 7, evidence: pattern(3000, 5), certChain: new Uint8Array() },
    ],
    claims: { tlsSpki: pattern(120, 6), hpke: pattern(34, 7), userData: pattern(100, 8) },
    batch: {
      size: 5,
      index: 4,
      claimPath: [pattern(48, 1)],
      noncePath: [pattern(48, 2)],
    },
  })
})

t.test('v1: what may be absent is null or empty', async (t) => {
  t.same(parse(V1_LEAST), {
    tee: 'tdx',
    mode: 'bound',
    report: pattern(1, 1),
    endorsements: [],
    auxblob: new Uint8Array(),
    gpus: [],
    claims: { tlsSpki: null, hpke: null, userData: null },
    batch: null,
  })
  const userData = parse(altered(V1_LEAST, ['claims', 'user_data'], '')).claims.userData
  t.same(userData, new Uint8Array(), 'bound user data may be empty, which is not absent')
})

t.test('v1: the same document as bytes', async (t) => {
  t.same(parseEvidence(new TextEncoder().encode(JSON.stringify(V1))), parse(V1))
})

t.test('v1: every truncation of the text is refused', async (t) => {
  const text = JSON.stringify(V1_LEAST)
  for (let length = 0; length < text.length; length++) {
    t.equal(
      codeOf(() => parseEvidence(text.slice(0, length))),
      FORMAT,
      `${length}`,
    )
  }
})

const OPTIONAL =
  /^(claims\.\w+|batch|endorsements\.\d|batch\.claim_path\.\d|batch\.nonce_path\.\d|gpus\.\d)$/

t.test('v1: a member that is missing is refused, unless it may be', async (t) => {
  for (const path of paths(V1).slice(1)) {
    const name = path.join('.')
    const code = codeOf(() => parse(altered(V1, path, undefined)))
    t.equal(code, OPTIONAL.test(name) ? null : FORMAT, name)
  }
})

t.test('v1: a value of another kind is refused, everywhere', async (t) => {
  for (const path of paths(V1)) {
    const kind = typeof valueAt(V1, path)
    const others = [null, true, 1.5, -1, 'x', '', [], {}, [0], { a: 1 }]
    for (const other of others) {
      if (kind === 'string' && other === '' && /auxblob|cert_chain|user_data/.test(path.join()))
        continue
      if (Array.isArray(valueAt(V1, path)) && JSON.stringify(other) === '[]') continue
      if (path.join() === 'claims' && JSON.stringify(other) === '{}') continue
      const title = `${path.join('.')}: ${JSON.stringify(other)}`
      t.equal(
        codeOf(() => parse(altered(V1, path, other))),
        FORMAT,
        title,
      )
    }
  }
})

t.test('v1: a member that it does not have is refused, in every object', async (t) => {
  for (const path of paths(V1)) {
    const value = valueAt(V1, path)
    if (typeof value !== 'object' || Array.isArray(value)) continue
    for (const name of ['verdict', '__proto__', 'x"\u001b[31m']) {
      const text = JSON.stringify(altered(V1, [...path, '@'], 1)).replace(
        '"@"',
        JSON.stringify(name),
      )
      const message = throwsCode(t, () => parseEvidence(text), FORMAT, `${path.join('.')}.${name}`)
      t.notOk(message.includes('\u001b'))
    }
  }
})

t.test('v1: base64 that is not canonical is refused in every byte field', async (t) => {
  for (const path of paths(V1)) {
    const value = valueAt(V1, path)
    if (typeof value !== 'string' || ['format', 'tee'].includes(String(path[0]))) continue
    for (const text of NOT_CANONICAL) {
      t.equal(
        codeOf(() => parse(altered(V1, path, text))),
        FORMAT,
        `${path.join('.')} ${text}`,
      )
    }
  }
})

const LENGTHS: [path: string, least: number, most: number][] = [
  ['report', 1, LIMITS.report],
  ['endorsements.0', 1, LIMITS.endorsement],
  ['auxblob', 0, LIMITS.auxblob],
  ['gpus.0.evidence', 1, LIMITS.gpuEvidence],
  ['gpus.0.cert_chain', 0, LIMITS.gpuCertChain],
  ['claims.tls_spki', 1, LIMITS.spki],
  ['claims.hpke', 3, LIMITS.hpke],
  ['claims.user_data', 0, LIMITS.userData],
  ['batch.claim_path.0', 48, 48],
  ['batch.nonce_path.0', 48, 48],
]

t.test('v1: byte fields have their lengths and no others', async (t) => {
  for (const [name, least, most] of LENGTHS) {
    const withLength = (length: number) => () =>
      parse(altered(V1, name.split('.'), base64(pattern(length, 1))))
    t.equal(codeOf(withLength(least)), null, `${name} of ${least}`)
    t.equal(codeOf(withLength(most)), null, `${name} of ${most}`)
    t.equal(codeOf(withLength(most + 1)), FORMAT, `${name} of ${most + 1}`)
    t.equal(codeOf(withLength(most + 3)), FORMAT, `${name} of ${most + 3}`)
    if (least > 0) t.equal(codeOf(withLength(least - 1)), FORMAT, `${name} of ${least - 1}`)
  }
})

t.test('v1: lists are bounded', async (t) => {
  const gpu = (index: number) => ({ index, evidence: 'AA==', cert_chain: '' })
  const path = base64(pattern(48, 1))
  const lists: [string, number, (at: number) => unknown][] = [
    ['endorsements', 64, () => 'AA=='],
    ['gpus', 64, gpu],
    ['batch.claim_path', 16, () => path],
    ['batch.nonce_path', 16, () => path],
  ]
  for (const [name, most, element] of lists) {
    const withCount = (length: number) => () =>
      parse(
        altered(
          V1,
          name.split('.'),
          Array.from({ length }, (_, at) => element(at)),
        ),
      )
    t.equal(codeOf(withCount(most)), null, name)
    t.equal(codeOf(withCount(most + 1)), FORMAT, `${name}, one too many`)
  }
})

t.test('v1: GPUs stand once each, in ascending order', async (t) => {
  for (const [indices, code] of [
    [[0, 1], null],
    [[5, 0xffffffff], null],
    [[1, 1], FORMAT],
    [[1, 0], FORMAT],
    [[0, 0x100000000], FORMAT],
    [[-1, 0], FORMAT],
    [[0.5, 1], FORMAT],
  ] as const) {
    const gpus = indices.map((index) => ({ index, evidence: 'AA==', cert_chain: '' }))
    t.equal(
      codeOf(() => parse({ ...V1, gpus })),
      code,
      indices.join(),
    )
  }
})

t.test('v1: a batch has its index inside, and a nonce path with GPUs alone', async (t) => {
  const { nonce_path, ...withoutPath } = V1.batch as NonNullable<typeof V1.batch>
  t.same(parse({ ...V1, gpus: [], batch: withoutPath }).batch?.noncePath, null)
  refused(t, { ...V1, batch: withoutPath }, 'GPUs without nonce path')
  refused(t, { ...V1, gpus: [] }, 'nonce path without GPUs')
  for (const [size, index, code] of [
    [1, 0, null],
    [65536, 65535, null],
    [5, 5, FORMAT],
    [0, 0, FORMAT],
    [65537, 0, FORMAT],
    [5, 65536, FORMAT],
    [5, -1, FORMAT],
    [1.5, 0, FORMAT],
  ] as const) {
    const batch = { ...V1.batch, size, index }
    t.equal(
      codeOf(() => parse({ ...V1, batch })),
      code,
      `${index} of ${size}`,
    )
  }
})

t.test('v1: the refusal names the field, and quotes no value', async (t) => {
  const said = (path: string, value: unknown) =>
    refused(t, altered(V1, path.split('.'), value), path)
  t.match(said('gpus.1.index', 'secret'), /^gpus\[1\]\.index: .*expected$/)
  t.notMatch(said('gpus.1.index', 'secret'), /secret/)
  t.equal(said('tee', undefined), 'tee: missing')
  t.equal(said('claims.verdict', true), 'claims.verdict: no such member')
  t.equal(said('claims.x y', true), 'claims.…: no such member')
  t.equal(said('report', 'secret'), 'report: canonical base64 expected')
  t.match(refused(t, 17, 'number'), /^document: /)
})

t.test('v1: another version of ours is refused, never read as AEP-83', async (t) => {
  refused(t, { ...V1_LEAST, format: 'assay.evidence.v2' }, 'v2')
  refused(t, { ...V1_LEAST, format: 'assay.bundle.v1' }, 'a bundle is no answer')
})
