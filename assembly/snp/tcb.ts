// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. TCB_VERSION: which byte holds which security patch level, one row per
// CPU generation; bytes without a name are zero. AMD 56860 rev 1.58, table TCB_VERSION.

export const TCB_LEN = 8

/** Family 19h: Milan, Genoa and their relatives. */
export enum Tcb19 {
  BootLoader = 0,
  Tee = 1,
  Snp = 6,
  Microcode = 7,
}

/** Family 1Ah: Turin. */
export enum Tcb1A {
  Fmc = 0,
  BootLoader = 1,
  Tee = 2,
  Snp = 3,
  Microcode = 7,
}
