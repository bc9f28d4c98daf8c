// SPDX-License-Identifier: Apache-2.0
// Throws mutated inputs at one parser and counts what came of them. Only an error about what was
// presented may come.

import { AttestationError, type Layer } from '../../src/errors.js'
import { mutate, random } from './mutate.js'
import type { Target } from './targets.js'

const ABOUT_INPUT: readonly Layer[] = ['evidence', 'endorsement']

export interface Tally {
  accepted: number
  refused: number
  /** How often each code was given: a code that never shows was not reached. */
  readonly codes: Record<string, number>
}

/** An input that a parser neither accepted nor refused properly; its bytes reproduce the failure. */
export class FuzzFailure extends Error {
  constructor(target: string, input: Uint8Array, cause: unknown) {
    super(`${target}: ${cause}\ninput: ${Buffer.from(input).toString('base64')}`, { cause })
  }
}

/**
 * @param progress called every 10,000 inputs with the number done
 * @throws {FuzzFailure} for a trap, any other error, or an AttestationError of another layer
 */
export function fuzz(
  target: Target,
  inputs: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Tally {
  const next = random(seed)
  const tally: Tally = { accepted: 0, refused: 0, codes: {} }
  for (let done = 0; done < inputs; done++) {
    const input = mutate(target.seeds, next)
    try {
      target.parse(input)
      tally.accepted++
    } catch (error) {
      if (!(error instanceof AttestationError) || !ABOUT_INPUT.includes(error.layer)) {
        throw new FuzzFailure(target.name, input, error)
      }
      tally.refused++
      tally.codes[error.code] = (tally.codes[error.code] ?? 0) + 1
    }
    if (done % 10_000 === 0) progress(done)
  }
  return tally
}
