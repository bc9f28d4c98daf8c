// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { compactVerify, exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import t, { type Test } from 'tap'
import { type EarFlags, earOptions, openEar } from '../../src/cli/ear.js'
import type { Io } from '../../src/cli/io.js'
import { AT } from '../fake/amd.js'
import { resultOf } from '../verify/ear-results.js'

const VERSION = '1.2.3-test'
const NOW = new Date(AT.getTime() + 2000)
const io = { now: () => NOW } as Io
const SECONDS = NOW.getTime() / 1000

const inside = (t: Test, name: string): string => path.join(t.testdir({}), name)

const parse = (...argv: string[]): EarFlags =>
  earOptions(new Command().exitOverride()).parse(argv, { from: 'user' }).opts()

async function written(t: Test, flags: EarFlags): Promise<Record<string, unknown>> {
  const ear = inside(t, 'ear.json')
  const write = await openEar({ ear, ...flags }, VERSION, io)
  await write(resultOf())
  return JSON.parse(readFileSync(ear, 'utf8'))
}

t.test('cli ear: flags', async (t) => {
  t.same(parse(), {})
  t.same(parse('--ear', 'a', '--ear-key', 'b', '--ear-profile', 'c', '--ear-ttl', '9'), {
    ear: 'a',
    earKey: 'b',
    earProfile: 'c',
    earTtl: '9',
  })
  t.throws(() => parse('--ear', 'a', '--ear', 'b'), { code: 'ERR_USAGE' })
})

t.test('cli ear: without a key, a document', async (t) => {
  const claims = await written(t, {})
  t.match(claims, {
    eat_profile: 'tag:ietf.org,2026:rats/ear#04',
    iat: SECONDS,
    exp: SECONDS + 300,
    ear_verifier_id: { build: `assay ${VERSION}` },
    ear_status: 'affirming',
  })
})

t.test('cli ear: profile and lifetime as asked', async (t) => {
  const claims = await written(t, { earProfile: 'veraison-2023', earTtl: '86400' })
  t.match(claims, { eat_profile: 'tag:github.com,2023:veraison/ear', exp: SECONDS + 86_400 })
})

t.test('cli ear: with a key, a token', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const dir = t.testdir({
    'key.pem': await exportPKCS8(privateKey),
    'key.jwk': JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'mine' }),
  })
  for (const name of ['key.pem', 'key.jwk']) {
    const ear = path.join(dir, `${name}.ear`)
    const write = await openEar({ ear, earKey: path.join(dir, name) }, VERSION, io)
    await write(resultOf({ 'snp.signature': 'fail' }))
    const { payload, protectedHeader } = await compactVerify(
      readFileSync(ear, 'utf8').trim(),
      publicKey,
    )
    t.equal(JSON.parse(Buffer.from(payload).toString()).ear_status, 'contraindicated')
    if (name === 'key.jwk') t.equal(protectedHeader.kid, 'mine')
  }
})

t.test('cli ear: nothing is written when none is asked for', async (t) => {
  const write = await openEar({}, VERSION, io)
  t.equal(await write(resultOf()), undefined)
})

t.test('cli ear: what cannot be meant is refused before anything is appraised', async (t) => {
  const ear = inside(t, 'ear.json')
  const refused: EarFlags[] = [
    { earKey: 'key' },
    { earProfile: 'ietf-04' },
    { earTtl: '60' },
    { ear: '-' },
    { ear, at: '2024-01-01' },
    { ear, earProfile: 'ietf-05' },
    { ear, earTtl: '0' },
    { ear, earTtl: '86401' },
    { ear, earTtl: '1e3' },
    { ear, earTtl: '' },
    { ear, earKey: path.join(path.dirname(ear), 'nowhere', '..', 'ear.json') },
  ]
  for (const flags of refused) {
    await t.rejects(openEar(flags, VERSION, io), { code: 'ERR_USAGE' }, JSON.stringify(flags))
  }
})

t.test('cli ear: a key that cannot sign is refused before anything is appraised', async (t) => {
  const ear = inside(t, 'ear.json')
  const earKey = path.join(path.dirname(ear), 'key')
  await t.rejects(openEar({ ear, earKey }, VERSION, io), { code: 'ERR_FILE' })
  writeFileSync(earKey, 'no key')
  await t.rejects(openEar({ ear, earKey }, VERSION, io), { code: 'ERR_EAR_KEY' })
})
