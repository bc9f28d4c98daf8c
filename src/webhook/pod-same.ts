// SPDX-License-Identifier: Apache-2.0
// Whether two JSON values say the same.

/** Without recursion: how deep the values are nested is the sender's choice. */
export function same(left: unknown, right: unknown): boolean {
  const pairs: [unknown, unknown][] = [[left, right]]
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a, b] = pair
    if (a === b) continue
    if (!isCompound(a) || !isCompound(b) || Array.isArray(a) !== Array.isArray(b)) return false
    const names = Object.keys(a)
    if (names.length !== Object.keys(b).length) return false
    for (const name of names) {
      if (!Object.hasOwn(b, name)) return false
      pairs.push([a[name as keyof typeof a], b[name as keyof typeof b]])
    }
  }
  return true
}

const isCompound = (value: unknown): value is object => typeof value === 'object' && value !== null
