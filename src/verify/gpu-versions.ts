// SPDX-License-Identifier: Apache-2.0
// The order of versions of drivers and VBIOS.

/** Compares versions part by part; the parts of a VBIOS version are hex, and of one length. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')]
  const length = Math.max(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const difference = value(left[at]) - value(right[at])
    if (difference !== 0) return difference
  }
  return 0
}

/** As hex: decimal digits of any two numbers keep their order in it. A part that is missing is 0. */
const value = (part = '0'): number => Number.parseInt(part, 16)
