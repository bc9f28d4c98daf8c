// SPDX-License-Identifier: Apache-2.0
// What the certificates of one AMD product line say before they are signed: names, numbers, lives
// and extensions of real ones (AMD 57230 and 58369).

import { type Extension, KeyUsageFlags, type TBSCertificate } from '@peculiar/asn1-x509'
import { HW_ID_LEN, type Product, type Tcb } from '../core/snp.js'
import { caConstraints, extension, keyUsage, toBeSigned } from '../service/x509-write.js'
import { bigEndian, derInteger, derText, PSS_SHA_384, vendorName } from './x509.js'

/** Keys of one simulated product line, private ones included. */
export interface AmdKeys {
  /** RSA-PSS. */
  readonly ark: CryptoKeyPair
  /** RSA-PSS; of the ASK or the ASVK. */
  readonly authority: CryptoKeyPair
  /** ECDSA P-384; of the VCEK or the VLEK. */
  readonly vek: CryptoKeyPair
}

/** What the certificates say. */
export interface AmdIdentity {
  readonly product: Product
  readonly kind: 'vcek' | 'vlek'
  /** REPORTED_TCB of the reports to be signed. */
  readonly tcb: Tcb
  /** CHIP_ID of those reports, 64 bytes; a VLEK does not name it. */
  readonly chipId: Uint8Array
  /** The cloud provider that a VLEK names, as AMD spells it: `CN=…`. */
  readonly cspId: string
  /** When all certificates become valid; they live as long as real ones. */
  readonly notBefore: Date
}

/** Certificates that want a signature: the first two that of the ARK, the last the authority's. */
export interface AmdTemplates {
  readonly ark: TBSCertificate
  /** The ASK or the ASVK. */
  readonly authority: TBSCertificate
  readonly vek: TBSCertificate
}

/** AMD numbers its roots by product, and the intermediates below them. */
const ROOT_SERIALS: Readonly<Record<Product, number>> = {
  Milan: 0x010000,
  Genoa: 0x020000,
  Turin: 0x030000,
}
const AUTHORITY_SERIALS = { vcek: 0x0001, vlek: 0x0101 }
const CA_YEARS = 25
const VEK_YEARS = { vcek: 7, vlek: 1 }
const PRODUCT_NAMES: Readonly<Record<Product, string>> = {
  Milan: 'Milan-B0',
  Genoa: 'Genoa',
  Turin: 'Turin',
}
const AMD = '1.3.6.1.4.1.3704.1'
/** Security patch levels as AMD writes them, the reserved ones among them. */
const SPL_ORDER = {
  withoutFmc: ['3.1', '3.2', '3.4', '3.5', '3.6', '3.7', '3.3', '3.8'],
  withFmc: ['3.9', '3.1', '3.2', '3.3', '3.5', '3.6', '3.7', '3.8'],
}

export const rootCommonName = (product: Product): string => `ARK-${product}`

export async function amdTemplates(identity: AmdIdentity, keys: AmdKeys): Promise<AmdTemplates> {
  const { product, kind, notBefore } = identity
  const root = rootCommonName(product)
  const authority = kind === 'vcek' ? `SEV-${product}` : `SEV-VLEK-${product}`
  const serial = ROOT_SERIALS[product]
  const { keyCertSign, cRLSign } = KeyUsageFlags
  return {
    ark: await template(root, root, keys.ark, {
      serial,
      ...years(notBefore, CA_YEARS),
      extensions: caExtensions(keyCertSign | cRLSign),
    }),
    authority: await template(root, authority, keys.authority, {
      serial: serial + AUTHORITY_SERIALS[kind],
      ...years(notBefore, CA_YEARS),
      extensions: caExtensions(keyCertSign, 0),
    }),
    vek: await template(authority, `SEV-${kind.toUpperCase()}`, keys.vek, {
      serial: 0,
      ...years(notBefore, VEK_YEARS[kind]),
      extensions: vekExtensions(identity),
    }),
  }
}

interface Content extends Lifetime {
  readonly serial: number
  readonly extensions: readonly Extension[]
}

interface Lifetime {
  readonly notBefore: Date
  readonly notAfter: Date
}

async function template(
  issuer: string,
  subject: string,
  { publicKey }: CryptoKeyPair,
  { serial, ...rest }: Content,
): Promise<TBSCertificate> {
  return toBeSigned({
    ...rest,
    serial: bigEndian(serial),
    signature: PSS_SHA_384,
    issuer: vendorName(issuer),
    subject: vendorName(subject),
    spki: await crypto.subtle.exportKey('spki', publicKey),
  })
}

function years(notBefore: Date, count: number): Lifetime {
  const notAfter = new Date(notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + count)
  return { notBefore, notAfter }
}

const caExtensions = (usage: number, pathLength?: number): Extension[] => [
  keyUsage(usage),
  caConstraints(pathLength),
]

function vekExtensions({ product, kind, tcb, chipId, cspId }: AmdIdentity): Extension[] {
  const { fmc, bootLoader, tee, snp, microcode } = tcb
  const spls: Record<string, number> = {
    '3.1': bootLoader,
    '3.2': tee,
    '3.3': snp,
    '3.8': microcode,
  }
  if (fmc !== null) spls['3.9'] = fmc
  const hwId = new Uint8Array(chipId.slice(0, HW_ID_LEN[product]))
  return [
    extension(`${AMD}.1`, derInteger(fmc === null ? 0 : 1)),
    extension(`${AMD}.2`, derText(kind === 'vcek' ? PRODUCT_NAMES[product] : product)),
    ...SPL_ORDER[fmc === null ? 'withoutFmc' : 'withFmc'].map((id) =>
      extension(`${AMD}.${id}`, derInteger(spls[id] ?? 0)),
    ),
    kind === 'vcek' ? extension(`${AMD}.4`, hwId) : extension(`${AMD}.5`, derText(cspId)),
  ]
}
