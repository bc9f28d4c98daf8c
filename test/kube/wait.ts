// SPDX-License-Identifier: Apache-2.0
// Waiting for what a control plane does in its own time.

const STEP_MS = 50

/**
 * What `look` finds, as soon as it is neither null nor undefined nor false. What it throws counts as
 * nothing found, and is the cause of the error where time runs out.
 *
 * @throws {Error} after `withinMs`
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  withinMs = 30_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + withinMs
  for (;;) {
    let cause: unknown
    try {
      const found = await look()
      if (found !== null && found !== undefined && found !== false) return found as never
    } catch (error) {
      cause = error
    }
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`, { cause })
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}
