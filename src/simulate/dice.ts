// SPDX-License-Identifier: Apache-2.0
// The extension in which the leaf certificate of a GPU names its firmware (TCG DICE Attestation
// Architecture): Hopper writes it in the form of RIoT, Blackwell as DiceTcbInfo.

import type { Extension } from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'
import { extension } from '../service/x509-write.js'
import { integer, sequence, tlv } from './der.js'
import type { GpuModel } from './nvidia-models.js'

const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const FWIDS = 0xa6
/** Context-specific, primitive: the members of DiceTcbInfo by their numbers. */
const member = (number: number, content: ArrayLike<number>): Bytes => tlv(0x80 | number, content)

const SHA_384 = tlv(OBJECT_IDENTIFIER, [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02])
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const fwid = (digest: Uint8Array): Bytes => sequence(SHA_384, tlv(OCTET_STRING, digest))

/** @param deviceSpki the key of the device itself */
export function firmwareExtension({ chip, fwid: digest }: GpuModel, deviceSpki: Bytes): Extension {
  if (chip === 'GH100') {
    const version = integer(Uint8Array.of(1))
    return extension('2.23.133.5.4.1', sequence(version, deviceSpki, fwid(digest)))
  }
  return extension(
    '2.23.133.5.4.1.1',
    sequence(
      member(0, ascii('NVIDIA')),
      member(1, ascii(`${chip} A01 GSP`)),
      member(2, ascii('01')),
      member(3, [1]),
      member(4, [0]),
      member(5, [0]),
      tlv(FWIDS, fwid(digest), fwid(new Uint8Array(digest.length))),
      // Flags, vendor information and type, as all devices seen have them.
      member(7, [0, 0x80, 0, 0, 1]),
      member(8, [0xc0]),
      member(9, [0]),
    ),
  )
}
