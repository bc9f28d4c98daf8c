// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import type { Code } from '../../src/errors.js'
import { parseTdxQuote, tdxEvidenceKind } from '../../src/index.js'
import { CHAIN, mintQuote, mintTdReport, noise, type QuoteShape } from '../fake/tdx.js'
import { changed, hex, throwsCode } from '../helpers.js'
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
/** Where the signature data starts in a quote of version 4 and of version 5, type 3. */
const SIGNATURE_DATA: Record<number, number> = { 4: 636, 5: 706 }

function set(bytes: Uint8Array, at: number, value: number, size: 2 | 4): Uint8Array {
  return changed(bytes, (copy) => {
    const view = new DataView(copy.buffer)
    if (size === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
  })
}

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

for (const version of [4, 5]) {
  t.test(`quote: version ${version}, cut anywhere, is refused`, async (t) => {
    const quote = mintQuote({ version })
    const size = SIGNATURE_DATA[version] as number
    let wrong = 0
    for (let length = 0; length < quote.length; length++) {
      const expected: Code = length < size ? 'ERR_TDX_LENGTH' : 'ERR_TDX_SIGNATURE_DATA'
      const cut = quote.subarray(0, length)
      try {
        parseTdxQuote(cut)
        wrong++
      } catch (error) {
        if ((error as { code?: Code }).code !== expected) wrong++
      }
    }
    t.equal(wrong, 0)
    t.doesNotThrow(() => parseTdxQuote(quote))
  })

  t.test(`quote: version ${version}, every reserved byte must be zero`, async (t) => {
    const quote = mintQuote({ version })
    const qe = (SIGNATURE_DATA[version] as number) + 134
    const reserved = [
      [8, 12],
      [qe + 20, qe + 32],
      [qe + 96, qe + 128],
      [qe + 160, qe + 192],
      [qe + 262, qe + 304],
    ] as const
    for (const [start, end] of reserved) {
      for (let at = start; at < end; at++) {
        const used = changed(quote, (copy) => copy.fill(1, at, at + 1))
        const message = throwsCode(t, () => parseTdxQuote(used), 'ERR_TDX_RESERVED')
        t.match(message, `(offset 0x${at.toString(16)})`)
      }
    }
  })

  t.test(`quote: version ${version}, every declared length is exact`, async (t) => {
    const data = SIGNATURE_DATA[version] as number
    const lengths = [
      { at: data - 4, size: 4, code: 'ERR_TDX_SIGNATURE_DATA' },
      { at: data + 130, size: 4, code: 'ERR_TDX_CERTIFICATION_DATA' },
      { at: data + 584 + 32 + 2, size: 4, code: 'ERR_TDX_CERTIFICATION_DATA' },
    ] as const
    for (const trailing of [new Uint8Array(), noise(70, 32)]) {
      const quote = mintQuote({ version, trailing })
      const view = new DataView(quote.buffer)
      for (const { at, size, code } of lengths) {
        const value = view.getUint32(at, true)
        for (const bad of [value + 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0]) {
          throwsCode(t, () => parseTdxQuote(set(quote, at, bad, size)), code)
        }
        for (const bad of [value - 1, value + 1]) {
          t.equal(typeof readQuote(set(quote, at, bad, size)), 'string')
          throwsCode(
            t,
            () => parseTdxQuote(set(quote, at, bad, size)),
            readQuote(set(quote, at, bad, size)) as Code,
          )
        }
      }
    }
  })

  t.test(`quote: version ${version}, the QE authentication data size is exact`, async (t) => {
    const at = (SIGNATURE_DATA[version] as number) + 582
    const quote = mintQuote({ version })
    const parse = (size: number) => () => parseTdxQuote(set(quote, at, size, 2))
    for (const bad of [0, 31, 33]) throwsCode(t, parse(bad), 'ERR_TDX_CERTIFICATION_DATA')
    throwsCode(t, parse(0xffff), 'ERR_TDX_SIGNATURE_DATA')
    const rest = quote.length - (at + 2) - 6
    throwsCode(t, parse(rest), 'ERR_TDX_CERTIFICATION_DATA')
    throwsCode(t, parse(rest + 1), 'ERR_TDX_SIGNATURE_DATA')
  })
}

t.test('quote: signature data of less than its fixed parts', async (t) => {
  const quote = mintQuote({ trailing: noise(70, 35) })
  const parse = (size: number) => () => parseTdxQuote(set(quote, 632, size, 4))
  for (const size of [1, 134, 589]) throwsCode(t, parse(size), 'ERR_TDX_SIGNATURE_DATA')
  throwsCode(t, parse(590), 'ERR_TDX_CERTIFICATION_DATA')
})

t.test('quote: what an earlier one left behind is not read', async (t) => {
  const other = set(mintQuote(), 0, 6, 2)
  parseTdxQuote(mintQuote({ version: 5 }))
  throwsCode(t, () => parseTdxQuote(other.subarray(0, 47)), 'ERR_TDX_LENGTH')
  throwsCode(t, () => parseTdxQuote(other.subarray(0, 48)), 'ERR_TDX_VERSION')
})

t.test('quote: the head says what is read', async (t) => {
  const quote = mintQuote({ version: 5 })
  const parse = (at: number, value: number, size: 2 | 4) => () =>
    parseTdxQuote(set(quote, at, value, size))
  for (const version of [0, 1, 2, 3, 6, 0x105]) {
    throwsCode(t, parse(0, version, 2), 'ERR_TDX_VERSION', `version ${version}`)
  }
  for (const type of [0, 1, 3, 0x102]) throwsCode(t, parse(2, type, 2), 'ERR_TDX_KEY_TYPE')
  for (const type of [0, 0x80, 0x82, 0x181]) throwsCode(t, parse(4, type, 4), 'ERR_TDX_TEE_TYPE')
  for (let at = 12; at < 28; at++) {
    const other = changed(quote, (copy) => copy.fill((copy[at] as number) ^ 1, at, at + 1))
    throwsCode(t, () => parseTdxQuote(other), 'ERR_TDX_VENDOR', `offset ${at}`)
  }
  for (const type of [0, 1, 5, 0x103]) throwsCode(t, parse(48, type, 2), 'ERR_TDX_BODY')
})

t.test('quote: a body has exactly the size of its type', async (t) => {
  const sizes = [384, 584, 648, 885, 0, 0xffffffff]
  for (const bodyType of [2, 3, 4]) {
    const quote = mintQuote({ version: 5, bodyType })
    const own = new DataView(quote.buffer).getUint32(50, true)
    for (const size of [...sizes, own - 1, own + 1].filter((size) => size !== own)) {
      throwsCode(t, () => parseTdxQuote(set(quote, 50, size, 4)), 'ERR_TDX_BODY', `${size}`)
    }
  }
})

t.test('quote: certification data of no known type, or not of the size of its type', async (t) => {
  const outer = (type: number) => set(mintQuote(), 636 + 128, type, 2)
  for (const type of [0, 1, 5, 7, 0x106]) {
    throwsCode(t, () => parseTdxQuote(outer(type)), 'ERR_TDX_CERTIFICATION_DATA', `outer ${type}`)
  }
  const pckData = noise(36, 33)
  for (const pckType of [0, 6, 7, 0xffff]) {
    const quote = mintQuote({ pckType, pckData })
    throwsCode(t, () => parseTdxQuote(quote), 'ERR_TDX_CERTIFICATION_DATA', `inner ${pckType}`)
  }
  for (const [pckType, length] of [
    [1, 36],
    [2, 276],
    [3, 404],
  ] as const) {
    for (const bad of [0, length - 1, length + 1]) {
      const quote = mintQuote({ pckType, pckData: noise(bad, 34) })
      throwsCode(t, () => parseTdxQuote(quote), 'ERR_TDX_CERTIFICATION_DATA', `${pckType}, ${bad}`)
    }
  }
})

t.test('quote: more than the core takes', async (t) => {
  throwsCode(t, () => parseTdxQuote(new Uint8Array(0x20001)), 'ERR_EVIDENCE_SIZE')
})

t.test('evidence kind: told by the first bytes', async (t) => {
  t.equal(tdxEvidenceKind(mintQuote()), 'quote')
  t.equal(tdxEvidenceKind(mintQuote({ version: 5 })), 'quote')
  t.equal(tdxEvidenceKind(mintQuote().subarray(0, 8)), 'quote')
  t.equal(tdxEvidenceKind(set(mintQuote(), 0, 6, 2)), 'quote', 'a version to refuse by name')
  t.equal(tdxEvidenceKind(mintTdReport(0)), 'tdreport')
  t.equal(tdxEvidenceKind(mintTdReport(1)), 'tdreport')
})

t.test('evidence kind: null for anything else', async (t) => {
  const kind = (text: string) => tdxEvidenceKind(Buffer.from(text.replaceAll(' ', ''), 'hex'))
  t.equal(kind(''), null, 'nothing')
  t.equal(kind('04 00 02 00 81 00 00'), null, 'too short to tell')
  t.equal(kind('04 00 02 00 00 00 00 00'), null, 'SGX quote')
  t.equal(kind('05 00 00 00 81 00 00 00'), null, 'SNP report with guest SVN 0x81')
  t.equal(kind('48 43 4c 41 02 00 00 00'), null, 'HCLA')
  t.equal(kind('d8 3d d2 84 43 a1 01 26'), null, 'CBOR Web Token')
  t.equal(kind('81 01 00 00 00 00 00 00'), null, 'unknown subtype')
})
