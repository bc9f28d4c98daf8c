// SPDX-License-Identifier: Apache-2.0
// `assay verify --ear`: the result twice, for people or programs here, and for those who read EARs.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { compactVerify, exportPKCS8, generateKeyPair } from 'jose'
import t from 'tap'
import { mintAmd } from '../fake/amd.js'
import { AUTHENTICITY, fresh, NOW, put, supply, trust, verify } from './desk.js'
import { assay } from './terminal.js'

const amd = await mintAmd()
const report = put(await amd.report())
const subject = ['--snp', report, ...supply(...amd.chain), ...AUTHENTICITY, '--offline']
const trusting = [...subject, ...trust(amd)]

t.test('verify ear: whatever the result is', async (t) => {
  for (const [argv, exit, status] of [
    [trusting, 0, 'warning'],
    [subject, 10, 'contraindicated'],
    [['--snp', report, ...AUTHENTICITY, '--offline'], 20, undefined],
  ] as const) {
    const ear = fresh('json')
    const { code, err } = await verify([...argv, '--ear', ear], NOW)
    t.equal(code, exit)
    t.equal(err, '')
    const claims = JSON.parse(readFileSync(ear, 'utf8'))
    t.match(claims.ear_verifier_id, { build: 'assay 0.0.0-test' })
    if (status) t.equal(claims.ear_status, status)
  }
})

t.test('verify ear: signed by a key of the caller', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true })
  const key = put(await exportPKCS8(privateKey), 'pem')
  const ear = put('an older one', 'jwt')
  for (const argv of [trusting, subject]) {
    const { code } = await verify([...argv, '--ear', ear, '--ear-key', key], NOW)
    t.ok([0, 10].includes(code))
    const { payload } = await compactVerify(readFileSync(ear, 'utf8').trim(), publicKey)
    const { ear_status } = JSON.parse(Buffer.from(payload).toString())
    t.equal(ear_status, code === 0 ? 'warning' : 'contraindicated')
  }
})

t.test('verify ear: one that cannot be written keeps nobody from reading the result', async (t) => {
  const folder = t.testdir({})
  const text = await assay(['verify', ...trusting, '--ear', folder], NOW)
  t.equal(text.code, 30)
  t.match(text.out, /^VERIFIED /)
  t.match(text.err, /^assay: ERR_FILE: cannot write [^\n]+: it is a folder\n$/)
  const missing = path.join(folder, 'none', 'ear')
  const json = await assay(['verify', ...trusting, '--ear', missing, '--json'], NOW)
  t.equal(json.code, 30)
  t.equal(JSON.parse(json.out).result, 'verified', 'one document, the result')
  t.match(json.err, /: no such folder\n$/)
  t.same(readdirSync(folder), [])
})

t.test('verify ear: refused before anything is read', async (t) => {
  for (const [flags, code] of [
    [['--ear', '-'], 'ERR_USAGE'],
    [['--ear-key', report], 'ERR_USAGE'],
    [['--ear', fresh(), '--at', '2026-07-01'], 'ERR_USAGE'],
    [['--ear', fresh(), '--ear-key', report], 'ERR_EAR_KEY'],
  ] as const) {
    const ran = await assay(['verify', '--snp', fresh(), ...AUTHENTICITY, ...flags], NOW)
    t.equal(ran.code, 30, flags.join(' '))
    t.equal(ran.out, '')
    t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  }
  t.notOk(existsSync('-'))
})
