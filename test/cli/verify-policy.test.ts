// SPDX-License-Identifier: Apache-2.0
// `assay verify --policy`: what policies make of evidence, and what the report says about them.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { authenticity, parsePolicy } from '../../src/verify/index.js'
import { AT, mintAmd } from '../fake/amd.js'
import { mintGuest } from '../fake/guest.js'
import { assaySidecar } from '../fake/sidecar.js'
import {
  AT_FLAGS,
  AUTHENTICITY,
  fetched,
  fresh,
  NONCE_FLAGS,
  policyFile,
  put,
  supply,
  trust,
  verify,
} from './desk.js'
import { assay } from './terminal.js'

const DAY = 86_400_000
const amd = await mintAmd()
const recent = await amd.crl({ thisUpdate: new Date(AT.getTime() - DAY) })
const TRUST = [...trust(amd), ...AT_FLAGS]
const FLAGS = [...TRUST, '--offline']
const REPORT_DATA = new Uint8Array(64).fill(0xab)
const HEX = 'ab'.repeat(64)
const report = [
  '--snp',
  put(await amd.report({ reportData: REPORT_DATA })),
  ...supply(...amd.chain),
]

t.test('verify policy: what init wrote of evidence verifies it, and nobody else', async (t) => {
  const sidecar = await assaySidecar()
  const fields = { measurement: new Uint8Array(48).fill(0x66) }
  const other = await assaySidecar({ guest: await mintGuest(0, fields) })
  t.teardown(() => Promise.all([sidecar.close(), other.close()]))
  const file = async (url: string) =>
    put((await fetched(url, { bind: ['tls'] })).answer as object, 'json')
  const evidence = await file(sidecar.url)
  const out = fresh('jsonc')
  const init = await assay(['policy', 'init', evidence, ...TRUST, '--out', out, '--name', 'mine'])
  t.equal(init.code, 0, init.err)
  const key = ['--tls-key', put(sidecar.identity.cert)]
  const flags = ['--policy', out, ...NONCE_FLAGS, ...key, ...supply(recent), ...FLAGS]
  const judged = await verify([evidence, ...flags])
  t.equal(judged.code, 0, judged.codes.join())
  t.strictSame(judged.result.policy, parsePolicy(readFileSync(out, 'utf8')))
  const { out: text } = await assay(['verify', evidence, ...flags])
  t.match(text, /^VERIFIED\n/)
  t.match(text, /\npolicy: mine\n/)
  const otherKey = ['--tls-key', put(other.identity.cert)]
  const stranger = await verify([
    await file(other.url),
    ...flags.filter((f) => !key.includes(f)),
    ...otherKey,
  ])
  t.match(stranger, { code: 10, codes: ['ERR_POLICY_MEASUREMENT'] })
  const unasked = await assay(['verify', evidence, '--policy', out, ...supply(recent), ...FLAGS])
  t.equal(unasked.code, 20)
  t.match(unasked.out, /\nto decide: say with --nonce what the evidence was asked for with\n/)
})

t.test('verify policy: --report-data pins what the policy leaves open', async (t) => {
  for (const policy of [AUTHENTICITY, ['--policy', policyFile({ reportData: HEX })]]) {
    const line = [...report, ...policy, ...FLAGS, '--report-data']
    const judged = await verify([...line, HEX.toUpperCase()])
    t.equal(judged.code, 0, judged.codes.join())
    t.ok(judged.passed.includes('snp.report-data'))
    t.equal(judged.result.policy.snp?.reportData, HEX)
  }
  const other = [...report, ...AUTHENTICITY, ...FLAGS, '--report-data', '00'.repeat(64)]
  t.match(await verify(other), { code: 10, codes: ['ERR_POLICY_REPORT_DATA'] })
})

t.test('verify policy: --report-data and the policy disagree', async (t) => {
  const policy = policyFile({ reportData: '00'.repeat(64) })
  const line = [...report, '--policy', policy, ...FLAGS]
  const { code, out, err } = await assay(['verify', ...line, '--report-data', HEX])
  t.equal(code, 30)
  t.equal(out, '')
  t.match(err, /^assay: ERR_USAGE: the policy does not accept the REPORT_DATA that --report-data/)
  const rejected = await assay(['verify', ...line])
  t.equal(rejected.code, 10)
  t.match(rejected.out, /^REJECTED \(origin and integrity only; /)
  t.notMatch(rejected.out, /to decide/, 'nothing that is supplied changes that')
})

t.test('verify policy: a policy for no kind of evidence', async (t) => {
  const { snp: _, gpus: __, ...bare } = authenticity()
  const line = [...report, '--policy', put({ ...bare, name: 'nothing' }), ...FLAGS]
  const { code, err } = await assay(['verify', ...line])
  t.equal(code, 30)
  t.match(err, /^assay: ERR_POLICY_DOCUMENT: [^\n]+ a section on a kind of evidence/)
})

t.test('verify policy: the headline says how much of the workload is pinned', async (t) => {
  const measurement = ['4d'.repeat(48)]
  const hostData = ['00'.repeat(32)]
  for (const [snp, headline] of [
    [{}, /^VERIFIED \(origin and integrity only; the workload itself was not appraised\)\n/],
    [{ hostData }, /^VERIFIED \(origin and integrity only; /],
    [{ measurement }, /^VERIFIED \(the launch measurement is pinned; HOST_DATA, [^\n]+\)\n/],
    [{ measurement, hostData }, /^VERIFIED\n/],
  ] as const) {
    const { code, out } = await assay(['verify', ...report, '--policy', policyFile(snp), ...FLAGS])
    t.equal(code, 0, out)
    t.match(out, headline)
    t.match(out, /\nthe root is NOT that of the vendor: /)
    const [, open] =
      /\nnot checked, because the policy accepts any:\n {2}snp: (.*)\n/.exec(out) ?? []
    const names = open?.split(', ') ?? []
    t.equal(names.includes('measurement'), !('measurement' in snp))
    t.equal(names.includes('hostData'), !('hostData' in snp))
    t.match(out, /\n {2}snp\.minimumTcb: reported, /, 'nested fields by their sections')
    t.notOk(names.includes('debug'))
  }
})

t.test('verify policy: without a policy, how to make one', async (t) => {
  const { code, err } = await assay(['verify', ...report])
  t.equal(code, 30)
  t.match(err, /^assay: ERR_USAGE: nothing is decided without a policy: [^\n]+assay policy init/)
})
