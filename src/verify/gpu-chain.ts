// SPDX-License-Identifier: Apache-2.0
// The five certificates of a GPU or NVSwitch: the key that signs its reports, the device itself,
// two intermediates of NVIDIA's factory, and the root. Read and verified once per content.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { derObjects } from '../pem.js'
import { ContentCache, remember } from './cache.js'
import { type DeviceNames, readNames } from './gpu-identity.js'
import type { Problem } from './result.js'
import { isEcdsaSignedBy } from './signature.js'
import { type Certificate, parseCertificate } from './x509.js'
import { DIGITAL_SIGNATURE, KEY_CERT_SIGN } from './x509-extensions.js'

/** Leaf first. */
export type Five = readonly [Certificate, Certificate, Certificate, Certificate, Certificate]

export interface DeviceChain extends DeviceNames {
  readonly certificates: Five
  /** The first certificate that is not what its place needs; null when there is none. */
  readonly misplaced: Problem | null
}

/** What they are, in their order. */
export const PLACES = ['signing key', 'device', 'provisioner', 'identity', 'root'] as const

const chains = new ContentCache<DeviceChain>(64)
const verdicts = new WeakMap<DeviceChain, Promise<Problem | null>>()

/**
 * Reads a chain, PEM, leaf first. Whoever starts at the device certificate has a chain whose links
 * all hold, and the key of no report: the number is exact.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`, `ERR_CERTIFICATE_CHAIN` for another number, or
 * when the first two certificates name no device
 */
export function openChain(pem: Bytes): DeviceChain {
  if (pem.length === 0) {
    throw new AttestationError('ERR_CERTIFICATE_CHAIN', 'no certificates came with the report')
  }
  return chains.get(pem, () => {
    const certificates = five(derObjects(pem))
    return { certificates, misplaced: misplacement(certificates), ...readNames(certificates) }
  })
}

function five(objects: readonly Bytes[]): Five {
  if (objects.length !== PLACES.length) {
    const detail = `${PLACES.length} certificates expected, got ${objects.length}`
    throw new AttestationError('ERR_CERTIFICATE_CHAIN', detail)
  }
  return objects.map(parseCertificate) as unknown as Five
}

/** What is wrong with names, uses or signatures; null when nothing is. */
export function chainProblem(chain: DeviceChain): Promise<Problem | null> {
  return remember(verdicts, chain, async () => chain.misplaced ?? brokenLink(chain.certificates))
}

/** The root has signed itself. */
const issuerOf = (certificates: Five, at: number): Certificate =>
  certificates[Math.min(at + 1, certificates.length - 1)] as Certificate

async function brokenLink(certificates: Five): Promise<Problem | null> {
  const links = certificates.map((child, at) => isEcdsaSignedBy(child, issuerOf(certificates, at)))
  const broken = (await Promise.all(links)).indexOf(false)
  if (broken < 0) return null
  const by = broken === certificates.length - 1 ? 'itself' : 'the next'
  const detail = `the ${PLACES[broken]} certificate is not signed by ${by}`
  return { code: 'ERR_CERTIFICATE_SIGNATURE', detail }
}

function misplacement(certificates: Five): Problem | null {
  for (const [at, certificate] of certificates.entries()) {
    const misfit = misfitOf(certificate, at, issuerOf(certificates, at))
    if (misfit) {
      const detail = `the ${PLACES[at]} certificate ${misfit}`
      return { code: 'ERR_CERTIFICATE_CHAIN', detail }
    }
  }
  return null
}

/** Dates are judged apart: NVIDIA's devices are older than their issuers, on paper. */
function misfitOf(certificate: Certificate, at: number, issuer: Certificate): string | null {
  const { isCa, isP384, keyUsage = 0, pathLength = at, issuer: named } = certificate
  if (!isP384) return 'has no P-384 key'
  if (named !== issuer.subject) return 'does not name the next as its issuer'
  if (at === 0) {
    if (isCa || keyUsage & KEY_CERT_SIGN) return 'claims to be a CA'
    return keyUsage & DIGITAL_SIGNATURE ? null : 'is not for signing'
  }
  if (!isCa || !(keyUsage & KEY_CERT_SIGN)) return 'is no CA'
  return pathLength < at - 1 ? 'allows fewer intermediates below' : null
}
