// SPDX-License-Identifier: Apache-2.0
// @tinfoilsh/verifier as a contender, where somebody has put it within reach: it is no dependency.

import { gzipSync } from 'node:zlib'
import type { Chip } from './chips.js'
import type { AsyncContender } from './harness-async.js'

/** What is used of its public API. */
interface Module {
  readonly PredicateType: { readonly SevGuestV2: string }
  readonly verifyAttestation: (
    document: { format: string; body: string },
    vcek: string,
  ) => Promise<unknown>
}

/** A variable, because the compiler looks for what a literal names. */
const NAME = '@tinfoilsh/verifier'

/** The contender with the first chip that it accepts, or why there is none. */
export async function tinfoil(
  chips: readonly Chip[],
): Promise<(AsyncContender<Chip> & { readonly chip: Chip }) | string> {
  let module: Module
  try {
    module = await import(NAME)
  } catch {
    return 'not installed'
  }
  for (const chip of chips) {
    const document = {
      format: module.PredicateType.SevGuestV2,
      body: gzipSync(chip.report).toString('base64'),
    }
    const vcek = Buffer.from(chip.endorsements[0] as Uint8Array).toString('base64')
    const run = () => module.verifyAttestation(document, vcek)
    try {
      await run()
      return { name: NAME, run, chip }
    } catch {
      // It knows Genoa only, has a policy of its own, and judges by the clock of the machine.
    }
  }
  return 'it accepts none of the real chips here'
}
