// SPDX-License-Identifier: Apache-2.0
// Canonical forms that were worked out by hand from https://www.w3.org/TR/xml-c14n11/.

import t from 'tap'
import { canonicalize } from '../../src/verify/xml-c14n.js'
import { type Element, elementsIn, parseXml } from '../../src/verify/xml-parse.js'
import { throwsCode } from '../helpers.js'

const parse = (text: string) => parseXml(new TextEncoder().encode(text))

t.test('canonicalize: whatever can be written in two ways', async (t) => {
  const forms: [string, string, string][] = [
    ['empty elements', '<a><b/><c ></c ></a>', '<a><b></b><c></c></a>'],
    ['quotes and order', `<a  c='1'\n b = "2"/>`, '<a b="2" c="1"></a>'],
    ['comments', '<!-- 1 --><a><!-- 2 -->b</a>', '<a>b</a>'],
    ['text', '<a>&lt;&gt;&amp;&quot;"\'&#13;&#9;\n</a>', '<a>&lt;&gt;&amp;""\'&#xD;\t\n</a>'],
    [
      'values',
      '<a b="&lt;&gt;&amp;&quot;\'&#13;&#9;&#10; "/>',
      '<a b="&lt;>&amp;&quot;\'&#xD;&#x9;&#xA; "></a>',
    ],
    [
      'namespaces before attributes, each sorted by its own rule',
      '<a xmlns:y="u:1" z="1" y:a="2" x:b="3" a="4" xmlns:x="u:2" xmlns="u:3"/>',
      '<a xmlns="u:3" xmlns:x="u:2" xmlns:y="u:1" a="4" z="1" y:a="2" x:b="3"></a>',
    ],
    [
      'a namespace that is declared again, changed, and taken back',
      '<a xmlns="u:1" xmlns:x="u:2"><b xmlns="u:1" xmlns:x="u:3"><c xmlns=""/></b><d xmlns:x="u:2"/></a>',
      '<a xmlns="u:1" xmlns:x="u:2"><b xmlns:x="u:3"><c xmlns=""></c></b><d></d></a>',
    ],
    ['no default namespace, said needlessly', '<a xmlns=""><b/></a>', '<a><b></b></a>'],
    [
      'a namespace that looks like markup',
      `<a xmlns:x='u" b="c&lt;&gt;&amp;'/>`,
      '<a xmlns:x="u&quot; b=&quot;c&lt;>&amp;"></a>',
    ],
  ]
  for (const [name, given, expected] of forms) {
    t.equal(canonicalize(await parse(given)), expected, name)
  }
})

t.test('canonicalize: canonical forms stay as they are', async (t) => {
  const form = '<a xmlns="u:1" xmlns:x="u:2" b="1" x:c="2"><x:d>&amp;&#xD;</x:d>\n</a>'
  t.equal(canonicalize(await parse(form)), form)
})

t.test('canonicalize: a part of a document, with the namespaces around it', async (t) => {
  const root = await parse(
    '<a xmlns="u:1" xmlns:x="u:2"><b xmlns:x="u:3" xmlns:y="u:4"><c/></b></a>',
  )
  const [b] = elementsIn(root) as [Element]
  const [c] = elementsIn(b) as [Element]
  t.equal(canonicalize(c), '<c xmlns="u:1" xmlns:x="u:3" xmlns:y="u:4"></c>')
  t.equal(canonicalize(b), '<b xmlns="u:1" xmlns:x="u:3" xmlns:y="u:4"><c></c></b>')
  t.equal(canonicalize(root, b), '<a xmlns="u:1" xmlns:x="u:2"></a>', 'without a part')
})

t.test(
  'canonicalize: what no RIM has, and what versions 1.0 and 1.1 write differently',
  async (t) => {
    const refused = {
      'an xml: attribute': '<a xml:lang="en"/>',
      'an xml:id further in': '<a><b xml:id="c"/></a>',
      'a processing instruction': '<a><?b c?></a>',
      'deep nesting': `${'<a>'.repeat(18)}${'</a>'.repeat(18)}`,
    }
    for (const [name, text] of Object.entries(refused)) {
      const root = await parse(text)
      throwsCode(t, () => canonicalize(root), 'ERR_RIM_FORMAT', name)
    }
    const deep = `${'<a>'.repeat(17)}${'</a>'.repeat(17)}`
    t.equal(canonicalize(await parse(deep)), deep)
  },
)
