// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { derObjects } from '../../src/pem.js'
import { mintNvidia } from '../../src/simulate/nvidia.js'
import { isEcdsaSignedBy, isSignedBy, verifyP384 } from '../../src/verify/signature.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { foreignKeys, mintAmd } from '../fake/amd.js'

/** The order n of P-384 (FIPS 186-4, D.1.2.4). */
const N =
  0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n

const toInt = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const toBytes = (value: bigint) =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(96, '0'), 'hex'))

t.test('signature: by the issuer, by nobody else, and asked once', async (t) => {
  const { vek, authority, ark } = await mintAmd()
  const [leaf, middle, root] = [vek, authority, ark].map(parseCertificate)
  if (!leaf || !middle || !root) throw new Error('minted')
  t.equal(await isSignedBy(leaf, middle), true)
  t.equal(await isSignedBy(leaf, root), false)
  t.equal(await isSignedBy(root, root), true)
  t.equal(isSignedBy(leaf, middle), isSignedBy(leaf, middle), 'remembered')
  t.equal(await isSignedBy({ ...leaf, pss: false }, middle), false, 'another algorithm')
  t.equal(await isSignedBy(leaf, leaf), false, 'an EC key cannot have signed it')
})

t.test('signature: each vendor by its own algorithm', async (t) => {
  const { gpus } = await mintNvidia('HOPPER', 1, new Date('2026-01-01T00:00:00Z'))
  const [leaf, device, middle] = derObjects(gpus[0]?.certChain ?? new Uint8Array()).map(
    parseCertificate,
  )
  if (!leaf || !device || !middle) throw new Error('minted')
  t.equal(await isEcdsaSignedBy(leaf, device), true)
  t.equal(isEcdsaSignedBy(leaf, device), isEcdsaSignedBy(leaf, device), 'remembered')
  t.equal(await isEcdsaSignedBy(leaf, middle), false)
  t.equal(await isSignedBy(leaf, device), false, 'AMD has another one')
  t.equal(await isEcdsaSignedBy({ ...leaf, ecdsa: false }, device), false, 'another algorithm')
  const signature = leaf.signature.slice(1)
  t.equal(await isEcdsaSignedBy({ ...leaf, signature }, device), false, 'no signature')
  const { authority, ark } = await mintAmd()
  t.equal(await isEcdsaSignedBy(parseCertificate(authority), parseCertificate(ark)), false)
})

t.test('signature: P-384, whichever of the two S', async (t) => {
  const { vek } = await foreignKeys()
  const data = new Uint8Array(672).fill(7)
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', vek.publicKey))
  const ecdsa = { name: 'ECDSA', hash: 'SHA-384' }
  const signature = new Uint8Array(await crypto.subtle.sign(ecdsa, vek.privateKey, data))
  const [r, s] = [signature.slice(0, 48), toInt(signature.slice(48))]
  for (const value of [s, N - s]) {
    t.equal(await verifyP384(spki, Uint8Array.of(...r, ...toBytes(value)), data), true)
  }
  const zero = new Uint8Array(96)
  t.equal(await verifyP384(spki, zero, data), false, 'r and s zero')
  t.equal(await verifyP384(spki, signature, data.slice(1)), false)
  const off = spki.slice()
  off[off.length - 1] = (off[off.length - 1] as number) ^ 1
  t.equal(await verifyP384(off, signature, data), false, 'a point off the curve')
  t.equal(await verifyP384(spki.slice(1), signature, data), false, 'no key')
})

t.test('signature: a fault of the host is not an answer about the key', async (t) => {
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-384' }
  const { publicKey } = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
  const run = () => verifyP384(spki, new Uint8Array(96), new Uint8Array(1))
  const failing = () => Promise.reject(new TypeError('out of memory'))
  const { restore } = t.intercept(crypto.subtle, 'importKey', { value: failing })
  await t.rejects(run(), TypeError)
  restore()
  t.equal(await run(), false, 'and not remembered')
})

t.test('signature: an RSA key of an absurd size signed nothing, and costs nothing', async (t) => {
  const { vek, authority } = await mintAmd()
  const [leaf, issuer] = [parseCertificate(vek), parseCertificate(authority)]
  // WebCrypto takes the short one in and breaks off only when it is used.
  for (const modulusLength of [512, 5120]) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
    t.equal(await isSignedBy(leaf, { ...issuer, spki }), false, `${modulusLength} bits`)
  }
})
