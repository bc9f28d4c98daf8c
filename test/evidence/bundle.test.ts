// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import t from 'tap'
import {
  type BundleContent,
  encodeBundle,
  parseEvidence,
  parseEvidenceFile,
} from '../../src/evidence.js'
import { LIMITS } from '../../src/protocol.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { codeOf, throwsCode } from '../helpers.js'
import { altered, copyOf, paths, QUOTE, QUOTE_GPU, V1, V1_LEAST } from './documents.js'

const FORMAT = 'ERR_FILE_FORMAT'
const CONTENT: BundleContent = {
  answer: V1,
  nonce: pattern(32, 1),
  channelSpki: pattern(120, 2),
  userData: pattern(9, 5),
  endorsements: [pattern(700, 3), pattern(900, 4)],
  rims: [pattern(500, 6)],
  ocspResponses: [pattern(300, 7), pattern(301, 8)],
}
const NOTHING_ADDED = { endorsements: [], rims: [], ocspResponses: [] }
const BUNDLE = {
  format: 'assay.bundle.v1',
  nonce: base64(pattern(32, 1)),
  tls_spki: base64(pattern(120, 2)),
  user_data: base64(pattern(9, 5)),
  evidence: V1,
  endorsements: [base64(pattern(700, 3)), base64(pattern(900, 4))],
  rims: [base64(pattern(500, 6))],
  ocsp: [base64(pattern(300, 7)), base64(pattern(301, 8))],
}
const parse = (document: unknown) => parseEvidenceFile(JSON.stringify(document))

t.test('bundle: is exactly these members, the answer as it came', async (t) => {
  const answer = { zeta: [1, { b: null }], ...QUOTE, alpha: 'ü' }
  t.equal(
    encodeBundle({ ...CONTENT, answer }),
    `${JSON.stringify({ ...BUNDLE, evidence: answer }, null, 2)}\n`,
  )
})

t.test('bundle: reads back as it was written', async (t) => {
  t.same(parseEvidenceFile(encodeBundle(CONTENT)), {
    evidence: parseEvidence(JSON.stringify(V1)),
    answer: V1,
    nonce: CONTENT.nonce,
    channelSpki: CONTENT.channelSpki,
    userData: CONTENT.userData,
    endorsements: CONTENT.endorsements,
    rims: CONTENT.rims,
    ocspResponses: CONTENT.ocspResponses,
  })
  const least = { answer: QUOTE_GPU, nonce: null, channelSpki: null, endorsements: [] }
  t.same(parseEvidenceFile(encodeBundle(least)), {
    evidence: parseEvidence(JSON.stringify(QUOTE_GPU)),
    answer: QUOTE_GPU,
    nonce: null,
    channelSpki: null,
    userData: null,
    ...NOTHING_ADDED,
  })
})

t.test('bundle: a bare answer is a file as well, and states nothing about itself', async (t) => {
  for (const answer of [V1, V1_LEAST, QUOTE, QUOTE_GPU]) {
    t.same(parseEvidenceFile(new TextEncoder().encode(JSON.stringify(answer))), {
      evidence: parseEvidence(JSON.stringify(answer)),
      answer,
      nonce: null,
      channelSpki: null,
      userData: null,
      ...NOTHING_ADDED,
    })
  }
})

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

t.test('bundle: any content comes back, and encoding it again gives the same text', async (t) => {
  const evidence = fc.record(
    {
      format: fc.constant('assay.evidence.v1'),
      tee: fc.constantFrom('snp', 'tdx'),
      report: bytes(1, 100).map(base64),
      endorsements: fc.array(bytes(1, 50).map(base64), { maxLength: 5 }),
      auxblob: bytes(0, 50).map(base64),
      gpus: fc.constant([]),
      claims: fc.record(
        {
          tls_spki: bytes(1, 50).map(base64),
          hpke: bytes(3, 50).map(base64),
          user_data: bytes(0, 50).map(base64),
        },
        { requiredKeys: [] },
      ),
      batch: fc.record({
        size: fc.integer({ min: 9, max: 65536 }),
        index: fc.integer({ min: 0, max: 8 }),
        claim_path: fc.array(bytes(48, 48).map(base64), { maxLength: 16 }),
      }),
    },
    { requiredKeys: ['format', 'tee', 'report', 'endorsements', 'auxblob', 'gpus', 'claims'] },
  )
  const content = fc.record({
    answer: evidence,
    nonce: bytes(32, 64),
    channelSpki: fc.option(bytes(1, 100)),
    userData: fc.option(bytes(0, 100)),
    endorsements: fc.array(bytes(1, 100), { maxLength: 64 }),
    rims: fc.array(bytes(1, 100), { maxLength: 4 }),
    ocspResponses: fc.array(bytes(1, 100), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(content, (one) => {
      const text = encodeBundle(one)
      const file = parseEvidenceFile(text)
      t.same(file.nonce, one.nonce)
      t.same(file.channelSpki, one.channelSpki)
      t.same(file.userData, one.userData)
      t.same(file.endorsements, one.endorsements)
      t.same(file.rims, one.rims)
      t.same(file.ocspResponses, one.ocspResponses)
      t.same(file.evidence, parseEvidence(JSON.stringify(one.answer)))
      const again = { ...one, ...file, answer: JSON.parse(text).evidence } as BundleContent
      t.equal(encodeBundle(again), text)
    }),
    { numRuns: 100 },
  )
})

t.test('bundle: what could not be read back is not written', async (t) => {
  const refused = (change: Partial<BundleContent>, title: string) =>
    throwsCode(t, () => encodeBundle({ ...CONTENT, ...change }), FORMAT, title)
  refused({ answer: undefined }, 'no answer')
  refused({ answer: { format: 'assay.bundle.v1' } }, 'a bundle in a bundle')
  refused({ nonce: pattern(31, 1) }, 'short nonce')
  refused({ nonce: pattern(65, 1) }, 'long nonce')
  refused({ channelSpki: new Uint8Array() }, 'empty key')
  refused({ userData: pattern(LIMITS.userData + 1, 1) }, 'long user data')
  refused({ endorsements: [new Uint8Array()] }, 'empty endorsement')
  refused({ endorsements: Array(65).fill(pattern(9, 1)) }, 'too many endorsements')
  refused({ rims: [new Uint8Array()] }, 'empty RIM')
  refused({ ocspResponses: Array(513).fill(pattern(9, 1)) }, 'too many OCSP responses')
})

t.test('bundle: every member is as it must be', async (t) => {
  for (const path of paths(BUNDLE).slice(1)) {
    const inAnswer = path[0] === 'evidence' && path.length > 1
    if (inAnswer) continue
    for (const other of [null, true, 1, 'x', [0], { a: 1 }]) {
      const title = `${path.join('.')}: ${JSON.stringify(other)}`
      t.equal(
        codeOf(() => parse(altered(BUNDLE, path, other))),
        FORMAT,
        title,
      )
    }
    const free = ['nonce', 'tls_spki', 'user_data', 'rims', 'ocsp']
    const isOfList = path.length === 2
    const optional = isOfList || free.includes(path.join('.'))
    t.equal(
      codeOf(() => parse(altered(BUNDLE, path, undefined))),
      optional ? null : FORMAT,
      `${path}`,
    )
  }
  t.equal(
    codeOf(() => parse({ ...BUNDLE, verdict: 'ok' })),
    FORMAT,
  )
  t.equal(
    codeOf(() => parse({ ...BUNDLE, tls_spki: base64(pattern(LIMITS.spki + 1, 1)) })),
    FORMAT,
  )
})

t.test('bundle: the refusal names the field from the top of the file', async (t) => {
  const said = (path: string[], value: unknown) =>
    throwsCode(t, () => parse(altered(BUNDLE, path, value)), FORMAT)
  t.equal(said(['evidence', 'report'], 'x'), 'evidence.report: canonical base64 expected')
  t.equal(said(['endorsements', '1'], 'x'), 'endorsements[1]: canonical base64 expected')
  t.match(said(['evidence', 'gpus', '1', 'index'], 0), /^evidence\.gpus\[1\]\.index: /)
  t.match(said(['evidence', 'batch', 'index'], 5), /^evidence\.batch\.index: /)
})

t.test('file: what is no evidence is a malformed file', async (t) => {
  for (const text of ['', 'null', '[]', '1', '"x"', '{}', '{"format":1}', '{"format":"assay.x"}']) {
    throwsCode(t, () => parseEvidenceFile(text), FORMAT, text)
  }
  throwsCode(
    t,
    () => parseEvidenceFile(`{"report":"AA==",${JSON.stringify(copyOf(QUOTE)).slice(1)}`),
    FORMAT,
    'a name twice',
  )
})
