// SPDX-License-Identifier: Apache-2.0
// Quotes with one thing wrong.

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { parseTdxQuote } from '../../src/index.js'
import { mintQuote, noise } from '../fake/tdx.js'
import { changed, throwsCode } from '../helpers.js'
import { readQuote } from '../oracle/tdx.js'

/** Where the signature data starts in a quote of version 4 and of version 5, type 3. */
const SIGNATURE_DATA: Record<number, number> = { 4: 636, 5: 706 }

function set(bytes: Uint8Array, at: number, value: number, size: 2 | 4): Uint8Array {
  return changed(bytes, (copy) => {
    const view = new DataView(copy.buffer)
    if (size === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
  })
}

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
