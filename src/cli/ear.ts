// SPDX-License-Identifier: Apache-2.0
// `--ear`: the result of `assay verify` as an EAR, in a file. The key is the caller's own.

import path from 'node:path'
import type { Command } from 'commander'
import {
  type AttestationResult,
  EAR_PROFILES,
  type EarProfile,
  type EarSigner,
  earClaims,
  earSigner,
  encodeEar,
  signEar,
} from '../verify/index.js'
import { once, usage } from './arguments.js'
import { readInput } from './files.js'
import type { Io } from './io.js'
import { replaceFile } from './output.js'

export interface EarFlags {
  readonly ear?: string
  readonly earKey?: string
  readonly earProfile?: string
  readonly earTtl?: string
  readonly at?: string
}

/** As long as tokens of Trustee live. */
const DEFAULT_TTL_S = 300
const MAX_TTL_S = 86_400
const DEFAULT_PROFILE: EarProfile = 'ietf-04'
const PROFILES = Object.keys(EAR_PROFILES)

/** The flags that ask for an EAR. */
export function earOptions(command: Command): Command {
  return command
    .option('--ear <file>', 'also write the result as an EAR, whatever it is', once('--ear'))
    .option(
      '--ear-key <file>',
      'sign the EAR with your own private key, JWK or PKCS#8 PEM (P-256, P-384, Ed25519)',
      once('--ear-key'),
    )
    .option(
      '--ear-profile <name>',
      `names of its claims: ${PROFILES.join(', ')} (default ${DEFAULT_PROFILE})`,
      once('--ear-profile'),
    )
    .option(
      '--ear-ttl <seconds>',
      `how long the EAR counts, at most a day (default ${DEFAULT_TTL_S})`,
      once('--ear-ttl'),
    )
}

/** Writes a result as an EAR, in place of what the file held; nothing when none is asked for. */
export type WriteEar = (result: AttestationResult) => Promise<void>

/**
 * Finds everything that can be wrong with the flags and the key, before anything is appraised.
 *
 * @param version of assay, for the EAR to name
 * @throws {AttestationError} `ERR_USAGE`, `ERR_EAR_KEY`, and what reading a file throws
 */
export async function openEar(flags: EarFlags, version: string, io: Io): Promise<WriteEar> {
  const { ear: file, earKey, earProfile = DEFAULT_PROFILE, earTtl } = flags
  if (file === undefined) return refuseStray(flags)
  if (file === '-') throw usage('--ear takes a file: standard output is for the answer')
  if (flags.at !== undefined) throw usage('--ear says what holds now, --at asks about another time')
  if (!isProfile(earProfile)) {
    throw usage(`--ear-profile takes ${PROFILES.join(' or ')}, got ${earProfile}`)
  }
  const lifetime = parseTtl(earTtl) * 1000
  const signer = earKey === undefined ? null : await readKey(earKey, file, io)
  return async (result) => {
    const issuedAt = io.now()
    const claims = earClaims(result, {
      profile: earProfile,
      verifierBuild: `assay ${version}`,
      issuedAt,
      expiresAt: new Date(issuedAt.getTime() + lifetime),
    })
    const text = signer ? await signEar(claims, signer.key, signer.keyId) : encodeEar(claims)
    await replaceFile(file, `${text}\n`)
  }
}

function refuseStray({ earKey, earProfile, earTtl }: EarFlags): WriteEar {
  const stray = { '--ear-key': earKey, '--ear-profile': earProfile, '--ear-ttl': earTtl }
  for (const [name, value] of Object.entries(stray)) {
    if (value !== undefined) throw usage(`${name} without --ear FILE`)
  }
  return async () => {}
}

const isProfile = (name: string): name is EarProfile => Object.hasOwn(EAR_PROFILES, name)

function parseTtl(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TTL_S
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= MAX_TTL_S) return seconds
  throw usage(`--ear-ttl takes 1 to ${MAX_TTL_S} seconds, got ${text}`)
}

async function readKey(file: string, ear: string, io: Io): Promise<EarSigner> {
  if (path.resolve(file) === path.resolve(ear)) throw usage('--ear would overwrite --ear-key')
  return earSigner(new TextDecoder().decode(await readInput(file, io)))
}
