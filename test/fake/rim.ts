// SPDX-License-Identifier: Apache-2.0
// NVIDIA's reference values of the test world: a chain like that of its CoRIM root, and RIMs signed by
// it. What is signed is spelled here in its canonical form, letter by letter and without the code under
// test; what is handed out is spelled otherwise, as real ones are.

import { type Extension, KeyUsageFlags } from '@peculiar/asn1-x509'
import type { Bytes } from '../../src/core/private-copy.js'
import { toBase64, toHex } from '../../src/encoding.js'
import { generateParty, issue, type Party } from '../../src/simulate/nvidia-x509.js'
import { pattern } from './nvidia.js'

/** When everything minted here is valid. */
export const RIM_AT = new Date('2026-07-01T12:00:00Z')
const DAY = 86_400_000

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd'
const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384'
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const C14N = 'http://www.w3.org/2006/12/xml-c14n11'

export interface FakeMeasurement {
  index: number
  active?: boolean
  /** Hex. */
  alternatives: string[]
}

export interface FakeRim {
  product?: string
  version?: string
  measurements?: FakeMeasurement[]
  /** In place of what the golden measurements are in, as it is signed. */
  payload?: string
  meta?: string
  /** Last changes to SignedInfo before it is signed, and to what is handed out, after. */
  signedInfo?: (canonical: string) => string
  document?: (xml: string) => string
  /** What X509Data holds; the chain of the signer unless told. */
  certificates?: readonly Uint8Array[]
  /** Who signs, unless the signer of the chain. */
  key?: CryptoKey
}

export interface FakeRimSigner {
  /** Signer, two authorities, root, DER. */
  chain: readonly Bytes[]
  parties: readonly Party[]
  root: Bytes
  rim(rim?: FakeRim): Promise<Bytes>
}

const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags
export const LEVELS = ['L4 Signer', 'L3', 'GH100 CA', 'CoRIM signing Root CA'] as const

export interface RimSignerKnobs {
  /** By level, the signer's first. */
  usage?: Partial<Record<number, number>>
  notBefore?: Partial<Record<number, Date>>
  notAfter?: Partial<Record<number, Date>>
  pathLength?: Partial<Record<number, number>>
  extensions?: Partial<Record<number, readonly Extension[]>>
  /** Who signs the certificate of a level instead of the party above it. */
  issuers?: Partial<Record<number, Party>>
}

export async function mintRimSigner(knobs: RimSignerKnobs = {}): Promise<FakeRimSigner> {
  const parties = await Promise.all(
    LEVELS.map((name) => generateParty(() => [['2.5.4.3', { utf8String: `Test RIM ${name}` }]])),
  )
  const chain = await Promise.all(
    parties.map((party, level) => {
      const above = knobs.issuers?.[level] ?? (parties[Math.min(level + 1, 3)] as Party)
      return issue(party, above, {
        usage: knobs.usage?.[level] ?? (level === 0 ? digitalSignature : keyCertSign | cRLSign),
        serial: pattern(8, level).fill(1, 0, 1),
        ...(knobs.pathLength?.[level] === undefined ? {} : { pathLength: knobs.pathLength[level] }),
        extensions: knobs.extensions?.[level] ?? [],
        notBefore: knobs.notBefore?.[level] ?? new Date(RIM_AT.getTime() - (level + 1) * DAY),
        notAfter: knobs.notAfter?.[level] ?? new Date(RIM_AT.getTime() + (level + 1) * DAY),
      })
    }),
  )
  return {
    chain,
    parties,
    root: chain[3] as Bytes,
    rim: (rim = {}) =>
      sign({ key: (parties[0] as Party).keys.privateKey, certificates: chain, ...rim }),
  }
}

export const digestOf = (seed: number): string => toHex(pattern(48, seed))
export const ZERO = '00'.repeat(48)

const resource = ({ index, active = true, alternatives }: FakeMeasurement): string =>
  `<ns0:Resource active="${active ? 'True' : 'False'}" alternatives="${alternatives.length}"` +
  ` index="${index}" name="Measurement_${index}" size="48" type="Measurement"` +
  `${alternatives.map((value, at) => ` ns2:Hash${at}="${value}"`).join('')}></ns0:Resource>`

const open = `<SoftwareIdentity xmlns="${SWID}" xmlns:ns0="${SWID}" xmlns:ns2="${SHA384}"`

export function payloadOf(measurements: readonly FakeMeasurement[]): string {
  return `<ns0:Payload>\n${measurements.map(resource).join('\n')}\n</ns0:Payload>`
}

/** The document that is signed, in its canonical form. */
export function tagOf({ product = 'GH100', version = '580.95.05', ...rim }: FakeRim): string {
  const measurements = rim.measurements ?? [{ index: 0, alternatives: [digestOf(1)] }]
  const meta =
    rim.meta ?? `<ns0:Meta colloquialVersion="${version}" product="${product}"></ns0:Meta>`
  const payload = rim.payload ?? payloadOf(measurements)
  return `${open} name="${product}" tagId="test">\n${meta}\n${payload}\n</SoftwareIdentity>`
}

export function signedInfoOf(digest: Uint8Array): string {
  const algorithm = (name: string, value: string) =>
    `<ds:${name} Algorithm="${value}"></ds:${name}>`
  return [
    `<ds:SignedInfo xmlns="${SWID}" xmlns:ds="${DSIG}" xmlns:ns0="${SWID}" xmlns:ns2="${SHA384}">`,
    algorithm('CanonicalizationMethod', C14N),
    algorithm('SignatureMethod', 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384'),
    '<ds:Reference URI=""><ds:Transforms>',
    algorithm('Transform', `${DSIG}enveloped-signature`),
    algorithm('Transform', C14N),
    '</ds:Transforms>',
    algorithm('DigestMethod', 'http://www.w3.org/2001/04/xmldsig-more#sha384'),
    `<ds:DigestValue>${toBase64(digest)}</ds:DigestValue></ds:Reference></ds:SignedInfo>`,
  ].join('')
}

const bytes = (text: string): Bytes => new TextEncoder().encode(text)

async function sign(
  rim: FakeRim & Required<Pick<FakeRim, 'key' | 'certificates'>>,
): Promise<Bytes> {
  const tag = tagOf(rim)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-384', bytes(tag)))
  const signedInfo = (rim.signedInfo ?? ((same) => same))(signedInfoOf(digest))
  const ecdsa = { name: 'ECDSA', hash: 'SHA-384' }
  const value = new Uint8Array(await crypto.subtle.sign(ecdsa, rim.key, bytes(signedInfo)))
  const certificates = rim.certificates
    .map((der) => `<ds:X509Certificate>${lines(der)}</ds:X509Certificate>`)
    .join('')
  const signature = [
    `<ds:Signature xmlns:ds="${DSIG}">`,
    // Its namespaces are those of what is around it.
    signedInfo.replace(/<ds:SignedInfo [^>]*>/, '<ds:SignedInfo>'),
    `<ds:SignatureValue>${toBase64(value)}</ds:SignatureValue>`,
    `<ds:KeyInfo><ds:X509Data>${certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>`,
  ].join('')
  const document = tag.replace(/<\/SoftwareIdentity>$/, `${signature}$&`)
  return bytes((rim.document ?? loosened)(document))
}

const lines = (der: Uint8Array): string => toBase64(der).replaceAll(/.{1,64}/g, '$&\n')

/** The same document as people write it: other quotes, empty elements closed at once. */
const loosened = (xml: string): string =>
  xml
    .replaceAll(/(<[^/<>][^<>]*)><\/[^<>]*>/g, '$1/>')
    .replace('name="', "name='")
    .replace(/name='([^"]*)"/, "name='$1'")
