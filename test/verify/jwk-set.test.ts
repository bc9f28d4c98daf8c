// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync } from 'node:crypto'
import { exportJWK } from 'jose'
import t from 'tap'
import { type JwkSet, KeyRing, type TokenAlgorithm } from '../../src/verify/jwk-set.js'
import { FakeIssuer } from '../fake/nras.js'
import { rejectsCode, throwsCode } from '../helpers.js'

const issuer = await FakeIssuer.create()
const rsa = await FakeIssuer.create('PS384')

const find = (jwk: object, algorithm: TokenAlgorithm = 'ES384') =>
  new KeyRing({ keys: [jwk] } as JwkSet).key('k', algorithm)

t.test('jwk-set: the key of a name, imported once, fit to verify and nothing else', async (t) => {
  const ring = new KeyRing({ keys: [...rsa.jwks.keys, ...issuer.jwks.keys] })
  const key = await ring.key(issuer.kid, 'ES384')
  t.same([key.type, key.usages], ['public', ['verify']])
  t.equal(await ring.key(issuer.kid, 'ES384'), key)
  const other = await ring.key(rsa.kid, 'PS384')
  t.match(other.algorithm, { name: 'RSA-PSS', hash: { name: 'SHA-384' } })
  t.match((await ring.key(rsa.kid, 'RS256')).algorithm, { name: 'RSASSA-PKCS1-v1_5' })
  await rejectsCode(t, ring.key(issuer.kid, 'PS384'), 'ERR_TOKEN_KEY')
  await rejectsCode(t, ring.key(rsa.kid, 'ES384'), 'ERR_TOKEN_KEY')
})

t.test('jwk-set: anything but a set', async (t) => {
  for (const set of [
    null,
    undefined,
    {},
    [],
    { keys: {} },
    { keys: ['k'] },
    { keys: [null] },
    'keys',
  ]) {
    throwsCode(t, () => new KeyRing(set as never), 'ERR_TOKEN_KEY', JSON.stringify(set))
  }
})

t.test('jwk-set: no key, or two, of one name', async (t) => {
  const { keys } = issuer.jwks
  await rejectsCode(t, new KeyRing({ keys: [] }).key(issuer.kid, 'ES384'), 'ERR_TOKEN_KEY')
  await rejectsCode(t, new KeyRing({ keys }).key('constructor', 'ES384'), 'ERR_TOKEN_KEY')
  const twice = new KeyRing({ keys: [...keys, ...keys] })
  await rejectsCode(t, twice.key(issuer.kid, 'ES384'), 'ERR_TOKEN_KEY')
})

t.test('jwk-set: keys for something else', async (t) => {
  const { jwk } = issuer
  const good = { ...jwk, kid: 'k' }
  t.ok(await find({ ...good, alg: 'ES384', use: 'sig', key_ops: ['verify'], x5c: ['MA=='] }))
  const p256 = await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)
  const wrong: Record<string, object> = {
    'another curve': { ...p256, kid: 'k' },
    'another curve, by another name': { ...good, crv: 'P-256' },
    'another type': { ...good, kty: 'oct', k: 'AA' },
    'another algorithm': { ...good, alg: 'ES256' },
    'for encryption': { ...good, use: 'enc' },
    'for signing': { ...good, key_ops: ['sign'] },
    'operations that are none': { ...good, key_ops: 'verify' },
    private: { ...(await exportJWK(issuer.privateKey)), kid: 'k' },
    'no point': { ...good, y: undefined },
    'a point beside the curve': { ...good, x: jwk.y, y: jwk.x },
    'no numbers': { ...good, x: 1 },
  }
  for (const [title, key] of Object.entries(wrong)) {
    await rejectsCode(t, find(key), 'ERR_TOKEN_KEY', title)
  }
})

t.test('jwk-set: RSA keys that are too short', async (t) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const short = { ...(await exportJWK(publicKey)), kid: 'k' }
  await rejectsCode(t, find(short, 'RS256'), 'ERR_TOKEN_KEY')
  t.ok(await find({ ...rsa.jwk, kid: 'k' }, 'PS384'))
})
