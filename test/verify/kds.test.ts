// SPDX-License-Identifier: Apache-2.0

import { AsnConvert } from '@peculiar/asn1-schema'
import { SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import t from 'tap'
import { vendorName } from '../../src/simulate/x509.js'
import { amdKds } from '../../src/verify/kds.js'
import { checkPath, readVcek } from '../../src/verify/kds-checks.js'
import { PINNED } from '../../src/verify/roots.js'
import { amdOid, foreignKeys, mintAmd, pem, setExtension } from '../fake/amd.js'
import { FakeKds, fetchOf } from '../fake/kds.js'
import { hex } from '../helpers.js'
import { skip, vectorBytes } from '../vectors.js'
import { chipOf, codeFrom, mintChip, world } from './kds-world.js'

t.test('kds: asks as AMD documents it', async (t) => {
  const milan = await world('Milan')
  t.same(hex(await milan.client().vcek(milan.chip)), hex(milan.amd.vek))
  t.same(milan.kds.requests, [
    `/vcek/v1/Milan/${'c1'.repeat(64)}?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219`,
    '/vcek/v1/Milan/cert_chain',
  ])
  const turin = await world('Turin')
  t.same(hex(await turin.client().vcek(turin.chip)), hex(turin.amd.vek))
  t.equal(
    turin.kds.requests[0],
    `/vcek/v1/Turin/${'c1'.repeat(8)}?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81`,
  )
})

t.test('kds: chain and CRL of each kind', async (t) => {
  const { kds, client } = await world('Genoa')
  const vlek = await mintAmd({ product: 'Genoa', kind: 'vlek' })
  await kds.addAuthority('Genoa', 'vlek', vlek)
  const endorser = client({ roots: [vlek.ark] })
  const chain = await endorser.chain('Genoa', 'vlek')
  t.same(chain.map(hex), [vlek.authority, vlek.ark].map(hex))
  const crl = await endorser.crl('Genoa', 'vlek')
  t.ok(crl.length > 0)
  t.same(kds.requests, ['/vlek/v1/Genoa/cert_chain', '/vlek/v1/Genoa/crl'])
})

t.test('kds: what is returned is the caller’s own, and so is what was handed in', async (t) => {
  const { client, chip, amd } = await world()
  const endorser = client()
  const asked = { ...chip, chipId: chip.chipId.slice() }
  const answer = endorser.vcek(asked)
  asked.chipId.fill(0)
  const first = await answer
  first.fill(0)
  t.same(hex(await endorser.vcek(chip)), hex(amd.vek))
  const [authority] = await endorser.chain('Milan', 'vcek')
  authority?.fill(0)
  t.same(hex((await endorser.chain('Milan', 'vcek'))[0] as Uint8Array), hex(amd.authority))
})

t.test('kds: a mirror, its path and its PEM', async (t) => {
  const { kds, client, chip, amd, clock, store } = await world()
  const path = `/vcek/v1/Milan/${hex(chip.chipId)}?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219`
  kds.fault = (asked) => (asked.path === path ? { status: 200, body: pem(amd.vek) } : null)
  for (const baseUrl of ['https://mirror.example/amd/', 'http://127.0.0.1:8080/amd']) {
    store.entries.clear()
    const endorser = client({ baseUrl, fetch: fetchOf(kds, clock, '/amd') })
    t.same(hex(await endorser.vcek(chip)), hex(amd.vek), baseUrl)
  }
})

t.test('kds: a VCEK is held against what was asked', async (t) => {
  const { kds, client, chip, amd, store } = await world()
  const other = async (change: object) => (await mintChip({ ...chip, ...change })).vek
  const foreign = await mintAmd({ keys: await foreignKeys() })
  const vlek = await mintAmd({ kind: 'vlek' })
  const genoa = await mintChip(chipOf('Genoa'))
  const answers: Record<string, Uint8Array | string> = {
    'another chip': await other({ chipId: new Uint8Array(64).fill(0xc2) }),
    'another TCB': await other({ tcb: { ...chip.tcb, microcode: 1 } }),
    'no TCB': (await mintAmd({ vek: (tbs) => setExtension(tbs, amdOid('3.8'), null) })).vek,
    'no chip': (await mintAmd({ vek: (tbs) => setExtension(tbs, amdOid('4'), null) })).vek,
    'another product': genoa.vek,
    'another product by name': (
      await mintAmd({
        vek: (tbs) => setExtension(tbs, amdOid('2'), Buffer.from('\x16\x05Genoa', 'latin1')),
      })
    ).vek,
    'a VLEK': vlek.vek,
    'a VCEK of the VLEK intermediate': (
      await mintAmd({
        vek: (tbs) => {
          tbs.issuer = vendorName('SEV-VLEK-Milan')
        },
      })
    ).vek,
    'an intermediate': amd.authority,
    'signed by somebody else': foreign.vek,
    'a CRL': await amd.crl(),
    'two certificates': pem(amd.vek) + pem(amd.vek),
    'with something behind': Buffer.concat([amd.vek, Buffer.of(0)]),
    truncated: amd.vek.subarray(0, -1),
    garbage: '<html>Bad gateway</html>',
  }
  for (const [what, body] of Object.entries(answers)) {
    kds.fault = ({ path }) => (path.includes('?') ? { status: 200, body } : null)
    store.entries.clear()
    const before = kds.requests.length
    t.equal(await codeFrom(client().vcek(chip)), 'ERR_ENDORSER_ANSWER', what)
    t.notOk(store.keys.includes('vcek/Milan'), `${what}: not kept`)
    t.ok(kds.requests.length - before <= 2, `${what}: asked once`)
  }
})

t.test('kds: a VCEK names the intermediate of its product and kind', async (t) => {
  const { chip, amd } = await world()
  t.same(hex(readVcek(amd.vek, chip).der), hex(amd.vek))
  for (const issuer of ['SEV-Genoa', 'SEV-VLEK-Milan', 'ARK-Milan', 'SEV-Rome']) {
    const { vek } = await mintAmd({
      vek: (tbs) => {
        tbs.issuer = vendorName(issuer)
      },
    })
    t.throws(() => readVcek(vek, chip), { code: 'ERR_ENDORSER_ANSWER' }, issuer)
  }
})

t.test('kds: a chain is held against what was asked', async (t) => {
  const { kds, client, amd, store } = await world()
  const foreign = await mintAmd({ keys: await foreignKeys() })
  const vlek = await mintAmd({ kind: 'vlek' })
  const genoa = await mintAmd({ product: 'Genoa' })
  const unrelated = await mintAmd({ signers: { authority: foreign.keys.ark.privateKey } })
  const elsewhere = await mintAmd({
    authority: (tbs) => {
      tbs.issuer = vendorName('ARK-Genoa')
    },
  })
  const revoked = PINNED.find((one) => one.revoked)
  const replaced = await mintAmd({
    authority: (tbs) => {
      const spki = revoked?.spki as Uint8Array<ArrayBuffer>
      tbs.subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo)
    },
  })
  const answers: Record<string, Uint8Array | string> = {
    'the other kind': pem(vlek.authority) + pem(amd.ark),
    'another product': pem(genoa.authority) + pem(genoa.ark),
    'no root': pem(amd.authority),
    'no intermediate': pem(amd.ark),
    'more than that': pem(amd.authority) + pem(amd.ark) + pem(amd.vek),
    'a root nobody trusts': pem(foreign.authority) + pem(foreign.ark),
    'a forged intermediate': pem(unrelated.authority) + pem(amd.ark),
    'an intermediate of another root': pem(elsewhere.authority) + pem(amd.ark),
    'a revoked intermediate': pem(replaced.authority) + pem(amd.ark),
    'damaged PEM': pem(amd.authority) + pem(amd.ark).slice(0, -40),
  }
  for (const [what, body] of Object.entries(answers)) {
    kds.fault = () => ({ status: 200, body })
    t.equal(await codeFrom(client().chain('Milan', 'vcek')), 'ERR_ENDORSER_ANSWER', what)
    t.same(store.keys, [], `${what}: not kept`)
  }
  kds.fault = () => ({ status: 200, body: pem(amd.ark) + pem(amd.authority) })
  const chain = await client().chain('Milan', 'vcek')
  t.same(chain.map(hex), [amd.authority, amd.ark].map(hex), 'the order does not matter')
})

t.test('kds: a CRL is held against what was asked', async (t) => {
  const { kds, client, amd, store } = await world()
  const foreign = await mintAmd({ keys: await foreignKeys() })
  const genoa = await mintAmd({ product: 'Genoa' })
  const answers: Record<string, Uint8Array | string> = {
    forged: await foreign.crl(),
    'of another product': await genoa.crl(),
    'a certificate': amd.ark,
    'two of them': pem(await amd.crl(), 'X509 CRL') + pem(await amd.crl(), 'X509 CRL'),
  }
  for (const [what, body] of Object.entries(answers)) {
    kds.fault = () => ({ status: 200, body })
    t.equal(await codeFrom(client().crl('Milan', 'vcek')), 'ERR_ENDORSER_ANSWER', what)
    t.same(store.keys, [], `${what}: not kept`)
  }
  const both = client({ roots: [amd.ark, genoa.ark] })
  kds.fault = () => ({ status: 200, body: answers['of another product'] as Uint8Array })
  t.equal(await codeFrom(both.crl('Milan', 'vcek')), 'ERR_ENDORSER_ANSWER', 'though trusted')
  kds.fault = () => ({ status: 200, body: 'x'.repeat(0x20001) })
  t.equal(await codeFrom(client().crl('Milan', 'vcek')), 'ERR_ENDORSER_ANSWER', 'too large')
})

t.test('kds: an intermediate that AMD has not shipped in this code', async (t) => {
  const { client, chip, amd, kds, store } = await world()
  kds.fault = ({ path }) => (path.endsWith('chain') ? { status: 400 } : null)
  t.equal(await codeFrom(client().vcek(chip)), 'ERR_ENDORSER_STATUS', 'cannot be judged without')
  t.same(store.keys, [])
  kds.fault = () => null
  kds.requests.length = 0
  t.same(hex(await client().vcek(chip)), hex(amd.vek), 'below a root that is trusted')
  const untrusting = client({ roots: [] })
  t.equal(await codeFrom(untrusting.vcek(chip)), 'ERR_ENDORSER_ANSWER', 'below any other')
  const { value: vek } = readVcek(amd.vek, chip)
  const path = { vek, authority: null, root: null, anchor: 'none', problem: null } as const
  t.throws(() => checkPath(path), { code: 'ERR_ENDORSER_ANSWER' }, 'nor without any')
  const chains = kds.requests.filter((path) => path.endsWith('chain'))
  t.same([chains.length, kds.requests.length], [3, 5], 'for what was kept and for the answer')
})

t.test('kds: AMD’s own, by the pinned keys alone', { skip }, async (t) => {
  const { clock, store } = await world()
  const kds = new FakeKds()
  const plans: Record<string, Uint8Array> = {
    '/vcek/v1/Milan/crl': vectorBytes('snp', 'crl-milan-3', 'crl.der'),
    '/vcek/v1/Genoa/crl': vectorBytes('snp', 'crl-genoa-2', 'crl.der'),
    '/vcek/v1/Genoa/cert_chain': vectorBytes('snp', 'ca-genoa', 'cert_chain-vcek.pem'),
    '/vlek/v1/Genoa/cert_chain': vectorBytes('snp', 'ca-genoa', 'cert_chain-vlek.pem'),
  }
  kds.fault = ({ path }) => ({ status: 200, body: plans[path] as Uint8Array })
  const { now, sleep } = clock
  const endorser = amdKds({ fetch: fetchOf(kds, clock), store, now, sleep })
  for (const product of ['Milan', 'Genoa'] as const) {
    t.same(
      hex(await endorser.crl(product, 'vcek')),
      hex(plans[`/vcek/v1/${product}/crl`] as Uint8Array),
    )
  }
  for (const [kind, file] of [
    ['vcek', 'ask.der'],
    ['vlek', 'asvk.der'],
  ] as const) {
    const [authority, root] = await endorser.chain('Genoa', kind)
    t.same(hex(authority as Uint8Array), hex(vectorBytes('snp', 'ca-genoa', file)), file)
    t.same(hex(root as Uint8Array), hex(vectorBytes('snp', 'ca-genoa', 'ark.der')))
  }
  const revoked = vectorBytes('snp', 'ca-genoa', 'ask-revoked.pem')
  const body = Buffer.concat([revoked, vectorBytes('snp', 'ca-genoa', 'ark.pem')])
  kds.fault = () => ({ status: 200, body })
  store.entries.clear()
  const again = amdKds({ fetch: fetchOf(kds, clock), store, now, sleep })
  t.equal(await codeFrom(again.chain('Genoa', 'vcek')), 'ERR_ENDORSER_ANSWER', 'the revoked one')
})
