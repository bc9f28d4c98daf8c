// SPDX-License-Identifier: Apache-2.0
// Where the leases come from, as the directory sees it.

import type { DirectoryState } from './state.js'

export interface Source {
  /**
   * Fills the state, then keeps it so. Resolves when the first whole state is there: until then, the
   * directory says that it does not know yet. Rejects only where waiting does not help, and the
   * process ends with that.
   */
  start(state: DirectoryState): Promise<void>
  /** False while it is cut off from what it mirrors: answers are then marked stale. */
  readonly connected: boolean
  close(): Promise<void>
}
