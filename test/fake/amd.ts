// SPDX-License-Identifier: Apache-2.0
// AMD of the test world: the simulated one with knobs to break each certificate before it is signed,
// or to have it signed by somebody else.

import { OctetString } from '@peculiar/asn1-schema'
import { Extension, type TBSCertificate } from '@peculiar/asn1-x509'
import { decodeTcb, type Product } from '../../src/core/snp.js'
import { type CrlContent, generateAmdKeys, mintCrl, signReport } from '../../src/simulate/amd.js'
import { type AmdIdentity, type AmdKeys, amdTemplates } from '../../src/simulate/amd-templates.js'
import { type Bytes, signCertificate } from '../../src/simulate/x509.js'
import { MODELS, mintReport, type ReportFields } from './snp.js'

/** A time at which everything minted here is valid. */
export const AT = new Date('2026-07-01T12:00:00Z')
const NOT_BEFORE = new Date('2026-01-01T00:00:00Z')

export interface Knobs extends Partial<AmdIdentity> {
  /** Last changes before signing. */
  ark?: (tbs: TBSCertificate) => void
  authority?: (tbs: TBSCertificate) => void
  vek?: (tbs: TBSCertificate) => void
  /** Keys in the certificates and behind them; the same ones for a whole test run otherwise. */
  keys?: Partial<AmdKeys>
  /** Who signs instead of the key one step up. */
  signers?: Partial<Record<'ark' | 'authority' | 'vek', CryptoKey>>
}

export interface Amd {
  keys: AmdKeys
  ark: Bytes
  authority: Bytes
  vek: Bytes
  /** What a host hands out: VEK, intermediate, root. */
  chain: Bytes[]
  /** A report that the VEK signed. */
  report(fields?: ReportFields): Promise<Bytes>
  crl(content?: Partial<CrlContent>): Promise<Bytes>
}

let shared: Promise<AmdKeys> | undefined

/** RSA keys are slow to make: once per process. */
export function amdKeys(): Promise<AmdKeys> {
  shared ??= generateAmdKeys()
  return shared
}

let strangers: Promise<AmdKeys> | undefined

/** Keys of somebody else. */
export function foreignKeys(): Promise<AmdKeys> {
  strangers ??= generateAmdKeys()
  return strangers
}

export async function mintAmd(knobs: Knobs = {}): Promise<Amd> {
  const { product = 'Milan', kind = 'vcek' } = knobs
  const keys = { ...(await amdKeys()), ...knobs.keys }
  const templates = await amdTemplates(identityOf(product, knobs), keys)
  knobs.ark?.(templates.ark)
  knobs.authority?.(templates.authority)
  knobs.vek?.(templates.vek)
  const [ark, authority, vek] = await Promise.all([
    signCertificate(templates.ark, knobs.signers?.ark ?? keys.ark.privateKey),
    signCertificate(templates.authority, knobs.signers?.authority ?? keys.ark.privateKey),
    signCertificate(templates.vek, knobs.signers?.vek ?? keys.authority.privateKey),
  ])
  return {
    keys,
    ark,
    authority,
    vek,
    chain: [vek, authority, ark],
    report: (fields) => signReport(mintReport({ product, signingKey: kind, ...fields }), keys),
    crl: (content) =>
      mintCrl(
        {
          product,
          number: 7,
          thisUpdate: NOT_BEFORE,
          nextUpdate: new Date('2027-01-01T00:00:00Z'),
          revoked: [],
          ...content,
        },
        keys,
      ),
  }
}

function identityOf(product: Product, knobs: Knobs): AmdIdentity {
  return {
    product,
    kind: 'vcek',
    tcb: decodeTcb(Uint8Array.from(MODELS[product].tcb), product),
    chipId: new Uint8Array(64).fill(0xc1, 0, MODELS[product].chipIdLength),
    cspId: 'CN=cc-test-1.example',
    notBefore: NOT_BEFORE,
    ...knobs,
  }
}

/** OIDs of AMD's extensions, by the end that tells them apart. */
export const amdOid = (id: string): string => `1.3.6.1.4.1.3704.1.${id}`

/** Puts other content into an extension, or takes it away. */
export function setExtension(tbs: TBSCertificate, oid: string, value: Uint8Array | null): void {
  const list = tbs.extensions as Extension[]
  const at = list.findIndex(({ extnID }) => extnID === oid)
  const replacement =
    value === null ? [] : [new Extension({ extnID: oid, extnValue: new OctetString(value) })]
  list.splice(at < 0 ? list.length : at, at < 0 ? 0 : 1, ...replacement)
}

export const pem = (der: Uint8Array, label = 'CERTIFICATE'): string => {
  const body = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
}
