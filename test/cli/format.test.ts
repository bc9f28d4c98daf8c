// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { formatResult } from '../../src/cli/format.js'
import { CODES, type Code } from '../../src/errors.js'
import { type AttestationResult, authenticity } from '../../src/verify/index.js'

const NO_CLAIMS = { snp: null, tdx: null, gpus: [], binding: {} }

/** A result with a finding for each code. */
function text(verdict: AttestationResult['result'], ...codes: Code[]): string {
  const findings = codes.map((code) => {
    const outcome = CODES[code] === 'unavailable' ? 'unknown' : 'fail'
    return { check: 'snp.vek', outcome, code, detail: 'x' } as const
  })
  const { snp: _, gpus: __, ...policy } = authenticity()
  const bound = { ...policy.binding, nonce: 'require', modes: ['raw'] } as const
  const all = { tlsKey: 'require', hpkeKey: 'require', userData: 'require' } as const
  const evaluatedAt = '2026-07-01T12:00:00.000Z'
  const result = { result: verdict, findings, claims: NO_CLAIMS, evaluatedAt }
  const closed = { ...policy, binding: { ...bound, ...all } }
  return formatResult({ ...result, policy: closed } as unknown as AttestationResult, false)
}

const hints = (written: string): string[] =>
  written.split('\n').flatMap((line) => /^to decide: (.*)/.exec(line)?.[1] ?? [])

const SUPPLY = 'supply what is missing with --endorsement FILE'
const LATER = 'try again later'
const HINTS: Partial<Record<Code, readonly string[]>> = {
  ERR_ENDORSEMENT_MISSING: [SUPPLY],
  ERR_CHIP_ID_MASKED: [SUPPLY],
  ERR_CRL_STALE: [SUPPLY],
  ERR_ENDORSER_NOT_FOUND: [SUPPLY],
  ERR_ENDORSER_OFFLINE: [SUPPLY, 'let it be fetched, without --offline'],
  ERR_ENDORSER_TIMEOUT: [SUPPLY, LATER],
  ERR_ENDORSER_RATE_LIMIT: [SUPPLY, LATER],
  ERR_ENDORSER_STATUS: [SUPPLY, LATER],
  ERR_ENDORSER_NETWORK: [SUPPLY, LATER],
  ERR_NONCE_MISSING: ['say with --nonce what the evidence was asked for with'],
  ERR_CHANNEL_KEY_MISSING: ['name the key of your TLS connection with --tls-key FILE'],
  ERR_RIM_MISSING: ['supply the RIMs of driver and VBIOS with --rim FILE'],
  ERR_OCSP_MISSING: ['supply OCSP responses with --ocsp FILE'],
  ERR_OCSP_STALE: ['supply OCSP responses with --ocsp FILE'],
  ERR_TOKEN_MISSING: ['name what somebody else says of the GPUs with --nras or --ita'],
  ERR_GPU_UNJUDGED: ['add a section "gpus" to the policy'],
  ERR_FIELD_ABSENT: [],
  ERR_UNSUPPORTED: [],
}

t.test('format: what can be done, by the code, and each thing once', async (t) => {
  for (const [code, expected] of Object.entries(HINTS)) {
    t.same(hints(text('undecided', code as Code, code as Code)), expected, code)
  }
  t.same(hints(text('rejected', 'ERR_POLICY_VMPL', 'ERR_ENDORSEMENT_MISSING')), [])
})

t.test('format: a policy that leaves nothing unchecked', async (t) => {
  t.match(text('undecided', 'ERR_FIELD_ABSENT'), /^UNDECIDED\n/)
  t.match(text('rejected', 'ERR_POLICY_TEE'), /\nthe policy leaves nothing unchecked\n/)
})

t.test('format: GPUs that nobody looked at', async (t) => {
  const rest = { result: 'verified', findings: [], claims: NO_CLAIMS, evaluatedAt: '' }
  const written = (policy: object) =>
    formatResult({ ...rest, policy } as unknown as AttestationResult, false)
  t.match(written({ ...authenticity(), gpus: 'any' }), /\n {2}gpus: the GPUs themselves\n/)
  t.notMatch(written(authenticity()), /GPU/)
})

t.test('format: an FMC is open only where there can be one', async (t) => {
  const levels = { fmc: 'any', bootLoader: 1, tee: 1, snp: 1, microcode: 1 } as const
  const open = (product: string) => {
    const base = authenticity()
    const rows = [{ product, cpuid: 'any', ...levels }]
    const snp = { ...base.snp, minimumTcb: { ...base.snp.minimumTcb, reported: rows } }
    const rest = { result: 'verified', findings: [], claims: NO_CLAIMS, evaluatedAt: '' }
    const policy = { ...base, snp }
    const written = formatResult({ ...rest, policy } as unknown as AttestationResult, false)
    return /\n {2}snp\.minimumTcb\.reported\.0: (.*)\n/.exec(written)?.[1]
  }
  t.equal(open('Turin'), 'cpuid, fmc')
  t.equal(open('Genoa'), 'cpuid')
})

t.test('format: counts what passed, and names what did not', async (t) => {
  const rest = { result: 'rejected', claims: NO_CLAIMS, policy: authenticity(), evaluatedAt: '' }
  const lines = (...findings: AttestationResult['findings']) =>
    formatResult({ ...rest, findings } as unknown as AttestationResult, false)
  const pass = { check: 'snp.tcb', outcome: 'pass', code: null, detail: 'x' } as const
  const fail = { check: 'snp.vek', outcome: 'fail', code: 'ERR_SNP_VEK_KIND', detail: 'y' } as const
  const gap = { ...fail, check: 'snp.chip', outcome: 'unknown' } as const
  t.match(lines(pass, pass), /\n2 of 2 checks passed\n/)
  t.match(
    lines(pass, fail, gap),
    /\n1 of 3 checks passed; 1 failed: snp\.vek; 1 could not be made: snp\.chip\n/,
  )
})

t.test('format: a reason that several checks share stands once', async (t) => {
  const written = text('undecided', 'ERR_UNSUPPORTED', 'ERR_UNSUPPORTED', 'ERR_CRL_STALE')
  const rows = written.split('\n').filter((line) => line.startsWith('  ????'))
  t.same(
    rows.map((row) => row.slice(row.indexOf('ERR_'))),
    ['ERR_UNSUPPORTED: x', 'ERR_UNSUPPORTED: as above', 'ERR_CRL_STALE: x'],
  )
})
