// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { readTag } from '../../src/verify/rim-tag.js'
import { parseXml } from '../../src/verify/xml-parse.js'
import { digestOf, type FakeRim, payloadOf, tagOf, ZERO } from '../fake/rim.js'
import { hex, rejectsCode } from '../helpers.js'
import { manifest, skip, vectorBytes } from '../vectors.js'

const read = async (text: string) => readTag(await parseXml(new TextEncoder().encode(text)))
const tag = (rim: FakeRim, edit: (xml: string) => string = (same) => same) => read(edit(tagOf(rim)))

t.test('readTag: what it is for, and the golden values that count', async (t) => {
  const measurements = [
    { index: 255, alternatives: [digestOf(1), ZERO, digestOf(2)] },
    { index: 3, active: false, alternatives: [digestOf(3)] },
    { index: 0, alternatives: [digestOf(4).toUpperCase()] },
  ]
  const { product, version, tagId, active } = await tag({ measurements })
  t.same([product, version, tagId], ['GH100', '580.95.05', 'test'])
  t.same(
    active.map(({ index, name, alternatives }) => [index, name, alternatives.map(hex)]),
    [
      [255, 'Measurement_255', [digestOf(1), ZERO, digestOf(2)]],
      [0, 'Measurement_0', [digestOf(4)]],
    ],
  )
})

t.test('readTag: other children of the tag mean nothing here', async (t) => {
  const more = (xml: string) => xml.replace('<ns0:Meta', '<ns0:Entity name="a"><b/></ns0:Entity>$&')
  t.same((await tag({}, more)).active.length, 1)
})

t.test('readTag: everything that is missing, wrong or there twice', async (t) => {
  const two = [0, 0].map((index) => ({ index, alternatives: [digestOf(1)] }))
  const edits: [string, FakeRim, ((xml: string) => string)?][] = [
    ['another root', {}, (xml) => xml.replaceAll('SoftwareIdentity', 'ReferenceManifest')],
    ['a root of another namespace', {}, (xml) => xml.replace('xmlns="h', 'xmlns="x')],
    ['no tagId', {}, (xml) => xml.replace(' tagId="test"', '')],
    ['an attribute of another namespace', {}, (xml) => xml.replace(' product', ' ns0:product')],
    ['no Meta', { meta: '' }],
    ['two Metas', { meta: '<ns0:Meta></ns0:Meta><ns0:Meta></ns0:Meta>' }],
    ['no product', { meta: '<ns0:Meta colloquialVersion="1"></ns0:Meta>' }],
    ['no version', { meta: '<ns0:Meta product="GH100"></ns0:Meta>' }],
    ['an empty version', { version: '' }],
    ['no Payload', { payload: '' }],
    ['two Payloads', { payload: payloadOf([]).repeat(2) }],
    ['an empty Payload', { payload: payloadOf([]) }],
    [
      'nothing to compare with',
      { measurements: [{ index: 0, active: false, alternatives: [ZERO] }] },
    ],
    [
      'a Payload of another namespace',
      {},
      (xml) => xml.replace('<ns0:Payload', '$& xmlns:ns0="a"'),
    ],
    ['a stranger beside the Payload', { payload: `${payloadOf([])}<ns2:a></ns2:a>` }],
    ['a stranger in the Payload', { payload: '<ns0:Payload><ns0:File></ns0:File></ns0:Payload>' }],
    ['text in the Payload', { payload: '<ns0:Payload>a</ns0:Payload>' }],
    ['an index twice', { measurements: two }],
    ['no alternatives', { measurements: [{ index: 0, alternatives: [] }] }],
    ['an index too large', { measurements: [{ index: 256, alternatives: [ZERO] }] }],
    [
      'fewer hashes than announced',
      {},
      (xml) => xml.replace('alternatives="1"', 'alternatives="2"'),
    ],
    ['more hashes than announced', {}, (xml) => xml.replace('ns2:Hash0', `ns2:Hash1="${ZERO}" $&`)],
    ['hashes that do not begin at 0', {}, (xml) => xml.replace('Hash0', 'Hash1')],
    [
      'alternatives in another notation',
      {},
      (xml) => xml.replace('alternatives="1"', 'alternatives="01"'),
    ],
    [
      'alternatives that are no number',
      {},
      (xml) => xml.replace('alternatives="1"', 'alternatives="a"'),
    ],
    ['alternatives without end', {}, (xml) => xml.replace('alternatives="1"', 'alternatives="65"')],
    ['a hash without a namespace', {}, (xml) => xml.replace('ns2:Hash0', 'Hash0')],
    ['a hash too short', {}, (xml) => xml.replace(digestOf(1), digestOf(1).slice(2))],
    ['a hash too long', {}, (xml) => xml.replace(digestOf(1), `${digestOf(1)}00`)],
    ['a hash that is not hex', {}, (xml) => xml.replace(digestOf(1), 'g'.repeat(96))],
    ['another size', {}, (xml) => xml.replace('size="48"', 'size="32"')],
    ['no size', {}, (xml) => xml.replace(' size="48"', '')],
    ['no index', {}, (xml) => xml.replace(' index="0"', '')],
    ['a negative index', {}, (xml) => xml.replace('index="0"', 'index="-1"')],
    ['no name', {}, (xml) => xml.replace(' name="Measurement_0"', '')],
    ['another type', {}, (xml) => xml.replace('type="Measurement"', 'type="Other"')],
    ['no active', {}, (xml) => xml.replace(' active="True"', '')],
    ['active in another spelling', {}, (xml) => xml.replace('active="True"', 'active="true"')],
  ]
  for (const [name, rim, edit = (same: string) => same] of edits) {
    const edited = edit(tagOf(rim))
    t.not(edited, tagOf({}), `${name}: is an edit`)
    await rejectsCode(t, read(edited), 'ERR_RIM_FORMAT', name)
  }
})

t.test('readTag: hand-made documents, as their names say', { skip }, async (t) => {
  const vector = 'rim-parser-negatives'
  const { files } = manifest<{ files: object }>('nvidia', vector)
  const meta = '<ns0:Meta colloquialVersion="1" product="GH100"/>'
  for (const file of Object.keys(files)) {
    const text = new TextDecoder().decode(vectorBytes('nvidia', vector, file))
    // Those that are about the Payload have no Meta, which is not what they are about.
    const whole = text.includes('Meta') ? text : text.replace(/<ns0:Payload/, `${meta}$&`)
    // Its "hashes" are words, which no device can measure: another parser lets them pass.
    const sound = file.startsWith('success_payload') && !text.includes('"hash0"')
    if (sound) t.ok((await read(whole)).active.length > 0, file)
    else if (file !== 'success_valid_rim.xml')
      await rejectsCode(t, read(whole), 'ERR_RIM_FORMAT', file)
  }
})
