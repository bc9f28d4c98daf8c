// SPDX-License-Identifier: Apache-2.0
// Command lines of our images' processes → values, each refusal naming its flag.

import { type ParseArgsConfig, parseArgs } from 'node:util'
import { AttestationError } from '../errors.js'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Flags of a process, and nothing beside them.
 *
 * @param argv arguments without the interpreter and the script
 * @throws {AttestationError} `ERR_USAGE`
 */
export function parseFlags<const T extends NonNullable<ParseArgsConfig['options']>>(
  argv: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options }).values
  } catch (cause) {
    throw new AttestationError('ERR_USAGE', (cause as Error).message.split(/[.\n]/)[0] as string, {
      cause,
    })
  }
}

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function oneOf<T extends string>(choices: readonly T[], value: string, name: string): T {
  const choice = choices.find((one) => one === value)
  if (choice !== undefined) return choice
  throw new AttestationError('ERR_ARGUMENT', `${name} is one of ${choices.join(', ')}`)
}
