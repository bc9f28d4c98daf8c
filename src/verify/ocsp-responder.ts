// SPDX-License-Identifier: Apache-2.0
// Who may answer for an issuer (RFC 6960 section 4.2.2.2): the issuer itself, or a responder whose
// certificate it issued directly and for that purpose.

import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { ContentCache, remember } from './cache.js'
import { type DerReader, exactly, SEQUENCE } from './der.js'
import { readEitherTime, readOid } from './der-values.js'
import type { OcspResponse } from './ocsp.js'
import { hashesOf } from './ocsp-id.js'
import { attempt } from './result.js'
import { isEcdsaSignedBy } from './signature.js'
import { type Certificate, readCertificate } from './x509.js'
import { DIGITAL_SIGNATURE, USE_EXTENSIONS } from './x509-extensions.js'

const EXTENDED_KEY_USAGE = '2.5.29.37'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const KNOWN: ReadonlySet<string> = new Set([...USE_EXTENSIONS, EXTENDED_KEY_USAGE])

const responders = new ContentCache<Certificate>(64)

const signers = new WeakMap<OcspResponse, WeakMap<Certificate, Promise<Certificate>>>()

/**
 * The certificate whose key signed a response on behalf of `issuer`, its dates not looked at. Found
 * out once per content.
 *
 * @throws {AttestationError} `ERR_OCSP` when nobody did who may
 */
export function signerOf(response: OcspResponse, issuer: Certificate): Promise<Certificate> {
  const known = signers.get(response) ?? new WeakMap()
  signers.set(response, known)
  return remember(known, issuer, () => findSigner(response, issuer))
}

async function findSigner(response: OcspResponse, issuer: Certificate): Promise<Certificate> {
  for (const candidate of [issuer, ...response.certificates.flatMap(readResponder)]) {
    if (!(await isNamed(response, candidate))) continue
    if (candidate !== issuer) await checkDelegation(candidate, issuer)
    if (await isEcdsaSignedBy(response, candidate)) return candidate
    throw refusal('is not signed by the responder that it names')
  }
  throw refusal('has no certificate of the responder that it names')
}

/**
 * What else came along, and cannot be read, is no responder. Those of the authorities for RIMs write
 * their dates like these.
 */
function readResponder(der: Bytes): Certificate[] {
  const read = attempt(() => responders.get(der, () => readCertificate(der, KNOWN, readEitherTime)))
  return read instanceof AttestationError ? [] : [read]
}

async function isNamed({ responder }: OcspResponse, candidate: Certificate): Promise<boolean> {
  if ('name' in responder) return responder.name === candidate.subject
  const { key } = await hashesOf(candidate, 'SHA-1')
  return toHex(key) === responder.keyHash
}

async function checkDelegation(responder: Certificate, issuer: Certificate): Promise<void> {
  const { isCa, keyUsage = DIGITAL_SIGNATURE, extensions } = responder
  if (isCa || !(keyUsage & DIGITAL_SIGNATURE)) throw refusal('is of a responder that may not sign')
  const purposes = extensions.get(EXTENDED_KEY_USAGE)
  const read = attempt(() => (purposes ? exactly(purposes, readPurposes) : []))
  if (read instanceof AttestationError || !read.includes(OCSP_SIGNING)) {
    throw refusal('is of a responder whose certificate is not for OCSP')
  }
  if (responder.issuer !== issuer.subject || !(await isEcdsaSignedBy(responder, issuer))) {
    throw refusal('is of a responder that the issuer did not name')
  }
}

function readPurposes(reader: DerReader): string[] {
  const list = reader.inside(SEQUENCE)
  const purposes: string[] = []
  while (!list.done) purposes.push(readOid(list))
  return purposes
}

const refusal = (detail: string): AttestationError =>
  new AttestationError('ERR_OCSP', `an OCSP response ${detail}`)
