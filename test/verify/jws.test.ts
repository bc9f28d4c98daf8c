// SPDX-License-Identifier: Apache-2.0

import { createHmac, createPrivateKey, sign } from 'node:crypto'
import { exportPKCS8 } from 'jose'
import t from 'tap'
import type { Code } from '../../src/errors.js'
import { KeyRing } from '../../src/verify/jwk-set.js'
import { openJws, type Signing } from '../../src/verify/jws.js'
import { FakeIssuer } from '../fake/nras.js'
import { rejectsCode } from '../helpers.js'

const SIGNING: Signing = { algorithms: ['ES384'], keySets: ['https://issuer.example/certs'] }
const CLAIMS = { iss: 'https://issuer.example', n: 1 }
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const issuer = await FakeIssuer.create()
const stranger = await FakeIssuer.create()

const open = (token: string, signing = SIGNING) => openJws(token, new KeyRing(issuer.jwks), signing)
const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const header = { alg: 'ES384', kid: issuer.kid }

t.test('jws: what was signed', async (t) => {
  t.same(await open(await issuer.sign(CLAIMS)), CLAIMS)
  t.same(await open(await issuer.sign(CLAIMS, { typ: 'JWT' })), CLAIMS)
})

t.test('jws: no algorithm but the issuer’s', async (t) => {
  const [, payload, signature] = (await issuer.sign(CLAIMS)).split('.') as [string, string, string]
  for (const alg of ['none', 'None', 'HS256', 'ES256', 'RS256', 'PS384', 'toString', '', null, 1]) {
    const token = `${encode({ ...header, alg })}.${payload}.${signature}`
    await rejectsCode(t, open(token), 'ERR_TOKEN_ALGORITHM', String(alg))
  }
  await rejectsCode(
    t,
    open(`${encode({ ...header, alg: 'none' })}.${payload}.`),
    'ERR_TOKEN_ALGORITHM',
  )
  const text = `${encode({ ...header, alg: 'HS384' })}.${payload}`
  // The public key as the secret of an HMAC.
  const mac = createHmac('sha384', JSON.stringify(issuer.jwk)).update(text).digest('base64url')
  await rejectsCode(t, open(`${text}.${mac}`), 'ERR_TOKEN_ALGORITHM')
})

t.test('jws: no key out of a token’s own header', async (t) => {
  const { kid } = issuer
  const brought: Record<string, unknown> = {
    jwk: stranger.jwk,
    x5c: ['MIIB'],
    x5u: 'https://stranger.example/cert',
    x5t: 'AA',
    'x5t#S256': 'AA',
    jku: 'https://stranger.example/certs',
  }
  for (const [name, value] of Object.entries(brought)) {
    // Signed as its header says, and so good in the eyes of whoever believes that.
    const token = await stranger.sign(CLAIMS, { kid, [name]: value })
    await rejectsCode(t, open(token), 'ERR_TOKEN_HEADER', name)
    const genuine = await issuer.sign(CLAIMS, { [name]: value })
    await rejectsCode(t, open(genuine), 'ERR_TOKEN_HEADER', `${name}, although genuine`)
  }
  const jku = SIGNING.keySets[0]
  t.same(await open(await issuer.sign(CLAIMS, { jku })), CLAIMS, 'the issuer’s own may be named')
  const forged = await stranger.sign(CLAIMS, { kid, jku })
  await rejectsCode(t, open(forged), 'ERR_TOKEN_SIGNATURE', 'and is not asked')
})

t.test('jws: nothing else in the header', async (t) => {
  const [, payload, signature] = (await issuer.sign(CLAIMS)).split('.') as [string, string, string]
  const extras = [
    { crit: ['exp'] },
    { b64: false },
    { cty: 'JWT' },
    { zip: 'DEF' },
    { typ: 'JOSE' },
    { typ: 1 },
  ]
  for (const extra of extras) {
    const token = `${encode({ ...header, ...extra })}.${payload}.${signature}`
    await rejectsCode(t, open(token), 'ERR_TOKEN_HEADER', JSON.stringify(extra))
  }
})

t.test('jws: a key that the set has', async (t) => {
  const [, payload, signature] = (await issuer.sign(CLAIMS)).split('.') as [string, string, string]
  for (const kid of ['unknown', '', 7, null, undefined]) {
    const token = `${encode({ alg: 'ES384', kid })}.${payload}.${signature}`
    await rejectsCode(t, open(token), 'ERR_TOKEN_KEY', String(kid))
  }
})

t.test('jws: signatures', async (t) => {
  const token = await issuer.sign(CLAIMS)
  const [head, payload, signature] = token.split('.') as [string, string, string]
  const bytes = Buffer.from(signature, 'base64url')
  for (const at of [0, 47, 48, 95]) {
    const wrong = Buffer.from(bytes)
    wrong[at] = (wrong[at] as number) ^ 1
    const altered = `${head}.${payload}.${wrong.toString('base64url')}`
    await rejectsCode(t, open(altered), 'ERR_TOKEN_SIGNATURE', `byte ${at}`)
  }
  const other = `${head}.${encode({ ...CLAIMS, n: 2 })}.${signature}`
  await rejectsCode(t, open(other), 'ERR_TOKEN_SIGNATURE', 'another payload')
  const der = sign(
    'sha384',
    Buffer.from(`${head}.${payload}`),
    createPrivateKey(await exportPKCS8(issuer.privateKey)),
  ).toString('base64url')
  const format: Code = 'ERR_TOKEN_SIGNATURE_FORMAT'
  await rejectsCode(t, open(`${head}.${payload}.${der}`), format, 'DER')
  await rejectsCode(t, open(`${head}.${payload}.`), format, 'none at all')
  const long = Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')
  await rejectsCode(t, open(`${head}.${payload}.${long}`), format, 'one byte too many')
})

t.test('jws: one spelling', async (t) => {
  const token = await issuer.sign({ ...CLAIMS, x: 'ü?>' })
  const [head, payload, signature] = token.split('.') as [string, string, string]
  const spellings: Record<string, string> = {
    'two parts': `${head}.${payload}`,
    'four parts': `${token}.${signature}`,
    'five parts, as when encrypted': `${token}.a.b`,
    'a space before': ` ${token}`,
    'a line end': `${token}\n`,
    empty: '',
    'no header': `.${payload}.${signature}`,
    'no payload, detached': `${head}..${signature}`,
    'padded header': `${head}=.${payload}.${signature}`,
    'padded payload': `${head}.${payload}==.${signature}`,
    'padded signature': `${head}.${payload}.${signature}=`,
    'base64, not base64url': `${head}.${payload}.${signature.slice(0, -1)}+`,
    'a header that is no base64': `a.${payload}.${signature}`,
    'a header that is no JSON': `${encode('{')}.${payload}.${signature}`,
    'a header that is a list': `${encode([])}.${payload}.${signature}`,
    'a header that is null': `${encode('null')}.${payload}.${signature}`,
    'a header that is text': `${encode('"alg"')}.${payload}.${signature}`,
    'a header with a name twice': `${encode('{"alg":"none","alg":"ES384"}')}.${payload}.${signature}`,
  }
  for (const [title, spelling] of Object.entries(spellings)) {
    await rejectsCode(t, open(spelling), 'ERR_TOKEN_ENCODING', title)
  }
  for (const text of ['{"n":1,"n":2}', '[]', 'null', '7', '{', '']) {
    const signed = await issuer.sign(text)
    await rejectsCode(t, open(signed), 'ERR_TOKEN_ENCODING', `a genuine payload ${text}`)
  }
  // One byte beyond a group of three leaves four bits that say nothing.
  const json = JSON.stringify(header)
  const loose = encode(json.padEnd(json.length + ((4 - (json.length % 3)) % 3)))
  const last = ALPHABET.indexOf(loose.at(-1) as string)
  t.equal(last & 15, 0)
  const stray = loose.slice(0, -1) + ALPHABET[last + 1]
  await rejectsCode(
    t,
    open(`${loose}.${payload}.${signature}`),
    'ERR_TOKEN_SIGNATURE',
    'white space',
  )
  await rejectsCode(t, open(`${stray}.${payload}.${signature}`), 'ERR_TOKEN_ENCODING', 'stray bits')
})

t.test('jws: RSA, as Intel signs', async (t) => {
  for (const algorithm of ['RS256', 'PS384'] as const) {
    const rsa = await FakeIssuer.create(algorithm)
    const ring = new KeyRing(rsa.jwks)
    const signing: Signing = { algorithms: ['RS256', 'PS384'], keySets: [] }
    const token = await rsa.sign(CLAIMS)
    t.same(await openJws(token, ring, signing), CLAIMS, algorithm)
    await rejectsCode(t, openJws(token, ring, SIGNING), 'ERR_TOKEN_ALGORITHM')
    const [head, payload] = token.split('.')
    for (const bad of ['', 'AAAA']) {
      const altered = openJws(`${head}.${payload}.${bad}`, ring, signing)
      await rejectsCode(t, altered, 'ERR_TOKEN_SIGNATURE', `${algorithm} "${bad}"`)
    }
  }
})
