// SPDX-License-Identifier: Apache-2.0
// The names in AMD's certificates (AMD 57230, 58369), and what each one may be.

import type { Product } from '../core/snp.js'

/** A key that signs reports: of the chip, or of the cloud provider's fleet. */
export type VekKind = 'vcek' | 'vlek'

/** What an intermediate may issue, and for which product. */
export interface Authority {
  readonly kind: VekKind
  readonly product: Product
}

export const PRODUCTS: readonly Product[] = ['Milan', 'Genoa', 'Turin']

const VENDOR = 'OU=Engineering, C=US, L=Santa Clara, ST=CA, O=Advanced Micro Devices, CN='

/** The distinguished name, as `Identity` spells it, of an AMD common name. */
export const amdName = (commonName: string): string => VENDOR + commonName

export const rootName = (product: Product): string => amdName(`ARK-${product}`)

const VEKS: ReadonlyMap<string, VekKind> = new Map([
  [amdName('SEV-VCEK'), 'vcek'],
  [amdName('SEV-VLEK'), 'vlek'],
])

const AUTHORITIES: ReadonlyMap<string, Authority> = new Map(
  PRODUCTS.flatMap((product): [string, Authority][] => [
    [amdName(`SEV-${product}`), { kind: 'vcek', product }],
    [amdName(`SEV-VLEK-${product}`), { kind: 'vlek', product }],
  ]),
)

/** Which endorsement key a subject names, or null when it names none. */
export const vekKind = (subject: string): VekKind | null => VEKS.get(subject) ?? null

/** Which intermediate (ASK or ASVK) a name is, or null when it is none. */
export const authorityOf = (name: string): Authority | null => AUTHORITIES.get(name) ?? null

/** The common name of an AMD name. */
export const commonName = (name: string): string => name.slice(VENDOR.length)
