// SPDX-License-Identifier: Apache-2.0
// Who may say that a certificate is good, for how long, and what the worst of several statements is.

import { KeyUsageFlags, type TBSCertificate } from '@peculiar/asn1-x509'
import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import type { OcspClient } from '../../src/verify/ocsp-client.js'
import { checkStatuses, type OcspContext } from '../../src/verify/ocsp-revocation.js'
import { sequence, tlv } from '../fake/der.js'
import {
  type Bytes,
  basicConstraints,
  commonName,
  dropExtension,
  extensionOf,
  generate,
  keyUsage,
  mintDevice,
  setExtension,
} from '../fake/nvidia-device.js'
import {
  DAY,
  issuerOf,
  mintOcsp,
  mintResponder,
  NOW,
  OCSP_SIGNING,
  type OcspKnobs,
  refusal,
  single,
} from '../fake/ocsp.js'
import { manifest, skip, vectorBytes } from '../vectors.js'
import { ALL_PASS, appraise, outcomes } from './devices.js'

const MINUTE = 60_000
const minted = mintDevice()

/** About the provisioner's certificate, in the name of its issuer. */
const mint = async (knobs: OcspKnobs = {}): Promise<Bytes> => {
  const device = await minted
  return mintOcsp(device.chain[2] as Bytes, issuerOf(device, 'provisioner'), knobs)
}

/** What is found on the provisioner's certificate alone; a code, with `?` when it is not known. */
async function judge(context: Partial<OcspContext> = {}): Promise<string> {
  const path = (await minted).certificates.slice(2, 4)
  const { finding, asOf } = await checkStatuses('gpu.revocation', path, {
    at: NOW,
    ocsp: [],
    ocspClient: null,
    ...context,
  })
  if (finding?.outcome === 'pass') return `${asOf?.toISOString()}`
  return `${finding?.outcome === 'unknown' ? '?' : ''}${finding?.code}`
}

const judgeOne = async (knobs: OcspKnobs, at = NOW) => judge({ ocsp: [await mint(knobs)], at })
const GOOD = NOW.toISOString()

t.test('ocsp revocation: by a responder of the issuer, or by the issuer', async (t) => {
  for (const by of ['responder', 'issuer'] as const) {
    for (const responderId of ['key', 'name'] as const) {
      t.equal(await judgeOne({ by, responderId }), GOOD, `${by} by ${responderId}`)
    }
  }
  for (const hash of ['sha1', 'sha256', 'sha384'] as const)
    t.equal(await judgeOne({ hash }), GOOD, hash)
})

t.test('ocsp revocation: responders that may not', async (t) => {
  const device = await minted
  const issuer = issuerOf(device, 'provisioner')
  const stranger = { certificate: device.root, key: device.keys.root.privateKey }
  const by = async (edit: (tbs: TBSCertificate) => void, signer = issuer.key) =>
    judgeOne({ by: await mintResponder(issuer, { edit, signer }) })
  const purpose = (der: Bytes) => (tbs: TBSCertificate) =>
    setExtension(tbs, extensionOf('2.5.29.37', der, true))
  const cases: Record<string, string> = {
    'not named by the issuer': await by(() => undefined, (await generate()).privateKey),
    'of another issuer': await by((tbs) => {
      tbs.issuer = commonName('NVIDIA')
    }),
    'for nothing in particular': await by((tbs) => dropExtension(tbs, '2.5.29.37')),
    'for something else': await by(purpose(sequence('06082b06010505070308'))),
    'for who knows what': await by(purpose(tlv(5))),
    'a CA': await by((tbs) => setExtension(tbs, basicConstraints(true))),
    'not for signing': await by((tbs) => setExtension(tbs, keyUsage(KeyUsageFlags.cRLSign))),
    'the root': await judgeOne({ by: stranger }),
    'not who it says': await judgeOne({
      by: await mintResponder(issuer),
      certificates: [(await mintResponder(issuer)).certificate],
    }),
    'not there': await judgeOne({ certificates: null }),
    unreadable: await judgeOne({ certificates: [sequence()] }),
    'somebody with its name': await judgeOne({
      by: await mintResponder(issuer),
      responderId: 'name',
      certificates: [(await mintResponder(issuer)).certificate],
    }),
    'by another algorithm': await judgeOne({ algorithm: '300a06082a8648ce3d040302' }),
  }
  for (const [title, outcome] of Object.entries(cases)) t.equal(outcome, 'ERR_OCSP', title)
  t.equal(await by(purpose(sequence('06092b0601050507300105', OCSP_SIGNING))), GOOD, 'among others')
  t.equal(await by((tbs) => dropExtension(tbs, '2.5.29.15')), GOOD, 'that does not say for what')
})

t.test('ocsp revocation: good, revoked, on hold, unknown', async (t) => {
  t.equal(await judgeOne({ status: 'good' }), GOOD)
  t.equal(await judgeOne({ status: { revoked: 1 } }), 'ERR_CERTIFICATE_REVOKED')
  t.equal(await judgeOne({ status: { revoked: null } }), 'ERR_CERTIFICATE_REVOKED')
  t.equal(await judgeOne({ status: { revoked: 6 } }), 'ERR_CERTIFICATE_HOLD')
  t.equal(await judgeOne({ status: 'unknown' }), 'ERR_OCSP')
})

t.test('ocsp revocation: current from a little before it was given until its end', async (t) => {
  const at = (ms: number) => new Date(NOW.getTime() + ms)
  t.equal(await judgeOne({}, at(-5 * MINUTE)), GOOD)
  t.equal(await judgeOne({}, at(-5 * MINUTE - 1)), '?ERR_OCSP_STALE')
  t.equal(await judgeOne({}, at(DAY)), GOOD)
  t.equal(await judgeOne({}, at(DAY + 1)), '?ERR_OCSP_STALE')
  t.equal(await judgeOne({ nextUpdate: null }), GOOD, 'without an end')
  t.equal(await judgeOne({ nextUpdate: null }, at(1)), '?ERR_OCSP_STALE')
  t.equal(await judgeOne({ status: 'unknown' }, at(DAY + 1)), '?ERR_OCSP_STALE')
  t.equal(await judgeOne({ status: { revoked: 6 } }, at(DAY + 1)), '?ERR_OCSP_STALE', 'a hold')
  t.equal(await judgeOne({ status: { revoked: 1 } }, at(999 * DAY)), 'ERR_CERTIFICATE_REVOKED')
  t.equal(await judgeOne({ status: { revoked: 1 } }, at(-999 * DAY)), 'ERR_CERTIFICATE_REVOKED')
})

t.test('ocsp revocation: a responder is one as long as its certificate lasts', async (t) => {
  const issuer = issuerOf(await minted, 'provisioner')
  const by = await mintResponder(issuer, {
    edit: (tbs) => {
      tbs.validity.notBefore.utcTime = NOW
      delete tbs.validity.notAfter.generalTime
      tbs.validity.notAfter.utcTime = new Date(NOW.getTime() + 1000)
    },
  })
  const at = (ms: number) => judgeOne({ by }, new Date(NOW.getTime() + ms))
  t.equal(await at(0), GOOD)
  t.equal(await at(1000), GOOD)
  t.equal(await at(-1000), '?ERR_OCSP_STALE')
  t.equal(await at(2000), '?ERR_OCSP_STALE')
})

t.test(
  'ocsp revocation: of several the newest that is current counts, and any that revokes',
  async (t) => {
    const older = new Date(NOW.getTime() - DAY / 2)
    const good = await mint()
    const before = await mint({ thisUpdate: older })
    const unknown = await mint({ status: 'unknown', thisUpdate: older })
    const revoked = await mint({
      status: { revoked: 1 },
      thisUpdate: new Date(NOW.getTime() - 9 * DAY),
    })
    t.equal(await judge({ ocsp: [before, good] }), GOOD)
    t.equal(await judge({ ocsp: [before] }), older.toISOString())
    t.equal(await judge({ ocsp: [unknown, good] }), GOOD)
    t.equal(await judge({ ocsp: [good, revoked] }), 'ERR_CERTIFICATE_REVOKED')
  },
)

t.test('ocsp revocation: about this very certificate of this very issuer', async (t) => {
  const device = await minted
  const issuer = issuerOf(device, 'provisioner')
  t.equal(await judge(), '?ERR_ENDORSEMENT_MISSING')
  t.equal(await judgeOne({ serial: tlv(2, '2d02') }), '?ERR_ENDORSEMENT_MISSING', 'another serial')
  const elsewhere = { certificate: device.root, key: issuer.key }
  const named = single(device.chain[2] as Bytes, elsewhere)
  t.equal(await judgeOne({ single: named }), '?ERR_ENDORSEMENT_MISSING', 'another issuer')
  const others = [named]
  t.equal(await judgeOne({ others }), GOOD, 'among others')
  const forged = { single: named, by: elsewhere }
  t.equal(await judge({ ocsp: [await mint(forged), await mint()] }), GOOD, 'what is about others')
})

t.test('ocsp revocation: what cannot be read, and who says nothing', async (t) => {
  const good = await mint()
  t.equal(await judge({ ocsp: [good, new Uint8Array(3)] }), 'ERR_OCSP')
  t.equal(await judge({ ocsp: [refusal(6)] }), '?ERR_OCSP_REFUSED')
  t.equal(await judge({ ocsp: [refusal(6), good] }), GOOD)
})

/** A client that hands out that, or refuses with that code. */
const client = (answer: Bytes | AttestationError | Error): OcspClient => ({
  status: async () => {
    if (answer instanceof Error) throw answer
    return answer
  },
})

t.test('ocsp revocation: a client is asked before anything at hand is believed', async (t) => {
  const good = await mint()
  const revoked = await mint({ status: { revoked: 1 } })
  t.equal(await judge({ ocspClient: client(good) }), GOOD)
  t.equal(await judge({ ocsp: [good], ocspClient: client(revoked) }), 'ERR_CERTIFICATE_REVOKED')
  t.equal(await judge({ ocspClient: client(new Uint8Array(2)) }), 'ERR_OCSP', 'and not believed')
  const silent = client(new AttestationError('ERR_ENDORSER_TIMEOUT', 'no answer'))
  t.equal(await judge({ ocsp: [good], ocspClient: silent }), GOOD)
  t.equal(await judge({ ocspClient: silent }), '?ERR_ENDORSER_TIMEOUT')
  const late = new Date(NOW.getTime() + 2 * DAY)
  t.equal(await judge({ ocsp: [good], ocspClient: silent, at: late }), '?ERR_ENDORSER_TIMEOUT')
  const wrong = client(new AttestationError('ERR_ENDORSER_ANSWER', 'of another'))
  t.equal(await judge({ ocspClient: wrong }), '?ERR_ENDORSER_ANSWER', 'nothing was presented')
  await t.rejects(judge({ ocspClient: client(new TypeError('ours')) }), TypeError)
})

t.test('ocsp revocation: a certificate is called by its common name, or by its name', async (t) => {
  const [subject, issuer] = (await minted).certificates.slice(2, 4)
  if (!subject || !issuer) throw new Error('minted')
  const detail = async (name: string) => {
    const path = [{ ...subject, subject: name }, issuer]
    const context = { at: NOW, ocsp: [], ocspClient: null }
    return (await checkStatuses('gpu.revocation', path, context)).finding?.detail
  }
  t.match(await detail('O=NVIDIA, CN=Somebody'), /about Somebody is/)
  t.match(await detail('CN=Somebody, O=NVIDIA'), /about Somebody is/)
  t.match(await detail('O=NVIDIA'), /about O=NVIDIA is/)
})

t.test(
  'ocsp revocation: of a device, every certificate between the leaf and the root',
  async (t) => {
    const device = await mintDevice()
    const [, brom, provisioner, identity] = device.chain as Bytes[]
    const older = new Date(NOW.getTime() - MINUTE)
    const ocsp = await Promise.all([
      mintOcsp(brom as Bytes, issuerOf(device, 'device')),
      mintOcsp(provisioner as Bytes, issuerOf(device, 'provisioner'), { thisUpdate: older }),
      mintOcsp(identity as Bytes, issuerOf(device, 'identity')),
    ])
    const roots = [device.root]
    const of = (responses: readonly Bytes[]) =>
      appraise(device.report(), device.pem, { roots, at: NOW, ocsp: responses })
    const all = await of(ocsp)
    t.same(outcomes(all), { ...ALL_PASS, revocation: 'pass' })
    t.same(all.revocationAsOf, older)
    for (const missing of [0, 1, 2]) {
      const some = await of(ocsp.filter((_, at) => at !== missing))
      t.equal(outcomes(some).revocation, '?ERR_ENDORSEMENT_MISSING', `without ${missing}`)
      t.equal(some.revocationAsOf, null)
    }
    const revoked = await mintOcsp(identity as Bytes, issuerOf(device, 'identity'), {
      status: { revoked: 1 },
    })
    const worst = await of([ocsp[1] as Bytes, revoked])
    t.equal(outcomes(worst).revocation, 'ERR_CERTIFICATE_REVOKED', 'a fail before what is missing')
    t.match(
      worst.findings.find(({ check }) => check === 'gpu.revocation')?.detail,
      /NVIDIA GH100 Identity/,
    )
  },
)

interface Told {
  readonly verify_time: Record<string, string>
  readonly ocsp: Record<string, unknown>
}

t.test('ocsp revocation: real responses about a real device', { skip }, async (t) => {
  const name = 'h100-550.90.07-complete'
  const read = (...file: string[]): Bytes => new Uint8Array(vectorBytes('nvidia', name, ...file))
  const { verify_time, ocsp } = manifest<Told>('nvidia', name)
  const responses = Object.keys(ocsp).map((file) => read('ocsp', file))
  const of = async (at: string) =>
    outcomes(
      await appraise(read('evidence.bin'), read('cert_chain.pem'), {
        at: new Date(at),
        ocsp: responses,
      }),
    )
  t.same(await of(`${verify_time.ocsp_device}`), { ...ALL_PASS, revocation: 'pass' })
  t.equal((await of('2025-08-22T06:47:08Z')).revocation, '?ERR_OCSP_STALE')
  t.equal((await of('2025-08-21T06:40:00Z')).revocation, '?ERR_OCSP_STALE')
})
