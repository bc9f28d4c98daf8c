// SPDX-License-Identifier: Apache-2.0
import { KeyUsageFlags } from '@peculiar/asn1-x509'
import t from 'tap'
import { orderChain } from '../../src/verify/rim-chain.js'
import { sequence } from '../fake/der.js'
import { extensionOf } from '../fake/nvidia-device.js'
import { OCSP_SIGNING } from '../fake/ocsp.js'
import { LEVELS, mintRimSigner } from '../fake/rim.js'
import { rejectsCode } from '../helpers.js'

const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags
const signer = await mintRimSigner()
const [leaf, l3, ca, root] = signer.chain as [Bytes, Bytes, Bytes, Bytes]
type Bytes = Uint8Array<ArrayBuffer>

t.test('orderChain: from the signer to the root, in whatever order they came', async (t) => {
  const orders = [
    [leaf, l3, ca, root],
    [root, ca, l3, leaf],
    [l3, leaf, root, ca],
  ]
  for (const ders of orders) {
    const chain = await orderChain(ders)
    t.same(
      chain.map(({ subject }) => subject),
      LEVELS.map((name) => `CN=Test RIM ${name}`),
    )
  }
})

t.test('orderChain: four certificates, of which each has its place', async (t) => {
  const other = await mintRimSigner()
  const refused: Record<string, Bytes[]> = {
    none: [],
    three: [leaf, l3, ca],
    five: [leaf, l3, ca, root, other.chain[0] as Bytes],
    'the signer twice': [leaf, leaf, ca, root],
    'the root twice': [leaf, l3, root, root],
    'an authority twice': [leaf, l3, l3, root],
    'nothing but roots': [root, root, root, root],
    'another signer': [other.chain[0] as Bytes, l3, ca, root],
    'another authority of the same name': [leaf, other.chain[1] as Bytes, ca, root],
    'another root of the same name': [leaf, l3, ca, other.root],
    'no certificate': [leaf, l3, ca, root.slice(1)],
  }
  for (const [name, ders] of Object.entries(refused)) {
    await rejectsCode(t, orderChain(ders), 'ERR_RIM_CHAIN', name)
  }
})

t.test('orderChain: nobody does what its certificate does not say', async (t) => {
  const uses: [string, Partial<Record<number, number>>][] = [
    ['a signer that is a CA', { 0: keyCertSign }],
    ['a signer that may only agree on keys', { 0: KeyUsageFlags.keyAgreement }],
    ['a signer that may do everything', { 0: digitalSignature | keyCertSign }],
    ['an authority that is no CA', { 1: digitalSignature }],
    ['an authority that may only sign CRLs', { 2: cRLSign }],
    ['a root that is no CA', { 3: digitalSignature }],
  ]
  for (const [name, usage] of uses) {
    const { chain } = await mintRimSigner({ usage })
    await rejectsCode(t, orderChain(chain), 'ERR_RIM_CHAIN', name)
  }
})

t.test('orderChain: an OCSP responder of an authority signs no documents', async (t) => {
  const purpose = extensionOf('2.5.29.37', sequence(OCSP_SIGNING))
  const { chain } = await mintRimSigner({ extensions: { 0: [purpose] } })
  await rejectsCode(t, orderChain(chain), 'ERR_RIM_CHAIN')
})

t.test('orderChain: as many authorities below as a certificate allows', async (t) => {
  const { chain } = await mintRimSigner({ pathLength: { 1: 0, 2: 1, 3: 2 } })
  t.equal((await orderChain(chain)).length, 4)
  for (const pathLength of [{ 2: 0 }, { 3: 1 }, { 3: 0 }]) {
    const { chain } = await mintRimSigner({ pathLength })
    await rejectsCode(t, orderChain(chain), 'ERR_RIM_CHAIN', JSON.stringify(pathLength))
  }
})

t.test('orderChain: every signature counts', async (t) => {
  const [, stranger] = (await mintRimSigner()).parties
  for (const level of [0, 1, 2]) {
    const party = { ...signer.parties[level + 1], keys: stranger?.keys } as never
    const { chain, parties } = await mintRimSigner({ issuers: { [level]: party } })
    t.equal(parties.length, 4)
    await rejectsCode(t, orderChain(chain), 'ERR_RIM_CHAIN', `level ${level}`)
  }
})
