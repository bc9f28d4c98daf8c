// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { authenticity, explainPolicy, parsePolicy } from '../../src/verify/index.js'
import { type Amd, AT, mintAmd } from '../fake/amd.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { mintGpus } from '../fake/gpus.js'
import type { ReportFields } from '../fake/snp.js'
import { skip, vectorPath } from '../vectors.js'
import { assay } from './terminal.js'

const dir = mkdtempSync(path.join(tmpdir(), 'assay-policy-'))
let files = 0
const file = (content: Uint8Array | string, end = 'bin'): string => {
  const name = path.join(dir, `${files++}.${end}`)
  writeFileSync(name, content)
  return name
}
const fresh = (): string => path.join(dir, `${files++}.jsonc`)

/** Arguments for `init` on a report with all that it takes to verify it. */
async function evidence(amd: Amd, fields: ReportFields = {}): Promise<string[]> {
  return [
    file(await amd.report(fields)),
    ...['--endorsement', file(amd.vek), '--endorsement', file(amd.authority)],
    ...['--roots', file(amd.ark), '--at', AT.toISOString()],
  ]
}

t.test('policy init: a commented policy on standard output', async (t) => {
  const argv = await evidence(await mintAmd())
  const { code, out, err } = await assay(['policy', 'init', ...argv])
  t.equal(code, 0)
  t.match(out, /The evidence was VERIFIED as genuine/)
  t.match(err, /^the evidence was verified; [^\n]+\n$/)
  const policy = parsePolicy(out)
  t.equal(policy.name, `pinned from ${path.basename(argv[0] as string)}`)
  t.match(policy.snp, { products: ['Milan'], endorsementKey: ['vcek'], vmpl: [0] })
  const json = await assay(['policy', 'init', ...argv, '--json', '--name', 'mine'])
  t.strictSame(parsePolicy(JSON.parse(json.out)), { ...policy, name: 'mine' })
})

t.test('policy init: into a new file, whole, and never over another', async (t) => {
  const argv = await evidence(await mintAmd({ kind: 'vlek' }))
  const out = fresh()
  const written = await assay(['policy', 'init', ...argv, '--out', out])
  t.equal(written.code, 0)
  t.equal(written.out, `policy written to ${out}\n`)
  const text = readFileSync(out, 'utf8')
  t.match(parsePolicy(text).snp?.cspId, ['CN=cc-test-1.example'])
  const again = await assay(['policy', 'init', ...argv, '--out', out, '--name', 'other'])
  t.equal(again.code, 30)
  t.match(again.err, /^assay: ERR_FILE: cannot write [^\n]+ not overwritten\n$/)
  t.equal(readFileSync(out, 'utf8'), text)
  const nowhere = await assay(['policy', 'init', ...argv, '--out', path.join(dir, 'none', 'p')])
  t.match(nowhere.err, /^assay: ERR_FILE: cannot write [^\n]+: no such folder\n$/)
  const long = await assay(['policy', 'init', ...argv, '--out', path.join(dir, 'x'.repeat(300))])
  t.match(long.err, /ERR_FILE: cannot write [^\n]+: ENAMETOOLONG\n$/)
  t.same(
    readdirSync(dir).filter((name) => name.endsWith('.part')),
    [],
    'no draft is left',
  )
  const json = fresh()
  const said = await assay(['policy', 'init', ...argv, '--out', json, '--json'])
  t.strictSame(JSON.parse(said.out), { out: json, evidence: 'verified' })
  t.strictSame(JSON.parse(readFileSync(json, 'utf8')), parsePolicy(text))
})

t.test('policy init: says when nothing was verified', async (t) => {
  const amd = await mintAmd()
  const bare = await assay(['policy', 'init', file(await amd.report())])
  t.equal(bare.code, 0)
  t.match(bare.out, /The evidence was UNDECIDED/)
  t.match(
    bare.err,
    /^the evidence is undecided: [^\n]+\n {2}snp\.chain: ERR_ENDORSEMENT_MISSING: [^\n]+\n$/,
  )
  t.match(parsePolicy(bare.out).snp, { products: 'any', minimumTcb: { reported: 'any' } })
  const piped = await assay(['policy', 'init', '-'], { stdin: [await amd.report()] })
  t.equal(parsePolicy(piped.out).name, 'pinned from standard input')
  const odd = await assay(['policy', 'init', file(await amd.report(), 'b\u00e4r')])
  t.match(parsePolicy(odd.out).name, /^pinned from \d+\.b\?r$/)
})

t.test('policy init: rejected evidence is nothing to start from, but for its guest', async (t) => {
  const amd = await mintAmd()
  const [report, ...rest] = await evidence(amd)
  const forged = readFileSync(report as string)
  forged.fill(0xee, 0x90, 0x91)
  const refused = await assay(['policy', 'init', file(forged), ...rest])
  t.equal(refused.code, 10)
  t.match(refused.err, /^assay: ERR_SNP_SIGNATURE: no policy starts from rejected evidence/)
  t.equal(refused.out, '')
  const debug = await assay(['policy', 'init', ...(await evidence(amd, { policy: 0xb0000n }))])
  t.equal(debug.code, 0)
  t.match(debug.err, /^the evidence is rejected: /)
  t.equal(parsePolicy(debug.out).snp?.debug, 'forbid')
  const host = await assay(['policy', 'init', ...(await evidence(amd, { vmpl: 0xffffffff }))])
  t.match(host.err, /^assay: ERR_POLICY_VMPL: /)
})

t.test('policy init: an evidence file says how it was asked for', async (t) => {
  const amd = await mintAmd()
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const stray = '00000000-1111-2222-3333-444444444444'
  const table = mintCertTable([
    [GUIDS.ask, amd.authority],
    [stray, Uint8Array.of(1)],
  ])
  const answer = {
    format: 'assay.evidence.v1',
    tee: 'snp',
    report: base64(await amd.report({ vmpl: 1 })),
    endorsements: [base64(amd.vek)],
    auxblob: base64(table),
    gpus: [],
    claims: { tls_spki: base64(new Uint8Array(91)) },
  }
  const trust = ['--roots', file(amd.ark), '--at', AT.toISOString()]
  const { out, err } = await assay([
    'policy',
    'init',
    file(`\n${JSON.stringify(answer)}`, 'json'),
    ...trust,
  ])
  t.match(err, /^the evidence was verified/)
  t.match(parsePolicy(out).binding, {
    ...{ modes: ['bound'], boundVmpl: 1 },
    ...{ tlsKey: 'require', hpkeKey: 'any', userData: 'any' },
  })
  const nvidia = await mintGpus(1)
  const gpus = (await nvidia.answer(new Uint8Array(32))).map(({ index, evidence, certChain }) => ({
    ...{ index, evidence: base64(evidence), cert_chain: base64(certChain) },
  }))
  const beside = await assay([
    'policy',
    'init',
    file(JSON.stringify({ ...answer, gpus }), 'json'),
    ...[...trust, '--roots', file(nvidia.root)],
  ])
  t.match(beside.err, /^the evidence was verified/)
  t.match(parsePolicy(beside.out).gpus, { count: 1, architectures: ['HOPPER'], binding: 'require' })
  t.notMatch(out, '"gpus"')
  const bare = { ...answer, auxblob: '', endorsements: [base64(amd.vek), base64(amd.authority)] }
  const again = await assay(['policy', 'init', file(JSON.stringify(bare)), ...trust])
  t.match(again.err, /^the evidence was verified/)
  const tdx = await assay(['policy', 'init', file(JSON.stringify({ ...answer, tee: 'tdx' }))])
  t.match(tdx.err, /^assay: ERR_EVIDENCE_UNKNOWN: SNP evidence expected, got tdx\n$/)
  const garbled = await assay(['policy', 'init', file('{}')])
  t.match(garbled.err, /^assay: ERR_\w+_FORMAT: /)
})

t.test('policy init: real evidence, verified from its certificate', { skip }, async (t) => {
  const { out, err } = await assay([
    'policy',
    'init',
    vectorPath('snp', 'turin-v5-vcek-ms-tav', 'report.bin'),
    ...['--endorsement', vectorPath('snp', 'turin-v5-vcek-ms-tav', 'vcek.der')],
    ...['--at', '2026-07-01'],
  ])
  t.match(err, /^the evidence was verified/)
  t.match(parsePolicy(out).snp, { products: ['Turin'], chipId: 'any' })
})

t.test('policy explain: of a file, of a pipe, of the built-in one', async (t) => {
  const named = await assay(['policy', 'explain', 'authenticity'])
  t.equal(named.code, 0)
  t.equal(named.out, `${explainPolicy(authenticity()).join('\n')}\n`)
  const text = `// mine\n${JSON.stringify(authenticity())}`
  t.equal((await assay(['policy', 'explain', file(text)])).out, named.out)
  const stdin = [new TextEncoder().encode(text)]
  const { out } = await assay(['policy', 'explain', '-', '--json'], { stdin })
  const json = JSON.parse(out)
  t.strictSame(Object.keys(json), ['policy', 'accepts', 'warnings', 'unchecked'])
  t.strictSame(json.policy, authenticity())
  const wrong = await assay(['policy', 'explain', file('{ "format": 1 }')])
  t.equal(wrong.code, 30)
  t.match(wrong.err, /^assay: ERR_POLICY_DOCUMENT: policy: format: "assay.policy.v1" expected/)
})

t.test('policy schema: the published one', async (t) => {
  const { code, out } = await assay(['policy', 'schema'])
  t.equal(code, 0)
  const published = path.resolve(import.meta.dirname, '../../docs/policy.schema.json')
  t.equal(out, readFileSync(published, 'utf8'))
})

t.test('policy: calls that are wrong', async (t) => {
  for (const argv of [
    [],
    ['print'],
    ['init'],
    ['explain'],
    ['init', 'x', '--out', 'a', '--out', 'b'],
  ]) {
    const { code, err } = await assay(['policy', ...argv])
    t.equal(code, 30, argv.join(' '))
    t.match(err, /^assay: ERR_USAGE: [^\n]+\n$/)
  }
})
