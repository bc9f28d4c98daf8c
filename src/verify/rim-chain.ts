// SPDX-License-Identifier: Apache-2.0
// The certificates of a RIM: which of them signed it, and whether they lead to a root.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { isEcdsaSignedBy } from './signature.js'
import { type Certificate, parseRimCertificate } from './x509.js'
import { KEY_CERT_SIGN } from './x509-extensions.js'

/** Signer, two intermediates, root. */
const CHAIN_LEN = 4
const DIGITAL_SIGNATURE = 1
/** Signers of documents have none. OCSP responders do, and the same authorities issue those. */
const EXTENDED_KEY_USAGE = '2.5.29.37'

const refusal = (detail: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_RIM_CHAIN', detail, options)

/**
 * The certificates of a RIM, whatever order they came in, from the signer to a root that signed
 * itself. Every certificate has its place in the chain, so that none can be smuggled in beside it.
 * Who vouches for the root, and the dates, are judged elsewhere.
 *
 * @throws {AttestationError} `ERR_RIM_CHAIN`
 */
export async function orderChain(ders: readonly Bytes[]): Promise<readonly Certificate[]> {
  if (ders.length !== CHAIN_LEN) {
    throw refusal(`${CHAIN_LEN} certificates expected, got ${ders.length}`)
  }
  const chain = upwards(ders.map(read))
  for (const [level, certificate] of chain.entries()) {
    const issuer = chain[Math.min(level + 1, CHAIN_LEN - 1)] as Certificate
    const misfit = level === 0 ? signerMisfit(certificate) : issuerMisfit(certificate, level)
    if (misfit) throw refusal(`${certificate.subject} ${misfit}`)
    if (!(await isEcdsaSignedBy(certificate, issuer))) {
      throw refusal(`${certificate.subject} is not signed by the issuer it names`)
    }
  }
  return chain
}

function read(der: Bytes): Certificate {
  try {
    return parseRimCertificate(der)
  } catch (cause) {
    throw refusal('a certificate is malformed', { cause })
  }
}

/** From the one certificate that issued no other, issuer by issuer. */
function upwards(certificates: readonly Certificate[]): readonly Certificate[] {
  const isIssuer = ({ subject }: Certificate) => certificates.some((c) => c.issuer === subject)
  const chain = certificates.filter((certificate) => !isIssuer(certificate))
  while (chain.length < CHAIN_LEN) {
    const issuer = certificates.find(
      (certificate) => certificate.subject === chain.at(-1)?.issuer && !chain.includes(certificate),
    )
    if (!issuer) break
    chain.push(issuer)
  }
  const root = chain.at(-1)
  if (chain.length !== CHAIN_LEN || root?.subject !== root?.issuer) {
    throw refusal('the certificates are not one chain from a signer to a root')
  }
  return chain
}

function signerMisfit(certificate: Certificate): string | null {
  const { isCa, keyUsage = DIGITAL_SIGNATURE, extensions } = certificate
  if (isCa) return 'signed the document, but is a CA'
  if (extensions.has(EXTENDED_KEY_USAGE)) return 'signed the document, but is for another purpose'
  return keyUsage & DIGITAL_SIGNATURE ? null : 'may not sign documents'
}

/** @param level of the certificate, and so one more than there are intermediates below it */
function issuerMisfit(certificate: Certificate, level: number): string | null {
  const { isCa, keyUsage = KEY_CERT_SIGN, pathLength = level } = certificate
  const may = isCa && keyUsage & KEY_CERT_SIGN && pathLength >= level - 1
  return may ? null : 'may not issue what stands below it'
}
