// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseTdxQuote } from '../../src/index.js'
import { CHAIN, mintQuote, noise, pemChain } from '../fake/tdx.js'
import { hex, throwsCode } from '../helpers.js'

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'
const chain = (text: string | Uint8Array) => {
  const pckData = typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'latin1')) : text
  return parseTdxQuote(mintQuote({ pckData })).pckChain
}

t.test('PCK chain: PEM as quoting libraries write it', async (t) => {
  const expected = CHAIN.map(hex)
  t.same(chain(pemChain(CHAIN, '\n', '\0'))?.map(hex), expected, 'LF and NUL')
  t.same(chain(pemChain(CHAIN, '\n', ''))?.map(hex), expected, 'LF')
  t.same(chain(pemChain(CHAIN, '\r\n', ''))?.map(hex), expected, 'CRLF')
  t.same(chain(pemChain(CHAIN, '\n', '\n\n'))?.map(hex), expected, 'empty lines behind')
  t.same(chain(pemChain(CHAIN, '\n', '').subarray(0, -1))?.map(hex), expected, 'no last line end')
})

t.test('PCK chain: one to eight certificates', async (t) => {
  for (let count = 1; count <= 8; count++) {
    const ders = Array.from({ length: count }, (_, index) => noise(100 + index, index))
    t.same(chain(pemChain(ders))?.map(hex), ders.map(hex))
  }
  const nine = Array.from({ length: 9 }, (_, index) => noise(100, index))
  throwsCode(t, () => chain(pemChain(nine)), 'ERR_TDX_CERTIFICATION_DATA', 'nine')
  throwsCode(t, () => chain(''), 'ERR_TDX_CERTIFICATION_DATA', 'none')
  throwsCode(t, () => chain('\0'), 'ERR_TDX_CERTIFICATION_DATA', 'none but NUL')
})

t.test('PCK chain: every byte length of a certificate', async (t) => {
  for (let length = 1; length <= 100; length++) {
    t.same(chain(pemChain([noise(length, 40)]))?.map(hex), [hex(noise(length, 40))])
  }
})

t.test('PCK chain: nothing but certificates', async (t) => {
  const pem = Buffer.from(pemChain(CHAIN, '\n', '')).toString('latin1')
  const bad: Record<string, string> = {
    'text before': `leaf\n${pem}`,
    'line end before': `\n${pem}`,
    'text behind': `${pem}root`,
    'two NULs': `${pem}\0\0`,
    'NUL between': pem.replace(`${END}\n`, `${END}\n\0`),
    'no line end between': pem.replace(`${END}\n`, END),
    'a cut marker': pem.slice(0, -2),
    'no end': `${BEGIN}\nAAAA\n`,
    'another label': pem.replaceAll('CERTIFICATE', 'PUBLIC KEY!'),
    'a second begin': `${BEGIN}\n${pem}`,
    'only begin': BEGIN,
    'only end': END,
    'explanatory dashes': pem.replace('\n', '\n-'),
  }
  for (const [title, text] of Object.entries(bad)) {
    throwsCode(t, () => chain(text), 'ERR_TDX_CERTIFICATION_DATA', title)
  }
})

t.test('PCK chain: base64 is canonical', async (t) => {
  const block = (lines: string) => `${BEGIN}${lines}${END}\n`
  t.same(chain(block('\nAAEC\nAw==\n'))?.map(hex), ['00010203'])
  const bad: Record<string, string> = {
    'no padding': '\nAAECAw\n',
    'too much padding': '\nAAECAw===\n',
    'padding inside': '\nAw==AAEC\n',
    'stray bits': '\nAAECAx==\n',
    'a space': '\nAAEC Aw==\n',
    'a tab': '\nAAEC\tAw==\n',
    'url alphabet': '\nAA_C\n',
    'high bytes': '\nAAE\u00ff\n',
    'an empty line': '\nAAEC\n\nAw==\n',
    'a lone CR': '\nAAEC\rAw==\n',
    'no line end at the start': 'AAEC\n',
    'no line end at the end': '\nAAEC',
    nothing: '\n',
  }
  for (const [title, lines] of Object.entries(bad)) {
    const message = throwsCode(t, () => chain(block(lines)), 'ERR_TDX_CERTIFICATION_DATA', title)
    t.match(message, 'certificate 1 of the PCK chain')
    t.notMatch(message, 'AAE', 'no evidence in the message')
  }
})

t.test('PCK chain: the message names the certificate and its offset', async (t) => {
  const pem = Buffer.from(pemChain(CHAIN)).toString('latin1')
  const second = pem.indexOf(BEGIN, 1)
  const broken = `${pem.slice(0, second + 40)}=${pem.slice(second + 41)}`
  const message = throwsCode(t, () => chain(broken), 'ERR_TDX_CERTIFICATION_DATA')
  t.match(message, `certificate 2 of the PCK chain`)
  t.match(message, `(offset 0x${(636 + 590 + 32 + second).toString(16)})`)
})
