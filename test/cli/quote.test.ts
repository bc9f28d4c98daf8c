// SPDX-License-Identifier: Apache-2.0
// `assay quote` against real HTTPS servers: what it keeps is what `assay verify` reads.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { parseEvidenceFile } from '../../src/evidence.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { serve } from '../fake/server.js'
import { aep83Sidecar, assaySidecar } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import { AT_FLAGS, AUTHENTICITY, put, trust, verify } from './desk.js'
import { assay } from './terminal.js'

const sidecar = await assaySidecar({ gpus: 2 })
const { url, guest } = sidecar
t.teardown(sidecar.close)
const FLAGS = [...AUTHENTICITY, ...trust(guest.amd), ...AT_FLAGS, '--offline']

const place = (t: Test) => path.join(t.testdir({}), 'evidence.json')

t.test('quote: keeps what came with the nonce and the key of the connection', async (t) => {
  const out = place(t)
  const nonces: number[] = []
  const random = (length: number) => {
    nonces.push(length)
    return pattern(length, 9)
  }
  const ran = await assay(['quote', url, '--out', out], { random })
  t.equal(ran.code, 0, ran.err)
  t.equal(
    ran.out,
    `${out}: bound evidence of SNP with 2 GPUs, NOT verified\nto verify it: assay verify ${out} --policy POLICY\n`,
  )
  t.equal(ran.err, '')
  t.same(nonces, [64])
  const file = parseEvidenceFile(readFileSync(out))
  t.same(file.nonce, pattern(64, 9))
  t.same(file.channelSpki, sidecar.identity.spki)
  t.equal(file.userData, null)
  const { passed, codes } = await verify([out, ...FLAGS])
  t.same(codes, ['ERR_CERTIFICATE_CHAIN'], 'of the GPUs')
  for (const check of ['binding.nonce', 'binding.oracle', 'binding.tls-key']) {
    t.ok(passed.includes(check), check)
  }
})

t.test('quote: asks as it is told', async (t) => {
  const { out } = await assay(['quote', url, '--json', '--out', place(t)])
  t.match(JSON.parse(out), { tee: 'snp', mode: 'bound', gpus: 2 })
  const userData = put(pattern(30, 4))
  const nonce = pattern(32, 5)
  const told = place(t)
  const flags = ['--batch', '--bind', 'tls,hpke', '--user-data', userData]
  const ran = await assay(['quote', url, ...flags, '--nonce', base64(nonce), '--out', told])
  t.match(ran.out, /: batch evidence of SNP with 2 GPUs, /)
  const file = parseEvidenceFile(readFileSync(told))
  t.same(file.nonce, nonce)
  t.same(file.userData, pattern(30, 4))
  t.ok(file.evidence.claims.hpke)
  t.ok((await verify([told, ...FLAGS])).passed.includes('binding.user-data'))
  const raw = await assay(['quote', url, '--aep83', '--bind', 'none', '--json', '--out', place(t)])
  t.match(JSON.parse(raw.out), { mode: 'raw' })
})

t.test('quote: of one GPU, of none, and of a sidecar that speaks AEP-83 only', async (t) => {
  for (const [gpus, says] of [
    [0, /: tls evidence of SNP, NOT/],
    [1, /: tls evidence of SNP with 1 GPU, NOT/],
  ] as const) {
    const go = await aep83Sidecar({ gpus })
    t.teardown(go.close)
    const ran = await assay(['quote', go.url, '--header', 'x-lease: 1', '--out', place(t)])
    t.match(ran.out, says)
    t.match(ran.err, /asking \/quote of AEP-83\n$/)
  }
})

t.test('quote: without a file, to standard output, for the next in the pipe', async (t) => {
  for (const flags of [[], ['--json']]) {
    const ran = await assay(['quote', url, ...flags])
    t.equal(ran.code, 0)
    t.match(ran.err, /^assay: NOTHING WAS VERIFIED: assay verify [^\n]+\n$/)
    const judged = await verify(['-', ...FLAGS], { stdin: [new TextEncoder().encode(ran.out)] })
    t.ok(judged.passed.includes('binding.tls-key'))
  }
})

t.test('quote: nobody is asked for what could not be kept', async (t) => {
  let asked = 0
  const counter = await serve(() => {
    asked++
    return { status: 500, headers: {}, body: '' }
  }, mintTls())
  t.teardown(counter.close)
  const dir = t.testdir({ old: 'kept' })
  const old = path.join(dir, 'old')
  for (const [argv, code, exit] of [
    [['--out', old], 'ERR_FILE', 30],
    [['--out', path.join(dir, 'none', 'new')], 'ERR_FILE', 30],
    [['--nonce', 'ab'.repeat(64)], 'ERR_USAGE', 30],
    [['--nonce', base64(pattern(31, 1))], 'ERR_REPORT_DATA_LENGTH', 30],
    [['--bind', 'ssh'], 'ERR_USAGE', 30],
    [['--user-data', path.join(dir, 'new')], 'ERR_FILE', 30],
    [['--user-data', old, '--aep83'], 'ERR_USAGE', 30],
    [['--out', old, '--out', old], 'ERR_USAGE', 30],
  ] as const) {
    const ran = await assay(['quote', counter.url, ...argv])
    t.equal(ran.code, exit, argv.join(' '))
    t.equal(ran.out, '')
    t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  }
  t.equal(asked, 0)
  const failed = await assay(['quote', counter.url, '--out', path.join(dir, 'new')])
  t.match(failed, { code: 20, out: '', err: /ERR_ATTESTER_STATUS/ })
  t.same(readdirSync(dir), ['old'])
  t.equal(readFileSync(old, 'utf8'), 'kept')
  t.match(await assay(['quote', 'evidence.json']), { code: 30, err: /ERR_ARGUMENT: not a URL/ })
  t.match(await assay(['quote']), { code: 30, err: /ERR_USAGE/ })
})
