// SPDX-License-Identifier: Apache-2.0
// What AMD's service, a mirror or a store handed out, held against what was asked. Nothing that
// fails here is returned or kept.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import type { Product, Tcb } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { derObjects } from '../pem.js'
import { type Path, vouch } from './chain.js'
import { type Crl, parseCrl } from './crl.js'
import type { Chip } from './endorser.js'
import { authorityOf, rootName, type VekKind } from './names.js'
import type { Problem } from './result.js'
import { vouchCrl } from './revocation.js'
import { pinnedKey } from './roots.js'
import { isSignedBy } from './signature.js'
import { readVek } from './vek.js'
import { type Certificate, type Identity, parseCertificate } from './x509.js'

/** A certificate or CRL as DER, and read. */
export interface Read<Value> {
  readonly der: Bytes
  readonly value: Value
}

/**
 * The one certificate in an answer, if it says that it is the VCEK of this chip. Who signed it is
 * not looked at yet.
 */
export function readVcek(bytes: Bytes, { product, chipId, tcb }: Chip): Read<Certificate> {
  const der = onlyObject(bytes)
  const certificate = parseCertificate(der)
  const vek = readVek(certificate)
  const issuer = authorityOf(certificate.issuer)
  if (vek?.kind !== 'vcek' || issuer?.kind !== 'vcek') throw misfit('not the certificate of a VCEK')
  const { extensions } = vek
  if (issuer.product !== product || extensions.productName !== product) {
    throw misfit(`not of a ${product} chip`)
  }
  const { hwId } = extensions
  if (!hwId || !equalBytes(hwId, chipId)) throw misfit('of another chip')
  const names = Object.keys(tcb) as (keyof Tcb)[]
  const wrong = names.filter((name) => extensions.tcb?.[name] !== tcb[name])
  if (wrong.length > 0) throw misfit(`for another TCB, it differs in ${wrong.join(', ')}`)
  return { der, value: certificate }
}

/** Refuses a path that does not lead to a root that AMD or the caller vouches for. */
export function checkPath({ authority, anchor, problem }: Path): void {
  refuseIf(problem)
  if (anchor === 'none') throw misfit('its root is not trusted')
  refuseRevoked(authority as Identity)
}

/** The intermediate and the root in an answer, in this order whatever order they came in. */
export async function readChain(
  bytes: Bytes,
  product: Product,
  kind: VekKind,
  roots: readonly Certificate[],
): Promise<readonly Read<Certificate>[]> {
  const objects = derObjects(bytes).map((der) => ({ der, value: parseCertificate(der) }))
  const root = objects.find(({ value }) => value.subject === rootName(product))
  const authority = objects.find(({ value }) => {
    const named = authorityOf(value.subject)
    return named?.product === product && named.kind === kind
  })
  if (!root || !authority || objects.length !== 2) {
    throw misfit(`not exactly the intermediate for ${kind.toUpperCase()}s and the root`)
  }
  refuseIf(await vouch(root.value, { roots, presented: [] }))
  const names = authority.value.issuer === root.value.subject
  if (!names || !(await isSignedBy(authority.value, root.value))) {
    throw misfit('the intermediate is not signed by the root')
  }
  refuseRevoked(authority.value)
  return [authority, root]
}

/** The one CRL in an answer, if the root of the product signed it. */
export async function readCrl(
  bytes: Bytes,
  product: Product,
  roots: readonly Certificate[],
): Promise<Read<Crl>> {
  const der = onlyObject(bytes)
  const crl = parseCrl(der)
  if (crl.issuer !== rootName(product)) throw misfit(`not of the ${product} root`)
  refuseIf(await vouchCrl(crl, { roots, presented: [] }))
  return { der, value: crl }
}

/** Mirrors may answer in PEM, which can hold any number. */
function onlyObject(bytes: Bytes): Bytes {
  const [der, ...more] = derObjects(bytes)
  if (more.length > 0) throw misfit('more than one object')
  return der as Bytes
}

/** AMD issues anew under the successor, so that what was kept must not stand in the way. */
function refuseRevoked(authority: Identity): void {
  if (pinnedKey(authority)?.revoked) throw misfit('AMD has revoked and replaced the intermediate')
}

function refuseIf(problem: Problem | null): void {
  if (problem) throw misfit(problem.detail)
}

const misfit = (detail: string): AttestationError =>
  new AttestationError('ERR_ENDORSER_ANSWER', detail)
