// SPDX-License-Identifier: Apache-2.0
// The form of OCSP responses.

import { readdirSync } from 'node:fs'
import t from 'tap'
import { parseOcsp } from '../../src/verify/ocsp.js'
import { sequence, tlv } from '../fake/der.js'
import { pattern } from '../fake/nvidia.js'
import { type Bytes, mintDevice } from '../fake/nvidia-device.js'
import {
  DAY,
  issuerOf,
  mintOcsp,
  NONCE_OID,
  NOW,
  type OcspKnobs,
  partsOf,
  refusal,
  single,
  time,
  wrapped,
} from '../fake/ocsp.js'
import { throwsCode } from '../helpers.js'
import { manifest, skip, vectorBytes, vectorPath } from '../vectors.js'

const device = mintDevice()
const subject = async () => (await device).chain[2] as Bytes
const mint = async (knobs: OcspKnobs = {}) =>
  mintOcsp(await subject(), issuerOf(await device, 'provisioner'), knobs)

t.test('ocsp: what a response says', async (t) => {
  const nonce = pattern(32, 1)
  const response = parseOcsp(await mint({ nonce }))
  t.equal(response.ecdsa, true)
  t.match(response.responder, { keyHash: /^[0-9a-f]{40}$/ })
  t.same(response.nonce, nonce)
  t.equal(response.certificates.length, 1)
  const [status, ...more] = response.statuses
  t.same(more, [])
  t.match(status, { status: 'good', thisUpdate: NOW, nextUpdate: new Date(NOW.getTime() + DAY) })
  t.match(status?.id, { hash: 'SHA-384', serial: '2d01' })
  t.equal(status?.id.issuerNameHash.length, 48)
})

t.test('ocsp: everything that may be left out', async (t) => {
  const response = parseOcsp(await mint({ by: 'issuer', responderId: 'name', nextUpdate: null }))
  const { certificates, nonce, statuses, responder } = response
  t.same([certificates, nonce, statuses[0]?.nextUpdate], [[], null, null])
  t.same(responder, { name: 'CN=NVIDIA GH100 Identity, O=NVIDIA Corporation' })
})

t.test('ocsp: each status, and the reason that can be taken back', async (t) => {
  const of = async (status: OcspKnobs['status']) =>
    parseOcsp(await mint({ ...(status && { status }) })).statuses[0]?.status
  t.equal(await of('good'), 'good')
  t.equal(await of('unknown'), 'unknown')
  t.equal(await of({ revoked: null }), 'revoked')
  t.equal(await of({ revoked: 1 }), 'revoked')
  t.equal(await of({ revoked: 6 }), 'hold')
})

t.test('ocsp: three hashes, with or without parameters, and no other', async (t) => {
  const lengths = { sha1: 20, sha256: 32, sha384: 48 } as const
  for (const [hash, length] of Object.entries(lengths)) {
    const [status] = parseOcsp(await mint({ hash: hash as keyof typeof lengths })).statuses
    t.equal(status?.id.issuerKeyHash.length, length, hash)
  }
  const { serial } = partsOf(await subject())
  const withId = async (algorithm: Uint8Array) => {
    const id = sequence(algorithm, tlv(4, 'aa'), tlv(4, 'bb'), serial)
    return mint({ single: sequence(id, tlv(0x80), time(NOW)) })
  }
  const bare = parseOcsp(await withId(sequence(tlv(6, '2b0e03021a'))))
  t.match(bare.statuses, [{ id: { hash: 'SHA-1' } }])
  const md5 = await withId(sequence(tlv(6, '2a864886f70d0205'), tlv(5)))
  throwsCode(t, () => parseOcsp(md5), 'ERR_OCSP')
})

t.test('ocsp: a responder that gives no status', async (t) => {
  for (const status of [1, 2, 3, 5, 6]) {
    throwsCode(t, () => parseOcsp(refusal(status)), 'ERR_OCSP_REFUSED', `status ${status}`)
  }
  t.match(
    throwsCode(t, () => parseOcsp(refusal(6)), 'ERR_OCSP_REFUSED'),
    /unauthorized/,
  )
  for (const status of [4, 7, 255]) throwsCode(t, () => parseOcsp(refusal(status)), 'ERR_OCSP')
  const more = sequence(tlv(0x0a, '06'), tlv(5))
  throwsCode(t, () => parseOcsp(more), 'ERR_OCSP', 'a refusal with more behind')
})

t.test('ocsp: nothing but the form of RFC 6960', async (t) => {
  const good = single(await subject(), issuerOf(await device, 'provisioner'))
  const data = (change: (parts: Bytes[]) => Bytes[]) => mint({ data: change })
  const oid = '06092b0601050507300101'
  const bad: Record<string, Bytes | Promise<Bytes>> = {
    'no DER': new Uint8Array(4),
    nothing: new Uint8Array(0),
    'a status of two octets': sequence(tlv(0x0a, '0000')),
    'a status of none': sequence(tlv(0x0a)),
    'success without a response': sequence(tlv(0x0a, '00')),
    'another kind of response': sequence(
      tlv(0x0a, '00'),
      tlv(0xa0, sequence('06092b0601050507300102', tlv(4, '00'))),
    ),
    'no basic response': sequence(tlv(0x0a, '00'), tlv(0xa0, sequence(oid, tlv(4, '0500')))),
    'more behind the bytes': sequence(
      tlv(0x0a, '00'),
      tlv(0xa0, sequence(oid, tlv(4, '3000'), tlv(5))),
    ),
    'a version that is the default': data((parts) => [tlv(0xa0, tlv(2, '00')), ...parts]),
    'no statuses': data(([id, produced]) => [id, produced, sequence()] as Bytes[]),
    'more behind the statuses': data((parts) => [...parts, tlv(5)]),
    'an unknown critical extension': data((parts) => [
      ...parts,
      tlv(0xa1, sequence(sequence('06022a03', tlv(1, 'ff'), tlv(4, 'aa')))),
    ]),
    'a nonce in another form': data((parts) => [
      ...parts,
      tlv(0xa1, sequence(sequence(NONCE_OID, tlv(4, 'aabb')))),
    ]),
    'a date in another form': data(
      ([id, , list]) => [id, tlv(0x17, Buffer.from('261101000000Z')), list] as Bytes[],
    ),
    'a responder without a name': mint({ responderId: tlv(0xa3, tlv(4, 'aa')) }),
    'too many certificates': mint({ certificates: Array.from({ length: 9 }, () => sequence()) }),
    'certificates in another form': mint({ certificates: [tlv(5)] }),
    'a status of another kind': mint({
      single: sequence(
        sequence('300906052b0e03021a0500', tlv(4), tlv(4), tlv(2, '01')),
        tlv(0x83),
        time(NOW),
      ),
    }),
    'more in a status': mint({ single: sequence(good.subarray(3), tlv(5)) }),
    'two bodies': wrapped(sequence(sequence(), sequence())),
  }
  for (const [title, der] of Object.entries(bad)) {
    const bytes = await der
    throwsCode(t, () => parseOcsp(bytes), 'ERR_OCSP', title)
  }
})

t.test('ocsp: every truncation is refused, as is one byte more', async (t) => {
  const response = await mint({ nonce: pattern(32, 1) })
  for (let length = 0; length < response.length; length++) {
    throwsCode(t, () => parseOcsp(response.slice(0, length)), 'ERR_OCSP', `cut to ${length}`)
  }
  throwsCode(t, () => parseOcsp(Uint8Array.of(...response, 0)), 'ERR_OCSP')
})

interface Told {
  readonly ocsp: Record<string, Record<string, string>>
}

t.test('ocsp: real responses say what their manifest does', { skip }, async (t) => {
  const name = 'h100-550.90.07-complete'
  const { ocsp } = manifest<Told>('nvidia', name)
  t.same(Object.keys(ocsp).sort(), readdirSync(vectorPath('nvidia', name, 'ocsp')).sort())
  for (const [file, told] of Object.entries(ocsp)) {
    const { statuses, nonce } = parseOcsp(new Uint8Array(vectorBytes('nvidia', name, 'ocsp', file)))
    const serial = `${told.serial_hex}`.toLowerCase()
    t.match(
      statuses,
      [
        {
          status: `${told.cert_status}`.toLowerCase(),
          thisUpdate: new Date(`${told.this_update}`),
          nextUpdate: new Date(`${told.next_update}`),
          id: { hash: 'SHA-384', serial },
        },
      ],
      file,
    )
    t.equal(nonce, null)
  }
})
