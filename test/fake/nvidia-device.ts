// SPDX-License-Identifier: Apache-2.0
// A GPU or NVSwitch of the test world with its five certificates: knobs change each before it is
// signed, or have it signed by somebody else.

import { sign } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Extension,
  Extensions,
  KeyUsage,
  KeyUsageFlags,
  type Name,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { toPem } from '../../src/pem.js'
import { distinguishedName, ECDSA_SHA_384, extension } from '../../src/service/x509-write.js'
import { firmwareExtension } from '../../src/simulate/dice.js'
import { GPU_MODELS } from '../../src/simulate/nvidia-models.js'
import { signCertificate } from '../../src/simulate/x509.js'
import { type Certificate, parseCertificate } from '../../src/verify/x509.js'
import { sequence, text, tlv } from './der.js'
import { type FakeGpuReport, mintGpuReport, pattern } from './nvidia.js'

export type Bytes = Uint8Array<ArrayBuffer>

/** Leaf first, as in a chain. */
export const PLACES = ['leaf', 'device', 'provisioner', 'identity', 'root'] as const
export type Place = (typeof PLACES)[number]

export interface DeviceKnobs {
  readonly shape?: 'hopper' | 'blackwell' | 'switch'
  /** Two seeds, two devices. */
  readonly seed?: number
  /** Last changes before signing. */
  readonly edit?: Partial<Record<Place, (tbs: TBSCertificate) => void>>
  /** Who signs instead of the next. */
  readonly signers?: Partial<Record<Place, CryptoKey>>
}

export interface FakeDevice {
  /** DER and PEM, leaf first. */
  readonly chain: readonly Bytes[]
  readonly pem: Bytes
  readonly root: Bytes
  readonly certificates: readonly Certificate[]
  readonly keys: Readonly<Record<Place, CryptoKeyPair>>
  /** A report that the leaf signed; of the shape and the seed of the device unless told. */
  report(options?: FakeGpuReport): Bytes
}

const NOT_BEFORE = new Date('2022-01-01T00:00:00Z')
const FABRICATED = new Date('2020-10-17T00:00:00Z')
const NO_END = new Date('9999-12-31T23:59:59Z')
const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags

export const generate = (namedCurve = 'P-384'): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify'])

let shared: Promise<Readonly<Record<Place, CryptoKeyPair>>> | undefined

/** The same ones for a whole test run. */
function deviceKeys(): Promise<Readonly<Record<Place, CryptoKeyPair>>> {
  shared ??= (async () => {
    const made = await Promise.all(PLACES.map(async (place) => [place, await generate()] as const))
    return Object.fromEntries(made) as unknown as Record<Place, CryptoKeyPair>
  })()
  return shared
}

export const spkiOf = async ({ publicKey }: CryptoKeyPair): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))

const CHIPS = { hopper: 'GH100', blackwell: 'GB100', switch: 'LS_10' }

export const named = (...parts: readonly (readonly [string, string])[]): Name =>
  distinguishedName(parts.map(([type, utf8String]) => [type, { utf8String }]))
export const commonName = (name: string): Name =>
  named(['2.5.4.3', name], ['2.5.4.10', 'NVIDIA Corporation'])
/** As in the names of devices: the serial before, the common name last. */
export const deviceName = (name: string, serial = 'ABCD'): Name =>
  named(['2.5.4.5', serial], ['2.5.4.10', 'NVIDIA Corporation'], ['2.5.4.3', name])

/** The content of subjectAltName: one otherName. */
export const alternativeName = (name: string, oid = '2b06010401831c821201'): Bytes =>
  sequence(tlv(0xa0, tlv(0x06, oid), tlv(0xa0, text(0x0c, name))))

/** An extension with DER, critical or not. */
export const extensionOf = (extnID: string, der: Bytes, critical = false): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(der) })

export const basicConstraints = (cA: boolean, pathLenConstraint?: number): Extension =>
  extension(
    '2.5.29.19',
    AsnConvert.serialize(
      new BasicConstraints({ cA, ...(pathLenConstraint !== undefined && { pathLenConstraint }) }),
    ),
    true,
  )
export const keyUsage = (usage: number): Extension =>
  extension('2.5.29.15', AsnConvert.serialize(new KeyUsage(usage)), true)

/** Puts an extension in the place of the one with its OID, or behind the others. */
export function setExtension(tbs: TBSCertificate, set: Extension): void {
  const others = [...(tbs.extensions ?? [])].filter(({ extnID }) => extnID !== set.extnID)
  tbs.extensions = new Extensions([...others, set])
}

export function dropExtension(tbs: TBSCertificate, oid: string): void {
  tbs.extensions = new Extensions(
    [...(tbs.extensions ?? [])].filter(({ extnID }) => extnID !== oid),
  )
}

interface Content {
  readonly subject: Name
  readonly issuer: Name
  readonly serial: Bytes
  readonly notBefore: Date
  readonly extensions: readonly Extension[]
}

export const template = async (keys: CryptoKeyPair, content: Content): Promise<TBSCertificate> => {
  const { subject, issuer, serial, notBefore, extensions } = content
  return new TBSCertificate({
    version: Version.v3,
    serialNumber: serial.buffer,
    signature: ECDSA_SHA_384,
    issuer,
    validity: new Validity({ notBefore, notAfter: NO_END }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(await spkiOf(keys), SubjectPublicKeyInfo),
    extensions: new Extensions([...extensions]),
  })
}

const AUTHORITY = [basicConstraints(true), keyUsage(keyCertSign | cRLSign)]

async function templates(
  { shape = 'hopper', seed = 1 }: DeviceKnobs,
  keys: Readonly<Record<Place, CryptoKeyPair>>,
): Promise<Record<Place, TBSCertificate>> {
  const chip = CHIPS[shape]
  const [root, identity, provisioner] = [
    'Device Identity CA',
    `${chip} Identity`,
    `${chip} ICA 1`,
  ].map((name) => commonName(`NVIDIA ${name}`)) as [Name, Name, Name]
  const device = deviceName(`${chip} A01 ${shape === 'switch' ? 'FSP' : 'GSP'} BROM`)
  const model = shape === 'blackwell' ? GPU_MODELS.BLACKWELL : GPU_MODELS.HOPPER
  const fwid = pattern(48, seed + 200)
  const authority = (subject: Name, issuer: Name, keyPair: CryptoKeyPair, serial: number) =>
    template(keyPair, {
      subject,
      issuer,
      serial: Uint8Array.of(0x2d, serial),
      notBefore: NOT_BEFORE,
      extensions: AUTHORITY,
    })
  const pdi = pattern(8, seed + 400)
  return {
    leaf: await template(keys.leaf, {
      subject: deviceName(`${chip} A01 ${shape === 'switch' ? 'FSP' : 'GSP'} FMC LF`),
      issuer: device,
      serial: Uint8Array.of(0x41, seed),
      notBefore: FABRICATED,
      extensions: [
        keyUsage(digitalSignature),
        extensionOf('2.5.29.17', alternativeName(`NVIDIA:${chip}:48B02D0000000001`)),
        firmwareExtension({ ...model, fwid }, await spkiOf(keys.device)),
      ],
    }),
    device: await template(keys.device, {
      subject: device,
      issuer: provisioner,
      serial: Uint8Array.of(shape === 'switch' ? 0x50 : 0x41, ...pdi),
      notBefore: FABRICATED,
      extensions: [basicConstraints(true), keyUsage(keyCertSign)],
    }),
    provisioner: await authority(provisioner, identity, keys.provisioner, 1),
    identity: await authority(identity, root, keys.identity, 2),
    root: await authority(root, root, keys.root, 3),
  }
}

export async function mintDevice(knobs: DeviceKnobs = {}): Promise<FakeDevice> {
  const { shape = 'hopper', seed = 1 } = knobs
  const keys = await deviceKeys()
  const all = await templates(knobs, keys)
  const chain: Bytes[] = []
  for (const [at, place] of PLACES.entries()) {
    knobs.edit?.[place]?.(all[place])
    const issuer = keys[PLACES[Math.min(at + 1, 4)] as Place]
    chain.push(await signCertificate(all[place], knobs.signers?.[place] ?? issuer.privateKey))
  }
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.leaf.privateKey))
  const key = { key: pkcs8, format: 'der', type: 'pkcs8', dsaEncoding: 'ieee-p1363' } as const
  return {
    chain,
    pem: new TextEncoder().encode(chain.map(toPem).join('')),
    root: chain[4] as Bytes,
    get certificates() {
      return chain.map(parseCertificate)
    },
    keys,
    report: (options = {}) =>
      mintGpuReport({
        shape,
        seed,
        sign: (signed) => new Uint8Array(sign('sha384', signed, key)),
        ...options,
      }),
  }
}
