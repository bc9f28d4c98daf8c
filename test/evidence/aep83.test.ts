// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { type Evidence, parseEvidence } from '../../src/evidence.js'
import { LIMITS, PLATFORMS } from '../../src/protocol.js'
import { base64 } from '../fake/evidence.js'
import { joinAep83, mintGpuReport, mintPemChain, pattern } from '../fake/nvidia.js'
import { codeOf, throwsCode } from '../helpers.js'
import { skip, vectorBytes, vectors } from '../vectors.js'
import {
  altered,
  CEC,
  GPU_CHAIN,
  GPU_REPORT,
  NOT_CANONICAL,
  paths,
  QUOTE,
  QUOTE_GPU,
  REPORT,
  valueAt,
} from './documents.js'

const FORMAT = 'ERR_EVIDENCE_FORMAT'
const parse = (document: unknown): Evidence => parseEvidence(JSON.stringify(document))

t.test('AEP-83: a CPU answer is decoded', async (t) => {
  t.same(parse(QUOTE), {
    tee: 'snp',
    mode: 'raw',
    report: REPORT,
    endorsements: [],
    auxblob: new Uint8Array(),
    gpus: [],
    claims: { tlsSpki: null, hpke: null, userData: null },
    batch: null,
  })
})

t.test('AEP-83: a GPU answer is decoded, in both forms', async (t) => {
  const gpu = { evidence: GPU_REPORT, certChain: GPU_CHAIN }
  t.same(parse(QUOTE_GPU), {
    tee: 'tdx',
    mode: 'tls',
    report: REPORT,
    endorsements: [GPU_CHAIN],
    auxblob: pattern(100, 3),
    gpus: [
      { index: 0, ...gpu },
      { index: 1, ...gpu },
      { index: 4, ...gpu },
    ],
    claims: { tlsSpki: null, hpke: null, userData: null },
    batch: null,
  })
})

t.test('AEP-83: a joined GPU report without a chain has none', async (t) => {
  const answer = altered(QUOTE_GPU, ['gpu_reports', '0', 'report'], base64(GPU_REPORT))
  t.same(parse(answer).gpus[0], { index: 0, evidence: GPU_REPORT, certChain: new Uint8Array() })
})

t.test('AEP-83: members that peers add are ignored', async (t) => {
  const added = { architecture: 'HOPPER', uuid: 'GPU-1', verdict: { ok: true } }
  const gpu_reports = QUOTE_GPU.gpu_reports?.map((gpu) => ({ ...gpu, ...added }))
  const answer = { ...QUOTE_GPU, ...added, gpu_reports, format: 'quote.v5' }
  t.same(parse(answer), parse(QUOTE_GPU))
})

t.test('AEP-83: a format of ours makes it something else', async (t) => {
  for (const format of ['assay.evidence.v1', 'assay.evidence.v2', 'assay.x']) {
    t.equal(
      codeOf(() => parse({ ...QUOTE, format })),
      FORMAT,
      format,
    )
  }
})

t.test('AEP-83: the platform says whether there are GPUs', async (t) => {
  for (const tee_platform of PLATFORMS) {
    const gpu = tee_platform.endsWith('-gpu')
    const tee = tee_platform.slice(0, 3)
    const code = (gpu_reports: unknown) =>
      codeOf(() => t.equal(parse({ ...QUOTE, tee_platform, gpu_reports }).tee, tee))
    t.equal(code(undefined), gpu ? FORMAT : null, `${tee_platform}, no list`)
    t.equal(code([]), gpu ? FORMAT : null, `${tee_platform}, an empty list`)
    t.equal(code(QUOTE_GPU.gpu_reports), gpu ? null : FORMAT, `${tee_platform}, a list`)
  }
  t.equal(
    codeOf(() => parse({ ...QUOTE, tee_platform: 'sev' })),
    FORMAT,
  )
})

t.test('AEP-83: every member of the answer must be there', async (t) => {
  for (const path of paths(QUOTE).slice(1)) {
    t.equal(
      codeOf(() => parse(altered(QUOTE, path, undefined))),
      FORMAT,
      path.join('.'),
    )
  }
  for (const name of ['device_index', 'report']) {
    const answer = altered(QUOTE_GPU, ['gpu_reports', '1', name], undefined)
    t.equal(
      codeOf(() => parse(answer)),
      FORMAT,
      name,
    )
  }
})

t.test('AEP-83: a value of another kind is refused, everywhere', async (t) => {
  for (const path of paths(QUOTE_GPU)) {
    for (const other of [null, 1.5, -1, 'x', [0], { a: 1 }]) {
      const title = `${path.join('.')}: ${JSON.stringify(other)}`
      t.equal(
        codeOf(() => parse(altered(QUOTE_GPU, path, other))),
        FORMAT,
        title,
      )
    }
  }
})

t.test('AEP-83: base64 that is not canonical is refused in every byte field', async (t) => {
  for (const path of paths(QUOTE_GPU)) {
    const value = valueAt(QUOTE_GPU, path)
    if (typeof value !== 'string' || path[0] === 'tee_platform') continue
    for (const text of NOT_CANONICAL) {
      t.equal(
        codeOf(() => parse(altered(QUOTE_GPU, path, text))),
        FORMAT,
        `${path} ${text}`,
      )
    }
  }
})

t.test('AEP-83: byte fields are bounded', async (t) => {
  for (const [name, least, most] of [
    ['report', 1, LIMITS.report],
    ['cert_chain', 0, LIMITS.endorsement],
    ['auxblob', 0, LIMITS.auxblob],
  ] as const) {
    const code = (length: number) =>
      codeOf(() => parse({ ...QUOTE, [name]: base64(pattern(length, 1)) }))
    t.equal(code(least), null, `${name} of ${least}`)
    t.equal(code(most), null, `${name} of ${most}`)
    t.equal(code(most + 1), FORMAT, `${name} of ${most + 1}`)
  }
  t.equal(
    codeOf(() => parse({ ...QUOTE, report: '' })),
    FORMAT,
  )
})

t.test('AEP-83: GPUs stand once each, in ascending order, at most 64', async (t) => {
  const [gpu] = QUOTE_GPU.gpu_reports ?? []
  const code = (indices: readonly number[]) =>
    codeOf(() =>
      parse({
        ...QUOTE_GPU,
        gpu_reports: indices.map((device_index) => ({ ...gpu, device_index })),
      }),
    )
  t.equal(code([0, 1, 3]), null)
  t.equal(code([0, 0]), FORMAT)
  t.equal(code([1, 0]), FORMAT)
  t.equal(code([0x100000000]), FORMAT)
  t.equal(code(Array.from({ length: 64 }, (_, at) => at)), null)
  t.equal(code(Array.from({ length: 65 }, (_, at) => at)), FORMAT)
})

t.test('AEP-83: parts must be those of the joined form, all of them', async (t) => {
  const gpu = QUOTE_GPU.gpu_reports?.[2]
  const code = (change: object) =>
    codeOf(() => parse({ ...QUOTE_GPU, gpu_reports: [{ ...gpu, ...change }] }))
  t.equal(code({}), null)
  t.equal(code({ cec_report: undefined }), FORMAT, 'CEC report left out')
  t.equal(code({ cec_report: base64(pattern(300, 9)) }), FORMAT, 'another CEC report')
  t.equal(code({ attestation_report: base64(mintGpuReport({ seed: 2 })) }), FORMAT)
  t.equal(code({ certificate_chain: base64(mintPemChain(2, 9)) }), FORMAT)
  t.equal(code({ certificate_chain: undefined }), FORMAT, 'no chain')
  t.equal(code({ attestation_report: undefined }), FORMAT, 'no report beside its parts')
  const cec = { attestation_report: undefined, certificate_chain: undefined }
  t.equal(code(cec), FORMAT, 'a CEC report alone')
  t.equal(code({ ...cec, cec_report: undefined }), null, 'the joined form alone')
  const moved = { attestation_report: base64(joinAep83(GPU_REPORT, CEC)), cec_report: '' }
  t.equal(code(moved), null, 'where the parts meet is for the parser of the report to judge')
})

t.test('AEP-83: a joined form that cannot be taken apart is refused by its own code', async (t) => {
  const joined = (bytes: Uint8Array) => () =>
    parse({ ...QUOTE_GPU, gpu_reports: [{ device_index: 0, report: base64(bytes) }] })
  throwsCode(t, joined(pattern(512, 1)), 'ERR_NVIDIA_REQUEST')
  throwsCode(t, joined(GPU_REPORT.subarray(0, 900)), 'ERR_NVIDIA_LENGTH')
  throwsCode(t, joined(joinAep83(GPU_REPORT, pattern(5, 1))), 'ERR_NVIDIA_TRAILING')
})

t.test('AEP-83: real reports travel unchanged', { skip }, async (t) => {
  for (const name of vectors('snp')) {
    let report: Uint8Array
    try {
      report = vectorBytes('snp', name, 'report.bin')
    } catch {
      continue
    }
    t.same(parse({ ...QUOTE, report: base64(report) }).report, report, name)
  }
})
