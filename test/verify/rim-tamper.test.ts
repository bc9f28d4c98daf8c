// SPDX-License-Identifier: Apache-2.0
// Whatever is changed in a signed document, it is refused or means the same as before.

import fc from 'fast-check'
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { AttestationError, CODES } from '../../src/errors.js'
import { openRim, type Rim } from '../../src/verify/rim.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { digestOf, mintRimSigner, ZERO } from '../fake/rim.js'

const signer = await mintRimSigner()
const roots = [parseCertificate(signer.root)]
const measurements = [
  { index: 0, alternatives: [digestOf(1), ZERO] },
  { index: 1, active: false, alternatives: [ZERO] },
]
const genuine = await signer.rim({ measurements })
const { tagId, product, version, active } = await openRim(genuine, roots)
const meaning = JSON.stringify({ tagId, product, version, active })

/** Whether the document is refused, as bad; if not, it has to say what the genuine one says. */
async function isHarmless(xml: Bytes): Promise<boolean> {
  let rim: Rim
  try {
    rim = await openRim(xml, roots)
  } catch (error) {
    return error instanceof AttestationError && CODES[error.code] === 'endorsement'
  }
  const { tagId, product, version, active } = rim
  return JSON.stringify({ tagId, product, version, active }) === meaning
}

const at = fc.nat(genuine.length - 1)
const runs = { numRuns: 400 }

t.test('RIM: any byte replaced', async (t) => {
  const markup = fc.constantFrom(...Buffer.from('<>&"\' /=!?-:;\r\n\tAa0'))
  const every = fc.assert(
    fc.asyncProperty(at, fc.oneof(markup, fc.nat(255)), (place, byte) => {
      const xml = genuine.slice()
      xml[place] = byte
      return isHarmless(xml)
    }),
    runs,
  )
  await t.resolves(every)
})

t.test('RIM: any part left out, or put somewhere else', async (t) => {
  const every = fc.assert(
    fc.asyncProperty(at, at, at, fc.boolean(), (from, length, to, keep) => {
      const part = genuine.slice(from, from + (length % 600))
      const rest = [...genuine.slice(0, from), ...genuine.slice(from + part.length)]
      if (keep) rest.splice(to % rest.length, 0, ...part)
      return isHarmless(Uint8Array.from(rest))
    }),
    runs,
  )
  await t.resolves(every)
})

t.test('RIM: markup put anywhere', async (t) => {
  const insertions = fc.constantFrom(
    '<!-- -->',
    '<ns0:Payload/>',
    '<ns0:Resource/>',
    ' xmlns=""',
    ' xmlns:ns0="a"',
    ' xmlns:ns2="a"',
    ' index="1"',
    '<a>',
    '</ns0:Payload>',
    '<ns0:Payload>',
    '&#48;',
    '&amp;',
    '<![CDATA[',
    '<?a b?>',
    ' ',
    '\r\n',
  )
  const every = fc.assert(
    fc.asyncProperty(at, insertions, (place, text) => {
      const halves = [genuine.slice(0, place), Buffer.from(text), genuine.slice(place)]
      return isHarmless(Uint8Array.from(Buffer.concat(halves)))
    }),
    runs,
  )
  await t.resolves(every)
})
