// SPDX-License-Identifier: Apache-2.0
// The view of a certificate revocation list (RFC 5280 section 5).

import { AsnConvert } from '@peculiar/asn1-schema'
import { CertificateList, CRLNumber, id_ce_cRLNumber, type TBSCertList } from '@peculiar/asn1-x509'
import { ContentCache } from './cache.js'
import { checkLength, malformed, type Signed, signedParts } from './der.js'
import type { Bytes } from './pem.js'
import { nameText, readExtensions, serialText, strictly } from './x509.js'

export interface Crl extends Signed {
  readonly issuer: string
  /** CRLNumber; null when the list has none. */
  readonly number: number | null
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Serials of the issuer's certificates that are revoked, as `Identity.serial`. */
  readonly revoked: ReadonlySet<string>
}

/** A delta list or one of narrower scope says so critically, and neither is AMD's. */
const NONE: ReadonlySet<string> = new Set()
const VERSION_2 = 1

const parsed = new ContentCache<Crl>(16)

/**
 * Reads one CRL, version 2, complete and direct.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function parseCrl(der: Bytes): Crl {
  checkLength(der)
  return parsed.get(der, () => strictly(() => readCrl(der)))
}

function readCrl(der: Bytes): Crl {
  const { tbsCertList: tbs, tbsCertListRaw, signature } = AsnConvert.parse(der, CertificateList)
  if (tbs.version !== VERSION_2) throw malformed('a CRL of version 2 expected')
  const signed = signedParts(der, {
    tbs: new Uint8Array(tbsCertListRaw as ArrayBuffer),
    algorithm: tbs.signature,
    signature: new Uint8Array(signature),
  })
  if (tbs.nextUpdate === undefined) throw malformed('a CRL without nextUpdate')
  const number = readExtensions(tbs.crlExtensions ?? [], NONE).get(id_ce_cRLNumber)
  return {
    ...signed,
    issuer: nameText(tbs.issuer),
    number: number ? Number(AsnConvert.parse(number, CRLNumber).value) : null,
    thisUpdate: tbs.thisUpdate.getTime(),
    nextUpdate: tbs.nextUpdate.getTime(),
    revoked: revokedSerials(tbs),
  }
}

function revokedSerials({ revokedCertificates }: TBSCertList): ReadonlySet<string> {
  const serials = new Set<string>()
  for (const entry of revokedCertificates ?? []) {
    readExtensions(entry.crlEntryExtensions ?? [], NONE)
    serials.add(serialText(entry.userCertificate))
  }
  return serials
}
