// SPDX-License-Identifier: Apache-2.0
// The flags of `assay verify` that name tokens of attestation services, and the keys to judge them by.

import type { Command } from 'commander'
import { parseJson } from '../evidence.js'
import type { JwkSet, Voucher } from '../verify/index.js'
import { collect, usage } from './arguments.js'
import { readInput } from './files.js'
import type { Io } from './io.js'

export interface VoucherFlags {
  readonly nras?: readonly string[]
  readonly ita?: readonly string[]
  readonly jwks?: readonly string[]
}

export function voucherOptions(command: Command): Command {
  return command
    .option(
      '--nras <file>',
      'an answer of NVIDIA’s Remote Attestation Service about the GPUs (repeatable)',
      collect,
    )
    .option('--ita <file>', 'a token of Intel Trust Authority about a GPU (repeatable)', collect)
    .option(
      '--jwks <file>',
      'the service’s keys, a JWK Set: one for each --nras, then for each --ita, or one for all',
      collect,
    )
}

/**
 * The tokens that the flags name.
 *
 * @throws {AttestationError} `ERR_USAGE`, `ERR_FILE_FORMAT` for what is not JSON, and what reading a
 * file throws
 */
export async function readVouchers(
  { nras = [], ita = [], jwks = [] }: VoucherFlags,
  io: Io,
): Promise<Voucher[]> {
  const tokens = [
    ...nras.map((file) => ({ service: 'nras', file }) as const),
    ...ita.map((file) => ({ service: 'ita', file }) as const),
  ]
  const [first] = jwks
  if (tokens.length === 0) {
    if (first !== undefined) throw usage('--jwks is for tokens: add --nras FILE or --ita FILE')
    return []
  }
  if (first === undefined || (jwks.length > 1 && jwks.length !== tokens.length)) {
    throw usage(
      `one --jwks for all tokens expected or one for each of ${tokens.length}, got ${jwks.length}`,
    )
  }
  const sets = await Promise.all(jwks.map((file) => readJson(file, io)))
  return Promise.all(
    tokens.map(async ({ service, file }, at) => ({
      service,
      answer: service === 'ita' ? await readToken(file, io) : await readJson(file, io),
      jwks: (sets[at] ?? sets[0]) as JwkSet,
    })),
  )
}

const readJson = async (file: string, io: Io): Promise<unknown> =>
  parseJson(await readInput(file, io), 'ERR_FILE_FORMAT')

/** The service’s answer, or the token in it, which is what its tools save. */
async function readToken(file: string, io: Io): Promise<unknown> {
  const bytes = await readInput(file, io)
  const text = new TextDecoder().decode(bytes).trim()
  return text.startsWith('{') ? parseJson(bytes, 'ERR_FILE_FORMAT') : text
}
