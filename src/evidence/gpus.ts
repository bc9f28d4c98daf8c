// SPDX-License-Identifier: Apache-2.0
// The one rule for the GPUs of any answer: each once, in order.

/** Throws what `refusal` makes for the first device whose index does not exceed the one before. */
export function checkIndices(
  devices: readonly { readonly index: number }[],
  refusal: (at: number) => Error,
): void {
  let last = -1
  for (const [at, { index }] of devices.entries()) {
    if (index <= last) throw refusal(at)
    last = index
  }
}
