// SPDX-License-Identifier: Apache-2.0
// Real evidence of GPUs from the command line, offline, at the times that their manifests name: every
// manifest's stated outcome, or a word on what of it a command line cannot decide.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { authenticity, type GpuPolicy } from '../../src/verify/index.js'
import { manifest, skip, vectorPath, vectors } from '../vectors.js'
import { put } from './desk.js'
import { assay } from './terminal.js'

/** After every certificate of a device, and before the RIMs of today expire. */
const TODAY = '2026-11-01T00:00:00Z'

interface Devices {
  /** Folders or files of reports, and where their chains are. */
  readonly gpu: readonly (readonly [evidence: string, chain: string])[]
  readonly nonce?: string
  readonly rim?: readonly string[]
  readonly ocsp?: readonly string[]
  readonly roots?: readonly string[]
  readonly at?: string
  readonly policy?: Partial<GpuPolicy>
  readonly more?: readonly string[]
}

interface Found {
  readonly code: number
  /** The findings that are no pass, as `check CODE`, each once. */
  readonly wrong: readonly string[]
  readonly passed: readonly string[]
}

const file = (name: string, ...rest: string[]): string => vectorPath('nvidia', name, ...rest)
const device = (name: string, ...folder: string[]) =>
  [file(name, ...folder, 'evidence.bin'), file(name, ...folder, 'cert_chain.pem')] as const
const nonceOf = (name: string): string => manifest<{ nonce: string }>('nvidia', name).nonce
const repeated = (flag: string, values: readonly string[] = []) =>
  values.flatMap((value) => [flag, value])

function policyFile(change: Partial<GpuPolicy>): string {
  const policy = authenticity()
  return put({ ...policy, gpus: { ...policy.gpus, binding: 'any', ...change } })
}

async function verify(given: Devices): Promise<Found> {
  const { code, out, err } = await assay([
    'verify',
    ...given.gpu.flatMap(([gpu, chain]) => ['--gpu', gpu, '--cert-chain', chain]),
    ...(given.nonce ? ['--nonce', Buffer.from(given.nonce, 'hex').toString('base64')] : []),
    ...repeated('--rim', given.rim),
    ...repeated('--ocsp', given.ocsp),
    ...repeated('--roots', given.roots),
    ...['--policy', given.policy ? policyFile(given.policy) : 'authenticity'],
    ...['--at', given.at ?? TODAY, '--offline', '--json'],
    ...(given.more ?? []),
  ])
  if (code >= 30) throw new Error(err)
  const { findings } = JSON.parse(out) as {
    findings: { check: string; outcome: string; code: string | null }[]
  }
  const bad = findings.filter(({ outcome }) => outcome !== 'pass')
  return {
    code,
    wrong: [...new Set(bad.map((one) => `${one.check} ${one.code}`))],
    passed: findings.flatMap(({ check, outcome }) => (outcome === 'pass' ? check : [])),
  }
}

async function accepted(t: Test, title: string, given: Devices): Promise<Found> {
  const found = await verify(given)
  t.same([found.code, found.wrong], [0, []], `${title}: accepted`)
  return found
}

/** @param wrong what is found to be wrong, all of it or as a pattern of one */
async function refused(t: Test, title: string, given: Devices, wrong: readonly string[] | RegExp) {
  const { code, wrong: found } = await verify(given)
  t.equal(code, 10, `${title}: rejected`)
  if (wrong instanceof RegExp)
    t.ok(
      found.some((one) => wrong.test(one)),
      `${title}: ${found}`,
    )
  else t.same(found, wrong, `${title}: why`)
}

/** What tells nobody anything must at least be seen. */
const undecidable = (t: Test, what: string): void => {
  t.comment(`not decided here: ${what}`)
}

const single = (name: string, more: Partial<Devices> = {}): Devices => ({
  gpu: [device(name)],
  nonce: nonceOf(name),
  ...more,
})

/** Of the devices of one kind, by what their names begin with. */
const folders = (name: string, kind: string): string[] =>
  readdirSync(file(name))
    .filter((entry) => entry.startsWith(kind))
    .sort()

const whole = (name: string, more: Partial<Devices> = {}): Devices => ({
  gpu: [...folders(name, 'gpu'), ...folders(name, 'switch')].map((folder) => device(name, folder)),
  nonce: nonceOf(name),
  ...more,
})

const COMPLETE = 'h100-550.90.07-complete'
const COMPLETE_AT = '2025-10-24T12:00:00Z'
const NVL = 'h100-550.144.03-tdx-nonce-bound'
const B200 = 'b200-590.48.01'
const LS10 = 'ls10-switch-bios-96.10.55.00.01'
const EIGHT = 'h200x8-570.172.08-nras-tdx'

type Run = (t: Test, name: string) => Promise<void>

const RUNS: Record<string, Run> = {
  'trust-roots': async (t, name) => {
    const [, chain] = device(COMPLETE)
    const above = readFileSync(chain, 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/)
    for (const root of ['device_root.pem', 'device_root_l1b.pem']) {
      const rooted = [...above.slice(0, 4), readFileSync(file(name, root), 'utf8')].join('')
      const gpu = [[device(COMPLETE)[0], put(rooted)]] as const
      await accepted(t, root, { ...single(COMPLETE), gpu })
    }
    undecidable(t, `${name}: rim_root.pem by itself; every RIM that is accepted below ends in it`)
  },
  [COMPLETE]: async (t, name) => {
    const [driver, vbios] = [file(name, 'driver_rim.xml'), file(name, 'vbios_rim.xml')]
    const required = { rim: 'require', secureBoot: 'require', debug: 'forbid' } as const
    for (const rim of [
      [driver, vbios],
      [driver, file(name, 'vbios_rim_reissued.xml')],
    ]) {
      const at = rim[1] === vbios ? COMPLETE_AT : '2026-02-01T00:00:00Z'
      const given = single(name, { rim, at, policy: required })
      t.ok((await accepted(t, name, given)).passed.includes('gpu.measurements'))
    }
    const late = single(name, { rim: [driver, vbios] })
    await refused(t, 'RIMs that have expired', late, /gpu\.rim\.driver ERR_RIM_VALIDITY/)
    const ocsp = folderOf(file(name, 'ocsp'))
    const day = { at: '2025-08-21T07:00:00Z', policy: { revocation: { maximumAgeHours: 24 } } }
    const checked = await accepted(t, 'with OCSP', single(name, { ocsp, ...day }))
    t.ok(checked.passed.includes('gpu.revocation'))
    const stale = await verify(single(name, { ocsp, at: COMPLETE_AT }))
    t.same([stale.code, stale.wrong], [20, ['gpu.revocation ERR_OCSP_STALE']])
  },
  'h100-545.00-no-fwid': async (t, name) => {
    const [driver, vbios] = [file(name, 'driver_rim.xml'), file(name, 'vbios_rim.xml')]
    const at = '2024-12-01T00:00:00Z'
    await accepted(t, name, single(name, { rim: [driver, vbios], at }))
    const now = single(name, { rim: [driver, vbios] })
    await refused(t, 'today', now, /gpu\.rim\.driver ERR_RIM_VALIDITY/)
    const other = single(name, { rim: [driver, file(name, 'vbios_rim_other_issue.xml')], at })
    await refused(t, 'another issue', other, ['gpu.measurements ERR_NVIDIA_MEASUREMENT_MISMATCH'])
  },
  'h100-580.95.05-trailing-byte': async (t, name) => {
    await accepted(t, 'report and chain', single(name))
    const rim = [file(name, 'driver_rim.xml'), file(name, 'vbios_rim.xml')]
    await refused(t, name, single(name, { rim, at: '2025-11-01T00:00:00Z' }), /gpu\.measurements/)
  },
  'h100-570.124.03-rim-expired': async (t, name) => {
    await accepted(t, 'report and chain', single(name))
    const rim = [file(name, 'driver_rim.xml')]
    await refused(t, name, single(name, { rim }), /gpu\.rim\.driver ERR_RIM_/)
  },
  'h100-560.00-bad-signature': async (t, name) => {
    await refused(t, name, single(name), [
      'gpu.signature ERR_NVIDIA_SIGNATURE',
      'gpu.fwid ERR_NVIDIA_FWID',
    ])
  },
  [NVL]: async (t, name) => {
    await accepted(t, name, single(name))
    const rim = [file(name, 'driver_rim.xml')]
    const { code, wrong, passed } = await verify(single(name, { rim }))
    t.same([code, wrong[0]], [20, 'gpu.rim.vbios ERR_RIM_MISSING'], 'half of the RIMs')
    t.ok(passed.includes('gpu.rim.driver'))
    undecidable(t, `${name}: its TDX quote, of which report data bytes 32..64 are the nonce`)
  },
  'h200-570.172.08-nras': async (t, name) => {
    await accepted(t, name, single(name))
    const { wrong } = await verify(single(name, { rim: [file(name, 'vbios_rim.xml')] }))
    t.equal(wrong[0], 'gpu.rim.driver ERR_RIM_MISSING')
    await accepted(t, 'by the word of NVIDIA', asCaptured(name))
  },
  'h200-595.71.05-tdx-hash-bound-1': async (t, name) => {
    await accepted(t, name, single(name))
    await accepted(t, 'by the word of NVIDIA', asCaptured(name))
    undecidable(t, `${name}: its TDX quote, which binds the evidence in the way of Tinfoil`)
  },
  [B200]: async (t, name) => {
    await accepted(t, name, single(name))
    const rim = ['driver_rim_other_version.xml', 'vbios_rim_other_version.xml']
    const given = single(name, { rim: rim.map((one) => file(name, one)) })
    await refused(t, name, given, /gpu\.rim\.driver ERR_RIM_MISMATCH/)
  },
  'b200x8-590.48.01-mpt': async (t, name) => {
    await accepted(t, name, whole(name, { policy: { count: 8, protectedPcie: 'forbid' } }))
  },
  [EIGHT]: async (t, name) => {
    await accepted(t, name, whole(name, { policy: { count: 8 } }))
    await accepted(t, 'by the word of NVIDIA', asCaptured(name))
    undecidable(t, `${name}: its TDX quote, of which report data bytes 32..64 are the nonce`)
  },
  'h200x8-595.71.05-nonce-mismatch': async (t, name) => {
    await refused(t, name, whole(name), ['gpu.nonce ERR_NVIDIA_NONCE'])
    await refused(t, 'by the word of NVIDIA', asCaptured(name), /^gpu\.vouched ERR_TOKEN_RESULT/)
  },
  'h100x8-590.12-ppcie-4switch': async (t, name) => {
    const policy = { count: 8, nvSwitches: 4, protectedPcie: 'require' } as const
    const all = whole(name, { policy })
    const { passed } = await accepted(t, name, all)
    t.ok(passed.includes('gpus.protected-pcie'))
    const open = { ...all, policy: { protectedPcie: 'require' } as const }
    for (const left of [0, 11]) {
      const fewer = { ...open, gpu: all.gpu.filter((_, at) => at !== left) }
      await refused(t, 'one left out', fewer, ['gpus.protected-pcie ERR_GPU_TOPOLOGY'])
    }
    const [stranger] = whole('h200x8-570.172.08-nras-tdx').gpu
    const foreign = { ...open, gpu: all.gpu.map((one, at) => (at === 3 && stranger) || one) }
    await refused(t, 'one of another machine', foreign, /gpus\.protected-pcie ERR_GPU_TOPOLOGY/)
  },
  [LS10]: async (t, name) => {
    await accepted(t, name, single(name, { rim: [file(name, 'bios_rim.xml')] }))
    for (const bad of ['bios_rim_invalid_signature.xml', 'bios_rim_measurement_mismatch.xml']) {
      await refused(t, bad, single(name, { rim: [file(name, bad)] }), /gpu\.rim\.vbios ERR_RIM_/)
    }
  },
  'chain-negatives': async (t, name) => {
    const evidence = file('derived-report-h100-550.90.07', 'baseline.bin')
    const given = (chain: string) => ({ gpu: [[evidence, file(name, chain)] as const] })
    await accepted(t, 'case 1', given('hopper_cert_chain_case1.pem'))
    const cases = ['hopper_cert_chain_case2', 'hopper_cert_chain_case3', 'hopper_cert_chain_case4']
    for (const bad of [...cases, 'invalidCertChain']) {
      await refused(t, bad, given(`${bad}.pem`), /gpu\.chain ERR_CERTIFICATE_CHAIN/)
    }
  },
  'derived-forged-chain': async (t, name) => {
    const { cases } = manifest<{
      cases: { id: string; expect_with_nvidia_root: string; expect_with_test_root: string }[]
    }>('nvidia', name)
    const roots = [file(name, 'test_root.pem')]
    for (const { id, expect_with_nvidia_root, expect_with_test_root } of cases) {
      const given = { gpu: [device(name, id)], nonce: nonceOf(name) }
      await refused(t, `${id}: ${expect_with_nvidia_root}`, given, /^gpu\./)
      const trusting = { ...given, roots }
      if (expect_with_test_root === 'accept') await accepted(t, id, trusting)
      else await refused(t, `${id}: ${expect_with_test_root}`, trusting, /^gpu\./)
    }
  },
  'derived-report-h100-550.90.07': async (t, name) => {
    const { cases } = manifest<{
      cases: { id: string; file: string; chain: string; expect: string; expected_nonce: string }[]
    }>('nvidia', name)
    for (const { id, file: report, chain, expect, expected_nonce } of cases) {
      const gpu = [[emptied(file(name, report)), file(name, chain)] as const]
      const { code, wrong } = await verify({ gpu, nonce: expected_nonce })
      const stated = /^(accept|reject|policy)/.exec(expect)?.[1]
      if (stated === 'policy') t.comment(`${id}: exit ${code} ${wrong}; manifest: ${expect}`)
      else t.equal(code, stated === 'accept' ? 0 : 10, `${id}: ${expect}`)
    }
  },
  'derived-rim-gh100': async (t, name) => {
    const { cases } = manifest<{ cases: { id: string; file: string; expect: string }[] }>(
      'nvidia',
      name,
    )
    const driver = file(COMPLETE, 'driver_rim.xml')
    for (const { id, file: rim, expect } of cases) {
      const given = single(COMPLETE, { rim: [driver, file(name, rim)], at: COMPLETE_AT })
      const { code, wrong } = await verify(given)
      const stated = /^(accept|reject|policy)/.exec(expect)?.[1]
      if (stated === 'policy') t.comment(`${id}: exit ${code} ${wrong}; manifest: ${expect}`)
      else t.equal(code, stated === 'accept' ? 0 : 10, `${id}: ${expect}`)
    }
  },
  'rim-gb100-595.91.07': async (t, name) => {
    const rim = ['driver_rim.xml', 'vbios_rim.xml'].map((one) => file(name, one))
    const given = single(B200, { rim })
    await refused(t, 'genuine, for another version', given, /gpu\.rim\.driver ERR_RIM_MISMATCH/)
    undecidable(t, `${name}: measurements; there is no report of these versions`)
  },
  'rim-gh100-550.144.03-negatives': async (t, name) => {
    const { passed } = await verify(single(NVL, { rim: [file(name, 'valid.xml')] }))
    t.ok(passed.includes('gpu.rim.driver'), 'valid.xml')
    const bad = single(NVL, { rim: [file(name, 'bad_signature.xml')] })
    await refused(t, 'bad_signature.xml', bad, /gpu\.rim\.driver ERR_RIM_SIGNATURE/)
    const debug = single(B200, { rim: [file(name, 'wrong_chain.xml')] })
    await refused(t, 'wrong_chain.xml', debug, /ERR_RIM_(CHAIN|ROOT)/)
  },
  'rim-parser-negatives': async (t, name) => {
    for (const rim of readdirSync(file(name)).filter((one) => one.endsWith('.xml'))) {
      const { code, wrong } = await verify(single(COMPLETE, { rim: [file(name, rim)] }))
      t.not(code, 0, `${rim}: ${wrong}`)
    }
    undecidable(t, `${name}: that the success_ files can be read, which nobody signed for a device`)
  },
  'derived-composite-splice': async (t, name) => {
    const one = 'h200-595.71.05-tdx-hash-bound-1'
    const other = [
      file(name, 'other_session_evidence.bin'),
      file(name, 'other_session_cert_chain.pem'),
    ] as const
    const session = readFileSync(other[0]).subarray(4, 36).toString('hex')
    await accepted(t, 'quote1_gpu1', single(one))
    const stale = ['gpu.nonce ERR_NVIDIA_NONCE']
    await refused(t, 'quote1_gpu_other_session', { gpu: [other], nonce: nonceOf(one) }, stale)
    await refused(t, 'quote_other_session_gpu1', { ...single(one), nonce: session }, stale)
    const foreign = { gpu: [device('h200-570.172.08-nras')], nonce: nonceOf(NVL) }
    await refused(t, 'quote_nonce_bound_other_gpu', foreign, stale)
    const eight = whole(EIGHT)
    const seven = { ...eight, gpu: eight.gpu.slice(0, 7) }
    await accepted(t, 'dropped_gpu, which a nonce alone cannot tell', seven)
    await refused(t, 'dropped_gpu', { ...seven, policy: { count: 8 } }, [
      'gpus.count ERR_GPU_COUNT',
    ])
    const same = { ...eight, gpu: eight.gpu.map(() => eight.gpu[0] as (typeof eight.gpu)[0]) }
    await refused(t, 'duplicated_gpu', same, ['gpus.unique ERR_GPU_DUPLICATE'])
    undecidable(t, `${name}: the TDX quotes, and whether they bind the evidence of the GPUs`)
  },
  'derived-nras': async (t, name) => {
    const { cases, verify_time } = manifest<{
      cases: { id: string; file: string; expect: string }[]
      verify_time: { nras_token: number }
    }>('nvidia', name)
    const issued = verify_time.nras_token
    for (const { id, file: answer, expect } of cases) {
      const at = id === 'expired' ? issued + 2 * HOUR_S : issued
      const given = vouched('h200-570.172.08-nras', at, file(name, answer), file(name, 'jwks.json'))
      if (expect.startsWith('accept')) await accepted(t, `${id}: ${expect}`, given)
      else await refused(t, `${id}: ${expect}`, given, /^gpu\.vouched ERR_TOKEN_/)
    }
  },
  'rtxpro6000-595.71.05-nras-only': async (t, name) =>
    undecidable(t, `${name}: there is no report of the GPU that the answer is about`),
}

const HOUR_S = 3600

/** Evidence with what NVIDIA's service said about it, at that time. */
const vouched = (name: string, at: number, answer: string, jwks: string): Devices => ({
  ...(folders(name, 'gpu0').length > 0 ? whole(name) : single(name)),
  at: new Date(at * 1000).toISOString(),
  policy: { vouched: 'require' },
  more: ['--nras', answer, '--jwks', jwks],
})

/** The same, as it was captured. */
const asCaptured = (name: string): Devices => {
  const { verify_time } = manifest<{ verify_time: { nras_token: number } }>('nvidia', name)
  const [answer, jwks] = [file(name, 'nras_token.json'), file(name, 'jwks.json')]
  return vouched(name, verify_time.nras_token, answer, jwks)
}

const folderOf = (folder: string): string[] =>
  readdirSync(folder).map((name) => path.join(folder, name))

/** A file of no bytes is a wrong call; the shortest report that is none has one. */
const emptied = (name: string): string =>
  readFileSync(name).length === 0 ? put(Uint8Array.of(0)) : name

t.test('verify gpu vectors: every manifest has a run', { skip }, async (t) => {
  t.same(Object.keys(RUNS).sort(), [...vectors('nvidia')].sort())
})

for (const [name, run] of Object.entries(RUNS)) {
  t.test(`verify gpu vectors: ${name}`, { skip }, (t) => run(t, name))
}
