// SPDX-License-Identifier: Apache-2.0
// The named parts of TDATTRIBUTES.

import * as bits from '../../assembly/tdx/bits.js'

/** TDATTRIBUTES (Intel TDX module ABI). Every bit of the lowest byte makes a TD untrusted. */
export interface TdAttributeBits {
  /** The host may read and change the TD. */
  readonly debug: boolean
  readonly hgsPlusProf: boolean
  readonly perfProf: boolean
  readonly pmtProf: boolean
  readonly lass: boolean
  /** Accesses to pending pages raise no #VE; Linux guests need it against the host. */
  readonly septVeDisable: boolean
  /** A migration TD may move the TD; MRSERVICETD then says which. */
  readonly migratable: boolean
  readonly pks: boolean
  /** Key locker. */
  readonly kl: boolean
  readonly tpa: boolean
  /** Performance counters are open to the TD, and a side channel with them. */
  readonly perfmon: boolean
  /** The bits without a known meaning, where they stand. */
  readonly unknown: bigint
}

/** Parts of TDATTRIBUTES. */
export function tdAttributeBits(attributes: bigint): TdAttributeBits {
  let unknown = attributes
  const take = (bit: number): boolean => {
    const mask = 1n << BigInt(bit)
    unknown &= ~mask
    return (attributes & mask) !== 0n
  }
  const known = {
    debug: take(bits.DEBUG_BIT),
    hgsPlusProf: take(bits.HGS_PLUS_PROF_BIT),
    perfProf: take(bits.PERF_PROF_BIT),
    pmtProf: take(bits.PMT_PROF_BIT),
    lass: take(bits.LASS_BIT),
    septVeDisable: take(bits.SEPT_VE_DISABLE_BIT),
    migratable: take(bits.MIGRATABLE_BIT),
    pks: take(bits.PKS_BIT),
    kl: take(bits.KL_BIT),
    tpa: take(bits.TPA_BIT),
    perfmon: take(bits.PERFMON_BIT),
  }
  return { ...known, unknown }
}
