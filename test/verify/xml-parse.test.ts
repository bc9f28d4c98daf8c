// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { base64In, elementsIn, parseXml } from '../../src/verify/xml-parse.js'
import { rejectsCode, throwsCode } from '../helpers.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (text: string) => parseXml(bytes(text))

t.test('parseXml: a root element, and around it nothing that has a meaning', async (t) => {
  for (const text of [
    '<a/>',
    '<?xml version="1.0"?><a/>',
    '<!-- before --><a/>\n<!-- after -->\n',
    '\ufeff<a></a>',
  ]) {
    t.equal((await parse(text)).localName, 'a', text)
  }
})

t.test('parseXml: what two readers might take differently', async (t) => {
  const refused = {
    empty: '',
    'no root': '<!-- nothing -->',
    'text before the root': 'a<a/>',
    'text after the root': '<a/>a',
    'a second root': '<a/><b/>',
    'an open element': '<a>',
    'crossed elements': '<a><b></a></b>',
    'an attribute twice': '<a b="1" b="2"/>',
    'an attribute without quotes': '<a b=1/>',
    'an unknown prefix': '<a:b/>',
    'an unknown entity': '<a>&b;</a>',
    'a bare ampersand': '<a>&</a>',
    'a document type': '<!DOCTYPE a><a/>',
    'an entity': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    CDATA: '<a><![CDATA[b]]></a>',
    'a processing instruction': '<?b c?><a/>',
    'a declaration that comes late': '<!-- --><?xml version="1.0"?><a/>',
  }
  for (const [name, text] of Object.entries(refused)) {
    await rejectsCode(t, parse(text), 'ERR_RIM_FORMAT', name)
  }
  await rejectsCode(t, parseXml(Uint8Array.of(0x3c, 0xff)), 'ERR_RIM_FORMAT', 'not UTF-8')
  await rejectsCode(t, parse(`<a>${' '.repeat(0x40000)}</a>`), 'ERR_RIM_FORMAT', 'too long')
})

t.test('parseXml: what takes work out of all proportion', async (t) => {
  const spaces = (count: number) =>
    Array.from({ length: count }, (_, at) => ` xmlns:a${at}="b"`).join('')
  t.equal((await parse(`<a${spaces(64)}/>`)).localName, 'a')
  await rejectsCode(t, parse(`<a${spaces(65)}/>`), 'ERR_RIM_FORMAT', 'namespaces')
  const long = 'a'.repeat(64)
  t.equal((await parse(`<${long}></${long}>`)).localName, long)
  for (const text of [`<${long}a/>`, `<a><?${long}a?></a>`]) {
    await rejectsCode(t, parse(text), 'ERR_RIM_FORMAT', 'names, which messages repeat')
  }
})

t.test('parseXml: line ends are those of XML 1.0, not those of 1.1', async (t) => {
  const { textContent } = await parse('<a>1\r\n2\r3\n4\u20285\u0085</a>')
  t.equal(textContent, '1\n2\n3\n4\u20285\u0085')
})

t.test('elementsIn: children that are elements, and no text between them', async (t) => {
  const names = (await elementsIn(await parse('<a> <b/><!-- c -->\n<d>text</d></a>'))).map(
    ({ localName }) => localName,
  )
  t.same(names, ['b', 'd'])
  const mixed = await parse('<a>text<b/></a>')
  throwsCode(t, () => elementsIn(mixed), 'ERR_RIM_FORMAT')
})

t.test('base64In: text alone, without its white space', async (t) => {
  t.equal(base64In(await parse('<a> AB\n<!-- here -->CD\t</a>')), 'ABCD')
  const mixed = await parse('<a>AB<b/></a>')
  throwsCode(t, () => base64In(mixed), 'ERR_RIM_FORMAT')
})
