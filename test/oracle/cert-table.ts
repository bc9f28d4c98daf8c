// SPDX-License-Identifier: Apache-2.0
// A second, independent reading of the certificate table of AMD 56421, without the core.

import { AttestationError } from '../../src/errors.js'

const KINDS: Record<string, string> = {
  '63da758de6644564adc5f4b93be8accd': 'vcek',
  a8074bc2a25a483eaae639c045a0b8a1: 'vlek',
  '4ab7b379bbac4fe4a02f05aef327c782': 'ask',
  c0b406a4a803495297433fb6014cd0ae: 'ark',
  '92f81bc358114d3d97ffd19f88dc67ea': 'crl',
}

/** Entries of a table; throws `ERR_CERT_TABLE`. */
export function readCertTable(bytes: Uint8Array) {
  const entries = []
  for (let at = 0; ; at += 24) {
    if (at + 24 > bytes.length) throw no()
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 24)
    const guid = Buffer.from(bytes.subarray(at, at + 16)).toString('hex')
    const [offset, length] = [view.getUint32(16, true), view.getUint32(20, true)]
    if (/^0+$/.test(guid)) {
      if (offset !== 0 || length !== 0) throw no()
      return entries
    }
    if (entries.length === 32 || offset + length > bytes.length) throw no()
    const text = [guid.slice(0, 8), guid.slice(8, 12), guid.slice(12, 16), guid.slice(16, 20)]
    entries.push({
      guid: [...text, guid.slice(20)].join('-'),
      kind: KINDS[guid] ?? null,
      data: Uint8Array.from(bytes.subarray(offset, offset + length)),
    })
  }
}

const no = () => new AttestationError('ERR_CERT_TABLE', 'said the oracle')
