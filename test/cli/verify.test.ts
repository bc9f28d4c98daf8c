// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { CODES, type Code } from '../../src/errors.js'
import { AT, mintAmd } from '../fake/amd.js'
import { manifest, skip, vectorPath, vectors } from '../vectors.js'
import { assay } from './terminal.js'

interface Manifest {
  readonly expect: string
  readonly validityTime?: string
  readonly reportVersion: number | null
  readonly files: Record<string, unknown>
}

/** Outcome and the code that decided, where a manifest's expectation is not simply "verified". */
const DECIDED_BY: Record<string, readonly [exit: number, code: string]> = {
  // Genuine, and its manifest says that a policy must still refuse it.
  'milan-v2-vcek-go-sev-guest': [10, 'ERR_POLICY_DEBUG'],
  'fake-v1-ms-sidecar': [10, 'ERR_SNP_VERSION'],
  'genoa-v3-vcek-routex-fake-turin-vcek': [10, 'ERR_CERTIFICATE_SIGNATURE'],
  'genoa-v3-vcek-tinfoil-211-truncated': [10, 'ERR_SNP_LENGTH'],
  'genoa-v3-vcek-tinfoil-220-signature-byte-flipped': [10, 'ERR_SNP_SIGNATURE'],
  'genoa-v3-vcek-tinfoil-221-signed-region-measurement-tampered': [10, 'ERR_SNP_SIGNATURE'],
  'genoa-v3-vcek-tinfoil-230-vcek-not-der': [10, 'ERR_CERTIFICATE_FORMAT'],
  'genoa-v3-vcek-tinfoil-240-expired': [10, 'ERR_CERTIFICATE_VALIDITY'],
  'milan-v2-vcek-cmc-badsig': [10, 'ERR_SNP_SIGNATURE'],
  'milan-v2-vcek-lit-unmatched': [10, 'ERR_SNP_SIGNATURE'],
  'milan-v2-vcek-trustee-fake-new': [10, 'ERR_CERTIFICATE_SIGNATURE'],
  'milan-v2-vlek-constellation-wrong-key': [10, 'ERR_SNP_SIGNATURE'],
  'synthetic-genoa-v3-600-synth-debug-bit-set': [10, 'ERR_POLICY_DEBUG'],
  'synthetic-genoa-v3-601-synth-reserved-mbo-cleared': [10, 'ERR_SNP_POLICY'],
  'synthetic-genoa-v3-700-vcek-hwid-mismatch': [10, 'ERR_SNP_CHIP_ID'],
  'synthetic-genoa-v3-701-vcek-bl-spl-mismatch': [10, 'ERR_SNP_TCB_MISMATCH'],
  'synthetic-genoa-v3-703-vcek-missing-hwid-extension': [10, 'ERR_SNP_CHIP_ID'],
}

/** Judged only by a policy that looks at migration, which `authenticity` does not. */
const BEYOND_AUTHENTICITY = ['synthetic-genoa-v3-603-synth-migrate-ma-set']

const withReport = vectors('snp').filter((name) =>
  readdirSync(vectorPath('snp', name)).includes('report.bin'),
)

function argv(name: string, { files, validityTime }: Manifest): string[] {
  const endorsements = ['vcek.der', 'vlek.der', 'cert_chain.pem'].filter((file) => file in files)
  return [
    'verify',
    '--snp',
    vectorPath('snp', name, 'report.bin'),
    '--policy',
    'authenticity',
    ...endorsements.flatMap((file) => ['--endorsement', vectorPath('snp', name, file)]),
    ...(validityTime ? ['--at', validityTime] : []),
    '--offline',
    '--json',
  ]
}

t.test('verify: real evidence has the outcome of its manifest', { skip }, async (t) => {
  t.ok(withReport.length > 50, `${withReport.length} reports`)
  for (const name of withReport) {
    const about = manifest<Manifest>('snp', name)
    const line = argv(name, about)
    if (about.expect.startsWith('synthetic')) {
      const alone = await assay(line)
      t.equal(alone.code, 10, `${name} without its root`)
      line.push('--roots', vectorPath('snp', name, 'ark.pem'))
    }
    const { code, out, err } = await assay(line)
    const result = JSON.parse(out)
    t.equal(err, '', name)
    const codes = result.findings.flatMap((finding: { code: string | null }) => finding.code ?? [])
    const decided = DECIDED_BY[name]
    if (decided) {
      t.equal(code, decided[0], name)
      t.ok(codes.includes(decided[1]), `${name}: ${codes.join(' ')}`)
    } else if (about.expect === 'parse-only') {
      t.equal(code, 20, name)
      t.ok(
        codes.every((given: Code) => CODES[given] === 'unavailable'),
        `${name}: ${codes.join(' ')}`,
      )
    } else if (BEYOND_AUTHENTICITY.includes(name)) {
      t.equal(result.policy.snp.guestPolicy.migrateMa, 'any', name)
    } else {
      t.match(about.expect, /^(synthetic-)?valid$/, name)
      t.equal(code, 0, `${name}: ${codes.join(' ')}`)
      t.equal(result.result, 'verified')
    }
  }
})

t.test('verify: a leaf alone is enough', { skip }, async (t) => {
  for (const name of [
    'turin-v5-vcek-ms-tav',
    'genoa-v3-vcek-tinfoil',
    'milan-v3-vlek-trustee-aws',
  ]) {
    const about = manifest<Manifest>('snp', name)
    const files = Object.fromEntries(
      Object.entries(about.files).filter(([file]) => file !== 'cert_chain.pem'),
    )
    t.equal((await assay(argv(name, { ...about, files }))).code, 0, name)
  }
})

t.test('verify: what was decided and what nobody looked at, for people and as JSON', async (t) => {
  const amd = await mintAmd()
  const dir = mkdtempSync(path.join(tmpdir(), 'assay-verify-'))
  const file = (name: string, bytes: Uint8Array): string => {
    writeFileSync(path.join(dir, name), bytes)
    return path.join(dir, name)
  }
  const reportData = new Uint8Array(64).fill(7)
  const line = ['verify', '--snp', file('report.bin', await amd.report({ reportData }))]
  line.push('--policy', 'authenticity', '--at', AT.toISOString(), '--offline')
  const undecided = await assay(line)
  t.equal(undecided.code, 20)
  t.match(undecided.out, /^UNDECIDED \(.*the workload itself was not appraised\)\n/)
  t.match(undecided.out, /\nto decide: supply what is missing with --endorsement FILE\n/)
  t.match(undecided.out, /\?{4} {2}snp\.signature +ERR_ENDORSER_OFFLINE: /)

  line.push('--roots', file('ark.der', amd.ark))
  line.push(
    ...['vek', 'authority'].flatMap((name) => {
      const bytes = amd[name as 'vek' | 'authority']
      return ['--endorsement', file(`${name}.der`, bytes)]
    }),
  )
  const expected = ['--nonce', Buffer.from(reportData).toString('base64')]
  const verified = await assay([...line, ...expected])
  t.equal(verified.code, 0)
  t.match(verified.out, /^VERIFIED \(/)
  t.match(verified.out, /\n {2}pass {2}binding\.nonce/)
  t.match(
    verified.out,
    /not checked, because the policy accepts any:\n {2}snp: .*measurement.*\n {2}snp\.guestPolicy: /,
  )
  t.match(verified.out, /\nappraised as of 2026-07-01T12:00:00\.000Z\n$/)

  const json = JSON.parse((await assay([...line, ...expected, '--json'])).out)
  t.equal(json.result, 'verified')
  t.same(Object.keys(json), ['result', 'findings', 'claims', 'policy', 'evaluatedAt'])
  t.same(Object.keys(json.claims), ['snp', 'tdx', 'gpus', 'binding'])

  const rejected = await assay([...line, '--report-data', '00'.repeat(64)], { color: true })
  t.equal(rejected.code, 10)
  t.match(rejected.out, /FAIL.*snp\.report-data +ERR_POLICY_REPORT_DATA: /)
})

t.test('verify: calls that are wrong', async (t) => {
  const report = path.join(mkdtempSync(path.join(tmpdir(), 'assay-verify-')), 'report.bin')
  writeFileSync(report, new Uint8Array(1184))
  const snp = ['verify', '--snp', report]
  const policy = ['--policy', 'authenticity']
  const cases: readonly (readonly [argv: string[], code: string])[] = [
    [['verify', ...policy], 'ERR_USAGE'],
    [snp, 'ERR_USAGE'],
    [[...snp, '--policy', `${report}.none`], 'ERR_FILE'],
    [[...snp, '--policy', report], 'ERR_POLICY_DOCUMENT'],
    [[...snp, ...policy, '--no-such-flag'], 'ERR_USAGE'],
    [[...snp, ...policy, '--at', 'yesterday'], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--at', '2026-13-01'], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--at', '2026-02-30'], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--at', '2026-01-31T24:00:00Z'], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--at', '2026-01-31T12:00'], 'ERR_ARGUMENT'],
    [[...snp, ...snp.slice(1), ...policy], 'ERR_USAGE'],
    [[...snp, ...policy, ...policy], 'ERR_USAGE'],
    [[...snp, ...policy, '--nonce', 'AA='], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--nonce', 'AAAA'], 'ERR_REPORT_DATA_LENGTH'],
    [[...snp, ...policy, '--nonce', '0a'.repeat(64)], 'ERR_USAGE'],
    [[...snp, ...policy, '--report-data', 'xy'], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--report-data', 'ab'], 'ERR_REPORT_DATA_LENGTH'],
    [[...snp, ...policy, '--roots', report], 'ERR_ARGUMENT'],
    [[...snp, ...policy, '--endorsement', `${report}.none`], 'ERR_FILE'],
  ]
  for (const [line, code] of cases) {
    const plain = await assay(line)
    t.equal(plain.code, 30, line.join(' '))
    t.match(plain.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
    t.equal(plain.out, '')
    const json = await assay([...line, '--json'])
    t.equal(JSON.parse(json.out).error.code, code)
  }
})
