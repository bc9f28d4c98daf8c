// SPDX-License-Identifier: Apache-2.0
// What an Endorser of AMD machines hands out, whoever it is: AMD's own service, a mirror, a store.

import type { Bytes } from '../core/private-copy.js'
import type { Product, Tcb } from '../core/snp.js'
import type { VekKind } from './names.js'

/** The chip and the firmware that a VCEK belongs to. */
export interface Chip {
  readonly product: Product
  /** What AMD calls hwID: 64 bytes; on Turin the first 8 of CHIP_ID. */
  readonly chipId: Uint8Array
  /** REPORTED_TCB of the report. */
  readonly tcb: Tcb
}

/**
 * Every refusal is an AttestationError, of the layer `unavailable`, or `endorsement` where something
 * wrong was handed out. Nothing is returned before it was checked.
 */
export interface SnpEndorser {
  /** The certificate of the VCEK of exactly this chip at this TCB, DER. */
  vcek(chip: Chip): Promise<Bytes>
  /** The intermediate (ASK or ASVK) and the root (ARK), DER. */
  chain(product: Product, kind: VekKind): Promise<readonly Bytes[]>
  /** What the root has revoked, DER. */
  crl(product: Product, kind: VekKind): Promise<Bytes>
}
