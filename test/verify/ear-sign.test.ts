// SPDX-License-Identifier: Apache-2.0

import {
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  type JWK,
} from 'jose'
import t, { type Test } from 'tap'
import { AttestationError } from '../../src/errors.js'
import type { EarClaims } from '../../src/verify/ear.js'
import { type EarKey, earSigner, signEar } from '../../src/verify/ear-sign.js'

const CLAIMS: EarClaims = { eat_profile: 'x', iat: 1, exp: 2, submods: { cpu0: { status: 'é' } } }
const ALGORITHMS = ['ES256', 'ES384', 'EdDSA'] as const

const pair = (algorithm: string) => generateKeyPair(algorithm, { extractable: true })

/** The key in all three forms. */
async function forms(key: CryptoKey): Promise<Record<string, EarKey>> {
  const jwk = await exportJWK(key)
  return { CryptoKey: key, JWK: jwk, 'JWK text': JSON.stringify(jwk), PEM: await exportPKCS8(key) }
}

async function refuses(t: Test, key: unknown, title: string): Promise<void> {
  const error = await earSigner(key as EarKey).then(
    () => null,
    (error: unknown) => error,
  )
  t.ok(error instanceof AttestationError, title)
  t.equal((error as AttestationError).code, 'ERR_EAR_KEY', title)
}

t.test('ear signature: by each kind of key, in each form', async (t) => {
  for (const algorithm of ALGORITHMS) {
    const { privateKey, publicKey } = await pair(algorithm)
    for (const [form, key] of Object.entries(await forms(privateKey))) {
      const token = await signEar(CLAIMS, key)
      const { payload, protectedHeader } = await compactVerify(token, publicKey)
      t.same(JSON.parse(new TextDecoder().decode(payload)), CLAIMS, `${algorithm} ${form}`)
      const kid = await calculateJwkThumbprint(await exportJWK(publicKey))
      const named = form === 'CryptoKey' ? {} : { kid }
      t.same(protectedHeader, { alg: algorithm, typ: 'eat+jwt', ...named })
    }
  }
})

t.test('ear signature: the key is named by whom it concerns', async (t) => {
  const { privateKey } = await pair('ES256')
  const jwk = { ...(await exportJWK(privateKey)), kid: 'mine' }
  t.equal((await earSigner(jwk)).keyId, 'mine')
  t.equal((await earSigner(jwk, 'yours')).keyId, 'yours')
  t.equal((await earSigner(privateKey, 'yours')).keyId, 'yours')
  t.equal((await earSigner(await exportPKCS8(privateKey), 'yours')).keyId, 'yours')
  const token = await signEar(CLAIMS, privateKey, 'yours')
  t.match(Buffer.from(token.split('.')[0] as string, 'base64url').toString(), '"kid":"yours"')
  const numbered = { ...jwk, kid: 7 } as unknown as JWK
  t.equal((await earSigner(numbered)).keyId, await calculateJwkThumbprint(jwk))
})

t.test('ear signature: what a JWK says of itself must fit', async (t) => {
  const { privateKey } = await pair('EdDSA')
  const jwk = await exportJWK(privateKey)
  for (const fitting of [
    { use: 'sig' },
    { key_ops: ['sign'] },
    { alg: 'EdDSA' },
    { alg: 'Ed25519' },
  ]) {
    t.equal((await earSigner({ ...jwk, ...fitting })).algorithm, 'EdDSA', JSON.stringify(fitting))
  }
  const unfit = [{ use: 'enc' }, { key_ops: ['verify'] }, { alg: 'ES256' }, { alg: 'none' }]
  for (const member of unfit) await refuses(t, { ...jwk, ...member }, JSON.stringify(member))
})

t.test('ear signature: other keys are refused', async (t) => {
  const p256 = await pair('ES256')
  const rsa = await pair('RS256')
  const p521 = await pair('ES512')
  const x25519 = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })
  const jwk = await exportJWK(p256.privateKey)
  const agreement = (await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
    'deriveBits',
  ])) as CryptoKeyPair
  const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
  const keys: Record<string, unknown> = {
    'public CryptoKey': p256.publicKey,
    'public JWK': await exportJWK(p256.publicKey),
    'public PEM': await exportSPKI(p256.publicKey),
    'RSA CryptoKey': rsa.privateKey,
    'RSA JWK': await exportJWK(rsa.privateKey),
    'RSA PEM': await exportPKCS8(rsa.privateKey),
    'P-521 CryptoKey': p521.privateKey,
    'P-521 JWK': await exportJWK(p521.privateKey),
    'P-521 PEM': await exportPKCS8(p521.privateKey),
    'agreement JWK': await exportJWK(x25519.privateKey),
    'agreement PEM': await exportPKCS8(x25519.privateKey),
    'agreement CryptoKey': agreement.privateKey,
    'symmetric CryptoKey': hmac,
    'symmetric JWK': { kty: 'oct', k: 'c2VjcmV0' },
    'curve of another type': { ...jwk, kty: 'OKP' },
    'curve missing': { ...jwk, crv: undefined },
    'JWK with a damaged key': { ...jwk, d: 'AA' },
    'PEM with a damaged key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
    'SEC1 PEM': '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----',
    'broken JSON': '{',
    'no key': 'key',
    'a list': [],
    nothing: null,
  }
  for (const [title, key] of Object.entries(keys)) await refuses(t, key, title)
})

t.test('ear signature: only on what expires', async (t) => {
  const { privateKey } = await pair('ES256')
  const { exp: _, ...endless } = CLAIMS
  await t.rejects(signEar(endless, privateKey), { code: 'ERR_ARGUMENT' })
  await t.rejects(signEar({ ...CLAIMS, exp: '2' }, privateKey), { code: 'ERR_ARGUMENT' })
})

t.test('ear signature: a key is never taken out of its hardware', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: false })
  t.ok(await compactVerify(await signEar(CLAIMS, privateKey), publicKey))
  const { key } = await earSigner(await exportPKCS8((await pair('ES256')).privateKey))
  t.equal(key.extractable, false)
})
