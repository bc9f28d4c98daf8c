// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import type { Code } from '../../src/errors.js'
import { openRim, type Rim } from '../../src/verify/rim.js'
import { type Certificate, parseCertificate } from '../../src/verify/x509.js'
import {
  digestOf,
  type FakeRim,
  type FakeRimSigner,
  mintRimSigner,
  payloadOf,
  RIM_AT,
  ZERO,
} from '../fake/rim.js'
import { changed, hex, rejectsCode } from '../helpers.js'
import { manifest, skip, vectorBytes, vectors } from '../vectors.js'

const signer = await mintRimSigner()
const roots = [parseCertificate(signer.root)]

const opened = async (rim: FakeRim = {}, by: FakeRimSigner = signer): Promise<Rim> =>
  openRim(await by.rim(rim), [parseCertificate(by.root)])

t.test('openRim: a signed document, in whatever spelling', async (t) => {
  const measurements = [
    { index: 0, alternatives: [digestOf(1), ZERO] },
    { index: 7, active: false, alternatives: [ZERO] },
    { index: 63, alternatives: [digestOf(2)] },
  ]
  const rim = await opened({ measurements })
  t.same([rim.product, rim.version, rim.tagId], ['GH100', '580.95.05', 'test'])
  t.same(
    rim.active.map(({ index, name, alternatives }) => [index, name, alternatives.map(hex)]),
    [
      [0, 'Measurement_0', [digestOf(1), ZERO]],
      [63, 'Measurement_63', [digestOf(2)]],
    ],
  )
  t.equal(rim.anchor, 'caller')
  t.equal(rim.signers.length, 4)
  const spellings: Record<string, (xml: string) => string> = {
    canonical: (xml) => xml,
    declaration: (xml) => `<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n<!-- end -->\n`,
    comments: (xml) => xml.replaceAll('<ns0:', '<!-- here --><ns0:'),
    'byte order mark': (xml) => `\ufeff${xml}`,
    'line ends': (xml) => xml.replaceAll('\n', '\r\n'),
    'namespace declared again': (xml) =>
      xml.replace(
        '<ns0:Payload>',
        `<ns0:Payload xmlns:ns2="http://www.w3.org/2001/04/xmlenc#sha384">`,
      ),
    'something unsigned in the signature': (xml) =>
      xml.replace('</ds:KeyInfo>', '$&<ds:Object><Payload/></ds:Object>'),
  }
  for (const [name, document] of Object.entries(spellings)) {
    t.same((await opened({ document })).active.length, 1, name)
  }
})

t.test('openRim: the narrowest dates of the chain, whichever certificate has them', async (t) => {
  for (const level of [0, 1, 2, 3]) {
    const by = await mintRimSigner({
      notBefore: { [level]: new Date('2026-07-01T11:00:00Z') },
      notAfter: { [level]: new Date('2026-07-01T13:00:00Z') },
    })
    const rim = await opened({}, by)
    t.same(rim.notBefore, new Date('2026-07-01T11:00:00Z'), `${level}`)
    t.same(rim.notAfter, new Date('2026-07-01T13:00:00Z'), `${level}`)
  }
  const rim = await opened()
  t.ok(rim.notBefore < RIM_AT && RIM_AT < rim.notAfter)
})

t.test('openRim: what was altered after signing', async (t) => {
  const alterations: [string, (xml: string) => string, Code][] = [
    ['a golden value', (xml) => xml.replace(digestOf(1), digestOf(2)), 'ERR_RIM_DIGEST'],
    ['a switch', (xml) => xml.replace('"True"', '"False"'), 'ERR_RIM_DIGEST'],
    ['the version', (xml) => xml.replace('580.95', '580.96'), 'ERR_RIM_DIGEST'],
    ['a space', (xml) => xml.replace('\n', '\n '), 'ERR_RIM_DIGEST'],
    ['a namespace', (xml) => xml.replace('schema.xsd"', 'schema.xsd#"'), 'ERR_RIM_DIGEST'],
    [
      'attributes hidden in a namespace declaration',
      (xml) => xml.replace(/<ns0:Payload>/, `<ns0:Payload xmlns:x='a" b="c'>`),
      'ERR_RIM_DIGEST',
    ],
    [
      'a second Payload',
      (xml) => xml.replace('</SoftwareIdentity>', `${payloadOf([])}$&`),
      'ERR_RIM_DIGEST',
    ],
    [
      'the digest',
      (xml) => xml.replace(/(DigestValue>)(.)/, (_, a, b) => `${a}${b === 'A' ? 'B' : 'A'}`),
      'ERR_RIM_DIGEST',
    ],
    [
      'the signature',
      (xml) => xml.replace(/(SignatureValue>)(.)/, (_, a, b) => `${a}${b === 'A' ? 'B' : 'A'}`),
      'ERR_RIM_SIGNATURE',
    ],
    ['a space in SignedInfo', (xml) => xml.replace('<ds:Ref', ' $&'), 'ERR_RIM_SIGNATURE'],
  ]
  for (const [name, document, code] of alterations) {
    await rejectsCode(t, opened({ document }), code, name)
  }
})

t.test('openRim: digest and content that fit each other, signed by nobody', async (t) => {
  const forged = await signer.rim({ measurements: [{ index: 0, alternatives: [digestOf(9)] }] })
  const genuine = await signer.rim()
  const value = /<ds:SignatureValue>.*<\/ds:SignatureValue>/
  const [, stolen] = [value.exec(text(forged)), value.exec(text(genuine))]
  const spliced = text(forged).replace(value, stolen?.[0] as string)
  await rejectsCode(t, openRim(bytes(spliced), roots), 'ERR_RIM_SIGNATURE')
})

t.test('openRim: signed by another key than that of the chain', async (t) => {
  const stranger = await mintRimSigner()
  const key = stranger.parties[0]?.keys.privateKey as CryptoKey
  await rejectsCode(t, opened({ key }), 'ERR_RIM_SIGNATURE', 'a stranger')
  const ca = signer.parties[1]?.keys.privateKey as CryptoKey
  await rejectsCode(t, opened({ key: ca }), 'ERR_RIM_SIGNATURE', 'an authority of the chain')
})

t.test('openRim: a root that nobody vouches for', async (t) => {
  const xml = await signer.rim()
  await rejectsCode(t, openRim(xml, []), 'ERR_RIM_ROOT')
  const other: Certificate[] = [parseCertificate((await mintRimSigner()).root)]
  await rejectsCode(t, openRim(xml, other), 'ERR_RIM_ROOT')
  t.equal((await openRim(xml, [...other, ...roots])).anchor, 'caller')
})

t.test('openRim: a document is worked on once, and judged by its content', async (t) => {
  const xml = await signer.rim({ version: '1.2.3' })
  const [first, second] = await Promise.all([openRim(xml, roots), openRim(xml.slice(), roots)])
  t.equal(first.active, second.active, 'once, for the same content elsewhere in memory too')
  const at = text(xml).indexOf(digestOf(1))
  const altered = changed(xml, (copy) => copy.fill('0'.charCodeAt(0), at, at + 96)) as Bytes
  await rejectsCode(t, openRim(altered, roots), 'ERR_RIM_DIGEST')
  t.equal((await openRim(xml, roots)).active, first.active)
})

const text = (xml: Uint8Array): string => new TextDecoder().decode(xml)
const bytes = (xml: string): Bytes => new TextEncoder().encode(xml)

interface RimManifest {
  readonly rims?: Record<
    string,
    {
      readonly colloquialVersion: string
      readonly product: string
      readonly digest_ok: boolean
      readonly signature_ok: boolean
      readonly chain_links: boolean
      readonly root_spki_pinned: boolean
      readonly valid_window: [string, string]
      readonly active: number[]
      readonly sha256: string
    }
  >
}

/** The file of a RIM in a manifest. */
const fileOf = (vector: string, name: string): string =>
  ({
    'rim-gh100-550.144.03-negatives': `${name}.xml`,
    'ls10-switch-bios-96.10.55.00.01': `${name.replace('bios', 'bios_rim')}.xml`,
  })[vector] ?? `${name.replace(/^(driver|vbios)/, '$1_rim')}.xml`

t.test('openRim: every real document, as its manifest says', { skip }, async (t) => {
  let count = 0
  for (const vector of vectors('nvidia')) {
    for (const [name, stated] of Object.entries(
      manifest<RimManifest>('nvidia', vector).rims ?? {},
    )) {
      const xml = new Uint8Array(vectorBytes('nvidia', vector, fileOf(vector, name)))
      const title = `${vector}/${name}`
      count++
      const code = !stated.chain_links
        ? 'ERR_RIM_CHAIN'
        : !stated.digest_ok
          ? 'ERR_RIM_DIGEST'
          : !stated.signature_ok && 'ERR_RIM_SIGNATURE'
      if (code) {
        await rejectsCode(t, openRim(xml, []), code, title)
        continue
      }
      const rim = await openRim(xml, [])
      const iso = (date: Date) => date.toISOString().replace('.000', '')
      t.same(
        [rim.product, rim.version, rim.anchor, rim.active.map(({ index }) => index)],
        [stated.product, stated.colloquialVersion, 'vendor', stated.active],
        title,
      )
      t.same([iso(rim.notBefore), iso(rim.notAfter)], stated.valid_window, title)
    }
  }
  t.ok(count > 15)
})

interface Cases {
  readonly cases: { readonly id: string; readonly file: string; readonly expect: string }[]
}

t.test('openRim: edits of a real document, as their manifest says', { skip }, async (t) => {
  const vector = 'derived-rim-gh100'
  const genuine = await openRim(new Uint8Array(vectorBytes('nvidia', vector, 'baseline.xml')), [])
  const special: Partial<Record<string, Code>> = {
    duplicate_index: 'ERR_RIM_DIGEST',
    doctype_entity: 'ERR_RIM_FORMAT',
    // Nested in another root, its signature is none of that root.
    wrapped_root: 'ERR_RIM_SIGNATURE_FORM',
    // The certificate belongs to no chain; who signed is not even asked.
    foreign_cert_prepended: 'ERR_RIM_CHAIN',
    foreign_cert_appended: 'ERR_RIM_CHAIN',
    keyvalue_injection: 'ERR_RIM_SIGNATURE_FORM',
  }
  for (const { id, file, expect } of manifest<Cases>('nvidia', vector).cases) {
    const xml = new Uint8Array(vectorBytes('nvidia', vector, file))
    if (/^accept|^policy/.test(expect)) {
      t.same((await openRim(xml, [])).active, genuine.active, id)
      continue
    }
    const code =
      special[id] ??
      (expect === 'reject: digest'
        ? 'ERR_RIM_DIGEST'
        : expect === 'reject: signature'
          ? 'ERR_RIM_SIGNATURE'
          : 'ERR_RIM_SIGNATURE_FORM')
    await rejectsCode(t, openRim(xml, []), code, id)
  }
})

t.test('openRim: hand-made documents for parsers, none signed by NVIDIA', { skip }, async (t) => {
  const vector = 'rim-parser-negatives'
  const files = Object.keys(manifest<{ files: object }>('nvidia', vector).files)
  for (const file of files) {
    const xml = new Uint8Array(vectorBytes('nvidia', vector, file))
    if (file === 'success_valid_rim.xml') t.equal((await openRim(xml, [])).anchor, 'vendor')
    else await rejectsCode(t, openRim(xml, []), 'ERR_RIM_SIGNATURE_FORM', file)
  }
})
