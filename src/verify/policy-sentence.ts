// SPDX-License-Identifier: Apache-2.0
// One sentence on one field of a policy.

export interface Sentence<Section> {
  readonly path: string
  /** What nothing looks at when the field is `'any'`; empty for a field that never is. */
  readonly what: string
  /** What evidence must be; null when the field is `'any'`. */
  readonly say: (section: Section) => string | null
}

export function sentence<Section, Value>(
  path: string,
  what: string,
  field: (section: Section) => Value | 'any',
  say: (value: Value) => string,
): Sentence<Section> {
  return {
    path,
    what,
    say: (section) => {
      const value = field(section)
      return value === 'any' ? null : say(value as Value)
    },
  }
}
