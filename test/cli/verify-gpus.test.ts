// SPDX-License-Identifier: Apache-2.0
// `assay verify --gpu`: GPUs by themselves, and beside a raw report.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { GpuEvidence } from '../../src/evidence.js'
import { authenticity, type GpuPolicy } from '../../src/verify/index.js'
import { mintAmd } from '../fake/amd.js'
import { base64 } from '../fake/evidence.js'
import { type FakeGpus, mintGpus } from '../fake/gpus.js'
import { joinAep83 } from '../fake/nvidia.js'
import { AT_FLAGS, AUTHENTICITY, fresh, NONCE, NONCE_FLAGS, put, supply, trust } from './desk.js'
import { assay } from './terminal.js'

const GPU_NONCE = NONCE.slice(0, 32)
const OFFLINE = [...AT_FLAGS, '--offline']

const flagsOf = (gpus: readonly GpuEvidence[]): string[] =>
  gpus.flatMap(({ evidence, certChain }) => [
    '--gpu',
    put(evidence),
    '--cert-chain',
    put(certChain),
  ])

const trusted = ({ root }: FakeGpus): string[] => ['--roots', put(root)]

async function run(argv: readonly string[]) {
  const { code, out, err } = await assay(['verify', ...argv, ...OFFLINE, '--json'])
  const { findings = [], ...json } = code < 30 ? JSON.parse(out) : {}
  const codes = findings.flatMap((one: { code: string | null }) => one.code ?? [])
  return { code, err, codes, json }
}

const policyFile = (gpus: Partial<GpuPolicy>): string[] => {
  const policy = authenticity()
  return ['--policy', put({ ...policy, gpus: { ...policy.gpus, ...gpus } })]
}

t.test('verify --gpu: genuine, and of nobody knows which machine', async (t) => {
  const nvidia = await mintGpus()
  const argv = [...flagsOf(await nvidia.answer(GPU_NONCE)), ...trusted(nvidia), ...AUTHENTICITY]
  const nonce = ['--nonce', base64(GPU_NONCE)]
  const { code, json } = await run([...argv, ...nonce])
  t.equal(code, 0)
  t.match(json, {
    result: 'verified',
    claims: { snp: null, tdx: null, gpus: [{ index: 0 }, { index: 1 }], binding: null },
    policy: { gpus: { binding: 'any', nonce: 'require' } },
  })
  const { out } = await assay(['verify', ...argv, ...nonce, ...OFFLINE])
  const [head, foreign] = out.split('\n')
  t.equal(head, 'VERIFIED (GPUs by themselves: NOTHING ties them to a machine)')
  t.match(foreign, /^the root is NOT that of the vendor/)
  t.match(out, /\n {2}pass {2}gpu\.signature +devices 0-1: /)
  t.match(out, /\n {2}gpus: .*rim.*binding\n/)
  t.notMatch(out, /\n {2}(snp|binding): /, 'nothing of a CPU was there to look at')
  t.match((await run([...argv, '--nonce', base64(NONCE.slice(1, 33))])).codes, ['ERR_NVIDIA_NONCE'])
  t.equal((await run(argv)).code, 0, 'without a nonce nobody knows how old it is')
  t.match((await run([...flagsOf(await nvidia.answer(GPU_NONCE)), ...AUTHENTICITY])).codes, [
    'ERR_CERTIFICATE_ROOT',
    'ERR_CERTIFICATE_ROOT',
  ])
})

t.test('verify --gpu: a policy may ask for more than GPUs alone can give', async (t) => {
  const nvidia = await mintGpus(1)
  const argv = [...flagsOf(await nvidia.answer(GPU_NONCE)), ...trusted(nvidia)]
  const unbound = await run([...argv, ...policyFile({})])
  t.same([unbound.code, unbound.codes], [10, ['ERR_GPU_UNBOUND']])
  const alone = { binding: 'any' } as const
  const fewer = await run([...argv, ...policyFile({ ...alone, count: 8 })])
  t.same([fewer.code, fewer.codes], [10, ['ERR_GPU_COUNT']])
  const revoked = { ...alone, revocation: { maximumAgeHours: 24 } }
  const missing = await assay(['verify', ...argv, ...policyFile(revoked), ...OFFLINE])
  t.equal(missing.code, 20)
  t.match(missing.out, /\nto decide: supply OCSP responses with --ocsp FILE\n/)
  const { gpus: _, ...silent } = authenticity()
  const left = await run([...argv, '--policy', put({ ...silent, gpus: 'any' })])
  t.same([left.code, left.codes], [20, ['ERR_GPU_UNJUDGED']])
})

t.test('verify --gpu: the chain may follow the report, as AEP-83 joins them', async (t) => {
  const nvidia = await mintGpus(1)
  const [gpu] = (await nvidia.answer(GPU_NONCE)) as [GpuEvidence]
  const joined = put(joinAep83(gpu.evidence, gpu.certChain))
  const argv = [...trusted(nvidia), ...AUTHENTICITY]
  t.equal((await run(['--gpu', joined, ...argv])).code, 0)
  const bare = await run(['--gpu', put(gpu.evidence), ...argv])
  t.equal(bare.code, 10, 'no chain, no device')
  const cut = await run(['--gpu', put(gpu.evidence.slice(0, 99)), ...argv])
  t.ok(cut.codes.includes('ERR_NVIDIA_LENGTH'), 'unreadable evidence is rejected, not a wrong call')
  t.equal(cut.code, 10)
})

t.test('verify --snp --gpu: raw evidence of a machine with GPUs', async (t) => {
  const [amd, nvidia] = [await mintAmd(), await mintGpus(1)]
  const report = await amd.report({ reportData: NONCE })
  const gpus = flagsOf(await nvidia.answer(GPU_NONCE))
  const argv = ['--snp', put(report), ...trust(amd), ...trusted(nvidia), ...supply(...amd.chain)]
  const shown = await run([...argv, ...gpus, ...NONCE_FLAGS, ...AUTHENTICITY])
  t.same([shown.code, shown.codes], [10, ['ERR_GPU_UNBOUND']])
  const open = await run([...argv, ...gpus, ...NONCE_FLAGS, ...policyFile({ binding: 'any' })])
  t.equal(open.code, 0)
  t.match(open.json.claims, { snp: {}, gpus: [{ index: 0 }], binding: { gpuDigest: null } })
  const none = await run([...argv, ...NONCE_FLAGS, ...policyFile({ count: 1 })])
  t.same([none.code, none.codes], [10, ['ERR_GPU_ABSENT']], 'a platform that must have GPUs')
})

t.test('verify --gpu: RIMs in files and folders', async (t) => {
  const nvidia = await mintGpus(1)
  const argv = [...flagsOf(await nvidia.answer(GPU_NONCE)), ...trusted(nvidia), ...AUTHENTICITY]
  const folder = fresh('d')
  mkdirSync(path.join(folder, 'below'), { recursive: true })
  for (const name of ['b.xml', 'a.xml']) writeFileSync(path.join(folder, name), '<no/>')
  for (const rim of [folder, put('<no/>')]) {
    const { code, codes } = await run([...argv, '--rim', rim])
    t.equal(code, 10, 'what is given is judged')
    t.ok(codes.every((one: string) => one.startsWith('ERR_RIM_')))
  }
  t.match((await run([...argv, '--rim', fresh()])).err, /^assay: ERR_FILE: .*no such file/)
  const full = fresh('d')
  mkdirSync(full)
  for (let at = 0; at < 257; at++) writeFileSync(path.join(full, `${at}`), 'x')
  t.match(
    (await run([...argv, '--rim', full])).err,
    /^assay: ERR_USAGE: --rim: a folder of at most/,
  )
  const ocsp = await run([...argv, '--ocsp', put('no')])
  t.not(ocsp.code, 0)
})

t.test('verify --gpu: a wrong call', async (t) => {
  const [gpu, chain] = [put('x'), put('y')]
  const calls: [argv: string[], says: RegExp][] = [
    [['--gpu', gpu, '--cert-chain', chain, '--cert-chain', chain], /as many --cert-chain as --gpu/],
    [['--gpu', gpu, '--gpu', gpu, '--cert-chain', chain], /got 1 for 2/],
    [['evidence.json', '--gpu', gpu], /--gpu is for --snp or for itself/],
    [['--gpu', gpu, '--ear', 'x'], /--ear/],
    [['--gpu', gpu, '--report-data', '00'], /--report-data is for evidence of a CPU/],
    [['--gpu', gpu, '--tls-key', 'x'], /--tls-key is for evidence of a CPU/],
    [['--gpu', gpu, '--batch'], /--batch is for evidence of a CPU/],
    [[], /a FILE, a URL, a --lease, --snp FILE or --gpu FILE/],
  ]
  for (const [argv, says] of calls) {
    const { code, err } = await run([...argv, ...AUTHENTICITY])
    t.equal(code, 30)
    t.match(err, says)
  }
})
