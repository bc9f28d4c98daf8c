// SPDX-License-Identifier: Apache-2.0
// A Reference Integrity Manifest of NVIDIA: verified once per content, and read from the very bytes
// that were signed.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { ContentCache, remember } from './cache.js'
import type { Anchor } from './chain.js'
import { nvidiaAnchor, RIM_ROOT } from './nvidia-roots.js'
import { orderChain } from './rim-chain.js'
import { readSignature, readSignedInfo } from './rim-signature.js'
import { type RimTag, readTag } from './rim-tag.js'
import { sha256 } from './roots.js'
import { verifyP384 } from './signature.js'
import type { Certificate } from './x509.js'
import { parseXml } from './xml-parse.js'

export type { RimMeasurement } from './rim-tag.js'

/** A RIM that the holder of a trusted root has signed. */
export interface Rim extends RimTag {
  /** SHA-256 of the document as it was given, in hex. */
  readonly sha256: string
  /** Who vouches for the root. */
  readonly anchor: Exclude<Anchor, 'none'>
  /** When the whole chain is valid: the latest beginning and the earliest end in it. */
  readonly notBefore: Date
  readonly notAfter: Date
  /** From the signer of the document to the root. */
  readonly signers: readonly Certificate[]
}

type Opened = Omit<Rim, 'anchor'>

/** More than the drivers and VBIOSes of any fleet's nodes that are asked about at one time. */
const contents = new ContentCache<object>(64)
const opened = new WeakMap<object, Promise<Opened>>()

/**
 * Verifies the signature of a RIM with the key of its signer, the signer's chain, and the root. The
 * dates of the chain are not judged: they are compared with a time at each use of the document.
 *
 * @param roots that the caller trusts besides NVIDIA's
 * @throws {AttestationError} `ERR_RIM_FORMAT`, `ERR_RIM_SIGNATURE_FORM`, `ERR_RIM_CHAIN`,
 * `ERR_RIM_DIGEST`, `ERR_RIM_SIGNATURE`, `ERR_RIM_ROOT`
 */
export async function openRim(xml: Bytes, roots: readonly Certificate[]): Promise<Rim> {
  const content = contents.get(xml, () => ({}))
  const rim = await remember(opened, content, () => open(new Uint8Array(xml)))
  const anchor = nvidiaAnchor(rim.signers.at(-1) as Certificate, RIM_ROOT, roots)
  if (anchor === 'none') {
    const detail = 'the root is neither that of NVIDIA nor one that the caller trusts'
    throw new AttestationError('ERR_RIM_ROOT', detail)
  }
  return { ...rim, anchor }
}

async function open(xml: Bytes): Promise<Opened> {
  const { signedInfo, value, document, certificates } = readSignature(await parseXml(xml))
  const digest = readSignedInfo(await parseXml(signedInfo))
  const signers = await orderChain(certificates)
  const actual = new Uint8Array(await crypto.subtle.digest('SHA-384', document))
  if (!equalBytes(actual, digest)) {
    throw new AttestationError('ERR_RIM_DIGEST', 'the document is not the one that was signed')
  }
  const [signer] = signers as readonly [Certificate, ...Certificate[]]
  if (!(await verifyP384(signer.spki, value, signedInfo))) {
    const detail = 'the document is not signed by the signer that its chain names'
    throw new AttestationError('ERR_RIM_SIGNATURE', detail)
  }
  const tag = readTag(await parseXml(document))
  return { ...tag, ...window(signers), signers, sha256: await sha256(xml) }
}

/** Certificates outlive their issuers here, so that every date counts. */
function window(signers: readonly Certificate[]): Pick<Rim, 'notBefore' | 'notAfter'> {
  return {
    notBefore: new Date(Math.max(...signers.map(({ notBefore }) => notBefore.getTime()))),
    notAfter: new Date(Math.min(...signers.map(({ notAfter }) => notAfter.getTime()))),
  }
}
