// SPDX-License-Identifier: Apache-2.0
// A throwaway NVIDIA: a root, the intermediates of one architecture below it, and for each GPU the
// certificates of the device and of the key that signs its reports. Nobody trusts its root unless
// handed it by name. Nobody answers for revocation either, so no certificate says where to ask.

import { id_ce_subjectAltName, KeyUsageFlags } from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import { toPem } from '../pem.js'
import { extension, type NamePart } from '../service/x509-write.js'
import { sequence, tlv } from './der.js'
import { firmwareExtension } from './dice.js'
import { type Architecture, GPU_MODELS, type GpuModel } from './nvidia-models.js'
import { generateParty, issue, type Party } from './nvidia-x509.js'

/** A GPU as it leaves the factory. Plain data, so that another process can be handed it. */
export interface MintedGpu {
  readonly architecture: Architecture
  /** `GPU-` and a UUID. */
  readonly uuid: string
  /** Five certificates in PEM, leaf first. */
  readonly certChain: Bytes
  /** The leaf's: P-384, PKCS#8. */
  readonly key: Bytes
}

export interface MintedNvidia {
  /** DER. */
  readonly root: Bytes
  readonly gpus: readonly MintedGpu[]
}

const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags
const SERIAL_LEN = 16
const PDI_LEN = 8
/** With what the serial of a device certificate begins; the PDI of the GPU is the rest. */
const DEVICE_SERIAL_PREFIX = 0x41
/** With what the names of real devices begin. */
const DEVICE_NAME_PREFIX = [0x48, 0xb0, 0x2d]
const DEVICE_NAME_REST_LEN = 5
const OTHER_NAME = 0xa0
const EXPLICIT = 0xa0
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
/** 1.3.6.1.4.1.412.274.1, the name of a device (DMTF DSP0274). */
const DMTF_DEVICE = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0x1c, 0x82, 0x12, 0x01]

const COUNTRY: NamePart = ['2.5.4.6', { printableString: 'US' }]
const ORGANIZATION: NamePart = ['2.5.4.10', { utf8String: 'NVIDIA Corporation' }]
const commonName = (name: string): NamePart => ['2.5.4.3', { utf8String: name }]
const deviceName = (name: string, serial: Uint8Array): NamePart[] => [
  ['2.5.4.5', { printableString: toHex(serial).toUpperCase() }],
  COUNTRY,
  ORGANIZATION,
  commonName(name),
]

/** @param notBefore of the root and the intermediates */
export async function mintNvidia(
  architecture: Architecture,
  count: number,
  notBefore: Date,
): Promise<MintedNvidia> {
  const model = GPU_MODELS[architecture]
  const [root, identity, provisioner] = await Promise.all([
    generateParty(() => [
      commonName('NVIDIA Device Identity CA'),
      ['2.5.4.10', { utf8String: 'NVIDIA' }],
    ]),
    generateParty(() => [commonName(`NVIDIA ${model.chip} Identity`), ORGANIZATION]),
    generateParty(() => [commonName(model.provisioner), ORGANIZATION, COUNTRY]),
  ])
  const ca = () => ({
    usage: keyCertSign | cRLSign,
    serial: positive(random(SERIAL_LEN)),
    notBefore,
  })
  const [last, ...above] = await Promise.all([
    issue(root, root, ca()),
    issue(provisioner, identity, ca()),
    issue(identity, root, ca()),
  ])
  const chips = Array.from({ length: count }, () => mintChip(model, provisioner))
  const gpus = (await Promise.all(chips)).map(({ certificates, key }) => ({
    architecture,
    uuid: `GPU-${crypto.randomUUID()}`,
    certChain: ascii([...certificates, ...above, last].map(toPem).join('')),
    key,
  }))
  return { root: last, gpus }
}

interface Chip {
  /** Of the signing key and of the device, DER. */
  readonly certificates: readonly Bytes[]
  readonly key: Bytes
}

async function mintChip(model: GpuModel, provisioner: Party): Promise<Chip> {
  const { chip, fabricated: notBefore } = model
  const serial = Uint8Array.of(DEVICE_SERIAL_PREFIX, ...random(PDI_LEN))
  const [device, leaf] = await Promise.all([
    generateParty(() => deviceName(`${chip} A01 GSP BROM`, serial)),
    generateParty((keyId) => deviceName(`${chip} A01 GSP FMC LF`, positive(keyId))),
  ])
  const name = [...DEVICE_NAME_PREFIX, ...random(DEVICE_NAME_REST_LEN)]
  const extensions = [
    deviceNameExtension(`NVIDIA:${chip}:${toHex(Uint8Array.from(name)).toUpperCase()}`),
    firmwareExtension(model, device.spki),
  ]
  const certificates = await Promise.all([
    issue(leaf, device, {
      usage: digitalSignature,
      serial: positive(leaf.keyId),
      notBefore,
      extensions,
    }),
    issue(device, provisioner, { usage: keyCertSign, serial, notBefore }),
  ])
  const key = new Uint8Array(await crypto.subtle.exportKey('pkcs8', leaf.keys.privateKey))
  return { certificates, key }
}

const ascii = (text: string): Bytes => new TextEncoder().encode(text)

const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))

/** A number above zero of the same length: 01 and then all but the first two bits. */
const positive = ([first, ...rest]: Uint8Array): Bytes =>
  Uint8Array.of(((first as number) & 0x3f) | 0x40, ...rest)

function deviceNameExtension(name: string) {
  const text = tlv(UTF8_STRING, ascii(name))
  const otherName = tlv(OTHER_NAME, tlv(OBJECT_IDENTIFIER, DMTF_DEVICE), tlv(EXPLICIT, text))
  return extension(id_ce_subjectAltName, sequence(otherName))
}
