// SPDX-License-Identifier: Apache-2.0
// OCSP of the test world (RFC 6960): responses byte by byte, with a knob for each part, and a
// responder that answers requests.

import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { KeyUsageFlags, Name, type TBSCertificate } from '@peculiar/asn1-x509'
import { signCertificate } from '../../src/simulate/x509.js'
import { sequence, tlv } from './der.js'
import {
  type Bytes,
  basicConstraints,
  commonName,
  extensionOf,
  type FakeDevice,
  generate,
  keyUsage,
  PLACES,
  type Place,
  template,
} from './nvidia-device.js'

export const OCSP_SIGNING = '06082b06010505070309'
const HASHES = {
  sha1: '300906052b0e03021a0500',
  sha256: '300d06096086480165030402010500',
  sha384: '300d06096086480165030402020500',
} as const
const ECDSA_SHA_384 = '300a06082a8648ce3d040303'
export const NONCE_OID = '06092b0601050507300102'

/** Certificates and key of one authority, in whose name is answered. */
export interface Authority {
  /** DER. */
  readonly certificate: Bytes
  readonly key: CryptoKey
}

/** Of the certificate that issued the one at `place`. */
export function issuerOf({ chain, keys }: FakeDevice, place: Exclude<Place, 'root'>): Authority {
  const at = PLACES.indexOf(place) + 1
  return { certificate: chain[at] as Bytes, key: keys[PLACES[at] as Place].privateKey }
}

/** Contents of the elements of a SEQUENCE, as they are encoded. */
function elements(der: Uint8Array): Bytes[] {
  const found: Bytes[] = []
  const header = (at: number): [start: number, length: number] => {
    const first = der[at + 1] as number
    if (first < 0x80) return [at + 2, first]
    const octets = der.subarray(at + 2, at + 2 + (first & 0x7f))
    return [at + 2 + octets.length, octets.reduce((sum, octet) => sum * 256 + octet, 0)]
  }
  const [start, length] = header(0)
  for (let at = start; at < start + length; ) {
    const [inner, size] = header(at)
    found.push(der.slice(at, inner + size))
    at = inner + size
  }
  return found
}

/** The subject and the bits of the key of a certificate, and its serial as an INTEGER. */
export function partsOf(certificate: Uint8Array) {
  const [tbs] = elements(certificate) as [Bytes]
  const [, serial, , , , subject, spki] = elements(tbs) as Bytes[]
  const [, bits] = elements(spki as Bytes)
  return { serial: serial as Bytes, subject: subject as Bytes, point: (bits as Bytes).slice(3) }
}

export type Status = 'good' | 'unknown' | { readonly revoked: number | null }

export interface SingleKnobs {
  readonly status?: Status
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date | null
  readonly hash?: keyof typeof HASHES
  /** INTEGER, DER. */
  readonly serial?: Bytes
  /** Replaces the whole of it. */
  readonly single?: Bytes
}

export interface OcspKnobs extends SingleKnobs {
  /** About another certificate, before this one. */
  readonly others?: readonly Bytes[]
  readonly nonce?: Uint8Array | null
  readonly responderId?: 'key' | 'name' | Bytes
  /** Who signs: a responder of the issuer, or the issuer itself. */
  readonly by?: 'responder' | 'issuer' | Authority
  /** In place of that of the responder. */
  readonly certificates?: readonly Bytes[] | null
  readonly algorithm?: string
  /** Last change to what is signed. */
  readonly data?: (parts: Bytes[]) => Bytes[]
}

export const NOW = new Date('2026-11-01T00:00:00Z')
export const DAY = 86_400_000

export const time = (date: Date): Bytes =>
  tlv(0x18, Buffer.from(`${date.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`))

function statusOf(status: Status): Bytes {
  if (status === 'good') return tlv(0x80)
  if (status === 'unknown') return tlv(0x82)
  const { revoked } = status
  const reason = revoked === null ? [] : [tlv(0xa0, tlv(0x0a, Uint8Array.of(revoked)))]
  return tlv(0xa1, time(NOW), ...reason)
}

/** Serial of the certificate in question, and what is said of it. */
export function single(subject: Bytes, issuer: Authority, knobs: SingleKnobs = {}): Bytes {
  const { status = 'good', thisUpdate = NOW, hash = 'sha384', serial } = knobs
  const { nextUpdate = new Date(thisUpdate.getTime() + DAY) } = knobs
  const digest = (bytes: Uint8Array) => new Uint8Array(createHash(hash).update(bytes).digest())
  const { subject: name, point } = partsOf(issuer.certificate)
  const id = sequence(
    HASHES[hash],
    tlv(4, digest(name)),
    tlv(4, digest(point)),
    serial ?? partsOf(subject).serial,
  )
  const until = nextUpdate ? [tlv(0xa0, time(nextUpdate))] : []
  return knobs.single ?? sequence(id, statusOf(status), time(thisUpdate), ...until)
}

export interface ResponderKnobs {
  readonly edit?: (tbs: TBSCertificate) => void
  readonly signer?: CryptoKey
}

/** A responder that an authority named, as NVIDIA's: its purpose critical. */
export async function mintResponder(
  issuer: Authority,
  { edit, signer = issuer.key }: ResponderKnobs = {},
): Promise<Authority> {
  const keys = await generate()
  const issuerName = partsOf(issuer.certificate).subject
  const tbs = await template(keys, {
    subject: commonName('NVIDIA OCSP Responder'),
    issuer: AsnConvert.parse(issuerName, Name),
    serial: Uint8Array.of(9),
    notBefore: new Date('2026-01-01T00:00:00Z'),
    extensions: [
      basicConstraints(false),
      keyUsage(KeyUsageFlags.digitalSignature),
      extensionOf('2.5.29.37', sequence(OCSP_SIGNING), true),
    ],
  })
  edit?.(tbs)
  return { certificate: await signCertificate(tbs, signer), key: keys.privateKey }
}

const privateKey = async (key: CryptoKey): Promise<KeyObject> =>
  createPrivateKey({
    key: Buffer.from(await crypto.subtle.exportKey('pkcs8', key)),
    format: 'der',
    type: 'pkcs8',
  })

/** OCSPResponse, DER, about `subject` in the name of `issuer`. */
export async function mintOcsp(
  subject: Bytes,
  issuer: Authority,
  knobs: OcspKnobs = {},
): Promise<Bytes> {
  const { by = 'responder', others = [], nonce = null, algorithm = ECDSA_SHA_384 } = knobs
  const delegated = by === 'responder' ? await mintResponder(issuer) : by
  const signer = delegated === 'issuer' ? issuer : delegated
  const { subject: name, point } = partsOf(signer.certificate)
  const keyHash = new Uint8Array(createHash('sha1').update(point).digest())
  const ids = { key: tlv(0xa2, tlv(4, keyHash)), name: tlv(0xa1, name) }
  const { responderId = 'key', data = (parts) => parts } = knobs
  const extension = sequence(NONCE_OID, tlv(4, tlv(4, nonce ?? new Uint8Array())))
  const parts = data([
    typeof responderId === 'string' ? ids[responderId] : responderId,
    time(NOW),
    sequence(...others, single(subject, issuer, knobs)),
    ...(nonce ? [tlv(0xa1, sequence(extension))] : []),
  ])
  const tbs = sequence(...parts)
  const signature = sign('sha384', tbs, await privateKey(signer.key))
  const own = delegated === 'issuer' ? null : [signer.certificate]
  const { certificates = own } = knobs
  const basic = sequence(
    tbs,
    algorithm,
    tlv(3, '00', new Uint8Array(signature)),
    ...(certificates ? [tlv(0xa0, sequence(...certificates))] : []),
  )
  return wrapped(basic)
}

/** A BasicOCSPResponse in an OCSPResponse. */
export const wrapped = (basic: Bytes): Bytes =>
  sequence(tlv(0x0a, '00'), tlv(0xa0, sequence('06092b0601050507300101', tlv(4, basic))))

/** An OCSPResponse without a status. */
export const refusal = (status: number): Bytes => sequence(tlv(0x0a, Uint8Array.of(status)))

/** What a request asks about: the INTEGER of its serial, and its nonce. */
export function readRequest(request: Uint8Array) {
  const [tbs] = elements(request) as [Bytes]
  const [list, explicit] = elements(tbs) as [Bytes, Bytes]
  const [id] = elements(elements(list)[0] as Bytes) as [Bytes]
  const [, nameHash, keyHash, serial] = elements(id) as Bytes[]
  const [extensions] = elements(explicit) as [Bytes]
  const [, value] = elements(elements(extensions)[0] as Bytes) as [Bytes, Bytes]
  const [nonce] = elements(value) as [Bytes]
  return {
    nameHash: nameHash as Bytes,
    keyHash: keyHash as Bytes,
    serial: serial as Bytes,
    nonce: (nonce as Bytes).slice(2),
  }
}
