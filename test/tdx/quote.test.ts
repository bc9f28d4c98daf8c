// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseTdxQuote } from '../../src/index.js'
import { CHAIN, mintQuote, noise, type QuoteShape } from '../fake/tdx.js'
import { changed, hex } from '../helpers.js'
import { readQuote } from '../oracle/tdx.js'
import { quoteReading } from './view.js'

/** Every version and TD report body there is. */
const KINDS: readonly QuoteShape[] = [
  { version: 4 },
  { version: 5, bodyType: 2 },
  { version: 5, bodyType: 3 },
  { version: 5, bodyType: 4 },
]
const title = ({ version, bodyType = 2 }: QuoteShape) => `version ${version}, body type ${bodyType}`

for (const kind of KINDS) {
  t.test(`quote: ${title(kind)}: every field is the one that was minted`, async (t) => {
    const quote = mintQuote(kind)
    t.same(quoteReading(parseTdxQuote(quote)), readQuote(quote))
  })
}

t.test('quote: constants of the head', async (t) => {
  const quote = parseTdxQuote(mintQuote({ version: 5 }))
  t.equal(quote.attestationKeyType, 2)
  t.equal(quote.teeType, 0x81)
  t.equal(hex(quote.qeVendorId), '939a7233f79c4ca9940a0db3957f0607')
})

t.test('quote: what a body type lacks is null', async (t) => {
  const bodies = KINDS.map((kind) => parseTdxQuote(mintQuote(kind)).body)
  t.same(
    bodies.map((body) => body.teeTcbSvn2 === null),
    [true, true, false, false],
  )
  t.same(
    bodies.map((body) => body.mrServiceTd === null),
    [true, true, false, false],
  )
  t.same(
    bodies.map((body) => body.extension === null),
    [true, true, true, false],
  )
})

t.test('quote: attributes are decoded', async (t) => {
  const quote = changed(mintQuote(), (copy) => copy.set([1, 0, 0, 0x10, 0, 0, 0, 0], 168))
  const { tdAttributes, tdAttributeBits } = parseTdxQuote(quote).body
  t.equal(tdAttributes, 0x10000001n)
  t.match(tdAttributeBits, { debug: true, septVeDisable: true, migratable: false, unknown: 0n })
})

t.test('quote: a later change of the buffer changes nothing', async (t) => {
  const bytes = Buffer.from(mintQuote({ version: 5, bodyType: 4 }))
  const quote = parseTdxQuote(bytes)
  const before = quoteReading(quote)
  bytes.fill(0xee)
  t.same(quoteReading(quote), before)
})

t.test('quote: what a view gives is a copy', async (t) => {
  const quote = parseTdxQuote(mintQuote({ version: 5, bodyType: 4 }))
  const before = quoteReading(quote)
  for (const owner of [quote, quote.body, quote.qeReport, quote.body.extension]) {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(owner))) {
      const value: unknown = Reflect.get(owner as object, name)
      if (value instanceof Uint8Array) value.fill(0xee)
    }
  }
  for (const bytes of [...quote.body.rtmr, ...(quote.pckChain ?? [])]) bytes.fill(0xee)
  quote.certificationData.data.fill(0xee)
  t.same(quoteReading(quote), before)
})

t.test('quote: a view cannot be written', async (t) => {
  const quote = parseTdxQuote(mintQuote())
  t.throws(() => Object.assign(quote, { version: 5 }), TypeError)
  t.throws(() => Object.assign(quote.body, { type: 4 }), TypeError)
  t.throws(() => Object.assign(quote.qeReport, { isvSvn: 9 }), TypeError)
})

t.test('quote: trailing bytes are counted and are no part of it', async (t) => {
  for (const kind of KINDS) {
    const quote = mintQuote(kind)
    for (const length of [1, 70, 3065]) {
      const padded = parseTdxQuote(mintQuote({ ...kind, trailing: noise(length, 30) }))
      t.equal(padded.trailingBytes, length)
      t.equal(hex(padded.bytes), hex(quote))
    }
  }
})

t.test('quote: QE authentication data of any length', async (t) => {
  for (const length of [0, 1, 31, 33, 4096]) {
    const qeAuthData = noise(length, 31)
    t.equal(hex(parseTdxQuote(mintQuote({ qeAuthData })).qeAuthData), hex(qeAuthData))
  }
})

t.test('quote: certification data of every type', async (t) => {
  for (const pckType of [1, 2, 3, 4]) {
    const quote = mintQuote({ pckType })
    const { certificationData, pckChain } = parseTdxQuote(quote)
    t.equal(certificationData.type, pckType)
    t.equal(hex(certificationData.data), hex(quote.subarray(-certificationData.data.length)))
    t.equal(pckChain, null)
  }
  const { certificationData, pckChain } = parseTdxQuote(mintQuote())
  t.equal(certificationData.type, 5)
  t.same(pckChain?.map(hex), CHAIN.map(hex))
  t.equal(parseTdxQuote(mintQuote({ pckType: 4, pckData: new Uint8Array() })).pckChain, null)
})
