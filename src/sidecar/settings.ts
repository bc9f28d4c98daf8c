// SPDX-License-Identifier: Apache-2.0
// Command line and environment → what the process is to do.

import { PORT } from '../protocol.js'
import { type Environment, oneOf, parseFlags } from '../service/flags.js'
import { type ListenAddress, parseListenAddress } from '../service/listen-address.js'
import { LEVELS, type Level } from '../service/log.js'

export interface Settings {
  readonly listen: ListenAddress
  readonly rawQuotes: 'allow' | 'deny'
  readonly plainHttp: boolean
  readonly gpus: Gpus
  readonly level: Level
  /** Where the files of the machine begin. */
  readonly root: string
  /** What is worth a line at the start. */
  readonly warnings: readonly string[]
}

/** Flags as they were written. */
export interface Flags {
  readonly listen?: string | undefined
  readonly rawQuotes?: string | undefined
  readonly plainHttp?: boolean | undefined
  readonly gpus?: string | undefined
  readonly logLevel?: string | undefined
  readonly root?: string | undefined
}

export const RAW_QUOTES = ['allow', 'deny'] as const
/** Of a guest that has some: to attest them, or to attest the CPU alone and say so. */
export const GPUS = ['attest', 'ignore'] as const
export type Gpus = (typeof GPUS)[number]
const FLAGS = {
  listen: { type: 'string' },
  'raw-quotes': { type: 'string' },
  'plain-http': { type: 'boolean' },
  gpus: { type: 'string' },
  'log-level': { type: 'string' },
  root: { type: 'string' },
} as const
/** AEP-83. */
const LISTEN_VARIABLE = 'ATTESTATION_LISTEN_ADDR'
const MOCK_PREFIX = 'ATTESTATION_MOCK'

/**
 * Settings of the command of the image.
 *
 * @param argv arguments without the interpreter and the script
 * @throws {AttestationError} `ERR_USAGE`, `ERR_ARGUMENT`
 */
export function readSettings(argv: readonly string[], environment: Environment): Settings {
  const values = parseFlags(argv, FLAGS)
  return settingsOf(
    {
      listen: values.listen,
      rawQuotes: values['raw-quotes'],
      plainHttp: values['plain-http'],
      gpus: values.gpus,
      logLevel: values['log-level'],
      root: values.root,
    },
    environment,
  )
}

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function settingsOf(flags: Flags, environment: Environment): Settings {
  // An empty variable is one that is not set, as in Go's sidecar.
  const variable = environment[LISTEN_VARIABLE] || `:${PORT}`
  return {
    listen:
      flags.listen === undefined
        ? parseListenAddress(variable, LISTEN_VARIABLE)
        : parseListenAddress(flags.listen, '--listen'),
    rawQuotes: oneOf(RAW_QUOTES, flags.rawQuotes ?? 'allow', '--raw-quotes'),
    plainHttp: flags.plainHttp ?? false,
    gpus: oneOf(GPUS, flags.gpus ?? 'attest', '--gpus'),
    level: oneOf(LEVELS, flags.logLevel ?? 'info', '--log-level'),
    root: flags.root ?? '/',
    warnings: Object.keys(environment)
      .filter((name) => name.startsWith(MOCK_PREFIX))
      .map((name) => `${name} has NO EFFECT: this sidecar forges nothing, and needs real hardware`),
  }
}
