// SPDX-License-Identifier: Apache-2.0
// Which product made a report, and what the eight bytes of a TCB_VERSION say on that product.

import { TCB_LEN, Tcb1A, Tcb19 } from '../../assembly/snp/tcb.js'
import { AttestationError } from '../errors.js'

/** A product as AMD's Key Distribution Service names it; Bergamo and Siena are `Genoa` there. */
export type Product = 'Milan' | 'Genoa' | 'Turin'

/** Combined family and model, and stepping, of the processor that runs the guest. */
export interface Cpuid {
  readonly family: number
  readonly model: number
  readonly stepping: number
}

/** A decoded TCB_VERSION. Compare per component; `fmc` exists on Turin only. */
export interface Tcb {
  readonly fmc: number | null
  readonly bootLoader: number
  readonly tee: number
  readonly snp: number
  readonly microcode: number
}

/** Bytes of a hwID; in CHIP_ID zeros follow where it is shorter. */
export const HW_ID_LEN: Readonly<Record<Product, number>> = { Milan: 64, Genoa: 64, Turin: 8 }

type Models = readonly [family: number, first: number, last: number, product: Product]

/** AMD 57230, product names; the ranges are inclusive. */
const MODELS: readonly Models[] = [
  [0x19, 0x00, 0x0f, 'Milan'],
  [0x19, 0x10, 0x1f, 'Genoa'],
  [0x19, 0xa0, 0xaf, 'Genoa'],
  [0x1a, 0x00, 0x11, 'Turin'],
]

/** Byte order of a TCB_VERSION. */
const ROWS = new Map<Product, typeof Tcb19 | typeof Tcb1A>([
  ['Milan', Tcb19],
  ['Genoa', Tcb19],
  ['Turin', Tcb1A],
])

/** The product of a processor, or null for one without a public root: unknown is never a default. */
export function productOf({ family, model }: Omit<Cpuid, 'stepping'>): Product | null {
  const row = MODELS.find(([f, first, last]) => f === family && first <= model && model <= last)
  return row?.[3] ?? null
}

/**
 * Decodes the eight bytes of a TCB_VERSION in the byte order of `product`.
 *
 * @throws {AttestationError} `ERR_SNP_TCB` when the length is wrong or a byte is set that this
 * product does not have, as happens when the product is not the one that made the report;
 * `ERR_SNP_PRODUCT` for a product without a known byte order
 */
export function decodeTcb(raw: Uint8Array, product: Product): Tcb {
  if (raw.length !== TCB_LEN) {
    const got = `got ${raw.length}`
    throw new AttestationError('ERR_SNP_TCB', `TCB_VERSION of ${TCB_LEN} bytes expected, ${got}`)
  }
  const row = ROWS.get(product)
  if (row === undefined) {
    throw new AttestationError('ERR_SNP_PRODUCT', 'product Milan, Genoa or Turin expected')
  }
  for (let at = 0; at < TCB_LEN; at++) {
    if (row[at] === undefined && raw[at] !== 0) {
      const where = `byte ${at} of a ${product} TCB_VERSION`
      throw new AttestationError('ERR_SNP_TCB', `${where} is reserved and not zero`)
    }
  }
  const spl = (at: number) => raw[at] as number
  return {
    fmc: row === Tcb1A ? spl(row.Fmc) : null,
    bootLoader: spl(row.BootLoader),
    tee: spl(row.Tee),
    snp: spl(row.Snp),
    microcode: spl(row.Microcode),
  }
}

/**
 * Whether every component of `tcb` reaches that of `floor`. TCBs of different generations do not
 * compare: a component that only one of them has makes it false.
 */
export function tcbAtLeast(tcb: Tcb, floor: Tcb): boolean {
  if ((tcb.fmc === null) !== (floor.fmc === null)) return false
  return (
    (tcb.fmc ?? 0) >= (floor.fmc ?? 0) &&
    tcb.bootLoader >= floor.bootLoader &&
    tcb.tee >= floor.tee &&
    tcb.snp >= floor.snp &&
    tcb.microcode >= floor.microcode
  )
}
