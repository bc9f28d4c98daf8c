// SPDX-License-Identifier: Apache-2.0
// `assay bundle`: whole, or not at all, and good for years.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { encodeBundle, parseEvidenceFile } from '../../src/evidence.js'
import { authenticity, type Policy } from '../../src/verify/index.js'
import { V1_LEAST } from '../evidence/documents.js'
import { pem } from '../fake/amd.js'
import { base64 } from '../fake/evidence.js'
import { NOW as GPU_NOW, mintGpuWorld } from '../fake/gpu-world.js'
import { serve } from '../fake/kds.js'
import { pattern } from '../fake/nvidia.js'
import { assaySidecar } from '../fake/sidecar.js'
import { world } from '../verify/kds-world.js'
import {
  AT_FLAGS,
  fetched,
  fresh,
  NONCE,
  NONCE_FLAGS,
  NOW,
  policyFile,
  put,
  supply,
  trust,
  verify,
} from './desk.js'
import { assay, type World } from './terminal.js'

const STRICT: Partial<Policy['snp']> = {
  revocation: { maximumAgeDays: 365 },
  measurement: ['4d'.repeat(48)],
  hostData: ['00'.repeat(32)],
  products: ['Milan'],
}
/** No request in these tests is late, and nothing waits for it. */
const ONLINE: World = { ...NOW, fetch, random: () => NONCE, sleep: () => new Promise(() => {}) }
const OFFLINE: World = { ...NOW, fetch: () => Promise.reject(new Error('asked')) }

async function service(t: Test) {
  const { kds, amd } = await world()
  const server = await serve(kds)
  t.teardown(server.close)
  const dir = t.testdir({})
  const cache = ['--cache', fresh('cache')]
  return {
    ...{ kds, amd, dir, out: path.join(dir, 'bundle.json') },
    report: put(await amd.report({ reportData: NONCE })),
    flags: [
      '--kds',
      server.baseUrl,
      '--out',
      path.join(dir, 'bundle.json'),
      ...trust(amd),
      ...cache,
    ],
  }
}

/** Years later, with nothing but the file, the root and a strict policy. */
const later = (bundle: string, amd: Parameters<typeof trust>[0], ...flags: string[]) =>
  verify(
    [bundle, '--policy', policyFile(STRICT), ...trust(amd), ...AT_FLAGS, '--offline', ...flags],
    { now: () => new Date('2036-01-01T00:00:00Z') },
  )

t.test('bundle: of a raw report', async (t) => {
  const { kds, amd, dir, out, report, flags } = await service(t)
  const shown: (string | null)[] = []
  const status = (text: string | null) => shown.push(text)
  const argv = ['bundle', '--snp', report, ...NONCE_FLAGS, ...flags]
  const ran = await assay(argv, { ...ONLINE, status })
  t.equal(ran.code, 0, ran.err)
  t.equal(
    ran.out,
    `${out}: the evidence, NOT verified, and what vouches for it (endorsements: 4)\n`,
  )
  t.match(shown[0], /^fetching VCEK/)
  t.equal(shown.at(-1), null)
  t.equal(
    kds.requests.some((asked) => asked.endsWith('/crl')),
    true,
  )
  t.same(readdirSync(dir), ['bundle.json'], 'and no draft')
  const judged = await later(out, amd)
  t.equal(judged.code, 0, judged.codes.join())
  for (const check of ['binding.nonce', 'snp.revocation', 'snp.measurement']) {
    t.ok(judged.passed.includes(check), check)
  }
})

t.test('bundle: of a raw report whose nonce nobody knows', async (t) => {
  const { amd, out, report, flags } = await service(t)
  const ran = await assay(['bundle', '--snp', report, ...flags, '--json'], ONLINE)
  t.strictSame(JSON.parse(ran.out), { out, endorsements: 4 })
  t.equal(parseEvidenceFile(readFileSync(out)).nonce, null)
  const judged = await later(out, amd)
  t.equal(judged.code, 0)
  t.equal(judged.err, '')
})

t.test('bundle: of a live endpoint', async (t) => {
  const { amd, out, flags } = await service(t)
  const sidecar = await assaySidecar()
  t.teardown(sidecar.close)
  const ran = await assay(['bundle', sidecar.url, ...flags], ONLINE)
  t.equal(ran.code, 0, ran.err)
  const { nonce, channelSpki } = parseEvidenceFile(readFileSync(out))
  t.same(nonce, NONCE)
  t.same(channelSpki, sidecar.identity.spki)
  const judged = await later(out, amd)
  t.equal(judged.code, 0, judged.codes.join())
  t.ok(judged.passed.includes('binding.tls-key'))
})

t.test('bundle: keeps what was asked to be bound', async (t) => {
  const { amd, out, flags } = await service(t)
  const sidecar = await assaySidecar()
  t.teardown(sidecar.close)
  const userData = ['--user-data', put(pattern(7, 7))]
  const ran = await assay(['bundle', sidecar.url, ...userData, ...flags], ONLINE)
  t.equal(ran.code, 0, ran.err)
  t.same(parseEvidenceFile(readFileSync(out)).userData, pattern(7, 7))
  t.ok((await later(out, amd)).passed.includes('binding.user-data'))
})

t.test('bundle: of a file, and of a bundle, which is complete already', async (t) => {
  const { kds, amd, dir, out, flags } = await service(t)
  const sidecar = await assaySidecar()
  t.teardown(sidecar.close)
  const { answer } = await fetched(sidecar.url)
  const argv = ['bundle', put(answer as object, 'json'), ...NONCE_FLAGS]
  t.equal((await assay([...argv, ...flags], ONLINE)).code, 0)
  t.notOk(
    kds.requests.some((asked) => asked.includes('?')),
    'the answer carries the VCEK',
  )
  t.equal((await later(out, amd)).code, 0)
  const second = path.join(dir, 'second.json')
  const again = ['bundle', out, '--out', second, ...trust(amd), '--offline']
  t.equal((await assay(again, OFFLINE)).code, 0)
  t.equal(readFileSync(second, 'utf8'), readFileSync(out, 'utf8'))
})

t.test('bundle: offline, from what is given, in any form', async (t) => {
  const { amd, out, report } = await service(t)
  const { vek, authority, ark } = amd
  const chain = put(pem(authority) + pem(ark))
  const argv = ['bundle', '--snp', report, '--out', out, ...supply(vek, await amd.crl())]
  const ran = await assay([...argv, '--endorsement', chain, '--offline'], OFFLINE)
  t.equal(ran.code, 0, ran.err)
  t.equal((await later(out, amd)).code, 0)
})

t.test('bundle: nothing is written without something that will be asked for', async (t) => {
  const { kds, amd, dir, report, flags } = await service(t)
  const { vek, authority, ark } = amd
  const crl = await amd.crl()
  const argv = ['bundle', '--snp', report, ...flags]
  for (const given of [
    [],
    [vek],
    [vek, authority, crl],
    [vek, ark, crl],
    [vek, authority, ark],
    [crl],
  ]) {
    const ran = await assay([...argv, ...supply(...given), '--offline'], OFFLINE)
    t.equal(ran.code, 20)
    t.equal(ran.out, '')
    t.match(ran.err, /^assay: ERR_ENDORSER_OFFLINE: [^\n]+; --endorsement FILE supplies it\n$/)
  }
  kds.fault = ({ path }) => (path.endsWith('/crl') ? { status: 404 } : null)
  const ran = await assay(argv, ONLINE)
  t.equal(ran.code, 20)
  t.match(ran.err, /^assay: ERR_ENDORSER_NOT_FOUND: CRL of ARK-Milan [^\n]+\n$/)
  kds.fault = ({ path }) => (path.endsWith('/crl') ? { status: 200, body: 'hello' } : null)
  const odd = await assay(argv, ONLINE)
  t.equal(odd.code, 10)
  t.match(odd.err, /^assay: ERR_ENDORSER_ANSWER: /)
  t.notMatch(odd.err, /--endorsement/, 'what a service answers wrongly is not a file that lacks')
  t.same(readdirSync(dir), [])
})

/** An answer of AEP-83 with one GPU, and what vouches for that. */
async function gpuAnswer(reportFile: string) {
  const world = await mintGpuWorld(NONCE.slice(0, 32))
  const { evidence, certChain } = world.gpu
  const answer = {
    ...{ report: base64(readFileSync(reportFile)), cert_chain: '', auxblob: '', tls_bound: false },
    tee_platform: 'snp-gpu',
    gpu_reports: [{ device_index: 0, report: base64(Buffer.concat([evidence, certChain])) }],
  }
  const named = (flag: string, files: readonly Uint8Array[]) =>
    files.flatMap((file) => [flag, put(file)])
  return {
    file: put(answer, 'json'),
    roots: named('--roots', world.roots),
    material: [...named('--rim', world.rims), ...named('--ocsp', world.ocsp)],
  }
}

/** At a time when the GPU's certificates are good, and with services of NVIDIA that have nothing. */
const OF_GPUS: World = {
  ...ONLINE,
  now: () => GPU_NOW,
  fetch: (input, init) =>
    new URL(String(input)).hostname.endsWith('nvidia.com')
      ? Promise.resolve(new Response('', { status: 404 }))
      : fetch(input, init),
}

t.test('bundle: of GPUs too, with their RIMs and what OCSP says', async (t) => {
  const { amd, out, report, flags } = await service(t)
  const { file, roots, material } = await gpuAnswer(report)
  const argv = ['bundle', file, ...NONCE_FLAGS, ...roots, ...flags]
  const ran = await assay([...argv, ...material], OF_GPUS)
  t.equal(ran.code, 0, ran.err)
  t.match(ran.out, /endorsements: 12\)$/m)
  const { gpus } = authenticity()
  const asked = { ...gpus, rim: 'require', revocation: { maximumAgeHours: 24 }, binding: 'any' }
  const policy = policyFile({}, { gpus: asked as typeof gpus })
  const strict = ['--policy', policy, '--offline', '--at', GPU_NOW.toISOString()]
  const judged = await verify([out, ...strict, ...trust(amd), ...roots])
  t.equal(judged.code, 0, judged.codes.join())
  const again = ['bundle', out, '--out', fresh('json'), ...roots, ...trust(amd), '--offline']
  const second = await assay(again, { ...OFFLINE, now: () => GPU_NOW })
  t.equal(second.code, 0, 'a bundle is complete')
})

t.test('bundle: what vouches for GPUs is there, or left out by name', async (t) => {
  const { dir, report, flags } = await service(t)
  const { file, roots } = await gpuAnswer(report)
  const argv = ['bundle', file, ...NONCE_FLAGS, ...roots, ...flags]
  const ran = await assay(argv, OF_GPUS)
  t.equal(ran.code, 20, ran.err)
  t.match(ran.err, /; --rim and --ocsp supply it, --cpu-only leaves it out\n$/)
  t.same(readdirSync(dir), [])
  t.equal((await assay([...argv, '--cpu-only'], OF_GPUS)).code, 0)
})

t.test('bundle: nothing is overwritten', async (t) => {
  const { dir, out, report, flags } = await service(t)
  const argv = ['bundle', '--snp', report, ...flags]
  t.equal((await assay(argv, ONLINE)).code, 0)
  const text = readFileSync(out, 'utf8')
  const again = await assay([...argv, ...NONCE_FLAGS], ONLINE)
  t.equal(again.code, 30)
  t.match(again.err, /^assay: ERR_FILE: cannot write [^\n]+ not overwritten\n$/)
  t.equal(readFileSync(out, 'utf8'), text)
  t.same(readdirSync(dir), ['bundle.json'])
  const nobody = await assay(['bundle', 'https://127.0.0.1:1', ...flags], ONLINE)
  t.match(nobody, { code: 30, err: /^assay: ERR_FILE: / }, 'and nobody is asked in vain')
})

t.test('bundle: evidence that nothing more is known to vouch for', async (t) => {
  const out = path.join(t.testdir({}), 'tdx.json')
  const file = put(V1_LEAST, 'json')
  const { code } = await assay(['bundle', file, '--out', out, ...NONCE_FLAGS], OFFLINE)
  t.equal(code, 0)
  t.equal(
    readFileSync(out, 'utf8'),
    encodeBundle({
      ...{ answer: V1_LEAST, nonce: NONCE, channelSpki: null, endorsements: [] },
    }),
  )
})

t.test('bundle: calls that are wrong', async (t) => {
  const { kds, dir, out, report } = await service(t)
  for (const [argv, code, exit] of [
    [['--snp', report], 'ERR_USAGE', 30],
    [['--out', out], 'ERR_USAGE', 30],
    [['--snp', report, '--out', out, '--out', out], 'ERR_USAGE', 30],
    [['--snp', report, '--out', out, '--kds', 'kds'], 'ERR_ARGUMENT', 30],
    [['--snp', report, '--out', out, '--roots', report], 'ERR_ARGUMENT', 30],
    [[report, '--out', out], 'ERR_FILE_FORMAT', 30],
    [['--snp', put('no report'), '--out', out], 'ERR_SNP_LENGTH', 10],
    [['--snp', report, '--out', out, '--nonce', 'AAAA'], 'ERR_REPORT_DATA_LENGTH', 30],
  ] as const) {
    const ran = await assay(['bundle', ...argv], NOW)
    t.equal(ran.code, exit, argv.slice(1).join(' '))
    t.equal(ran.out, '')
    t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  }
  t.same(kds.requests, [])
  t.same(readdirSync(dir), [])
  t.notOk(existsSync(out))
})
