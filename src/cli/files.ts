// SPDX-License-Identifier: Apache-2.0
// Reads input files: bounded, and every refusal in one clear sentence.

import { open } from 'node:fs/promises'
import { AttestationError } from '../errors.js'
import type { Io } from './io.js'

/** The largest input file: well above any evidence or certificate chain, well below a disk image. */
export const MAX_FILE_LEN = 1 << 20

const STDIN = 'standard input'

const REASONS: Record<string, string> = { ENOENT: 'no such file', EACCES: 'permission denied' }

/**
 * Reads a file, or standard input for `-`.
 *
 * @throws {AttestationError} `ERR_FILE` when it cannot be read, `ERR_FILE_SIZE` when it is empty or
 *   larger than `limit`, `ERR_TERMINAL` when standard input is a terminal, `ERR_USAGE` when it is
 *   named a second time
 */
export async function readInput(
  name: string,
  io: Io,
  limit: number = MAX_FILE_LEN,
): Promise<Uint8Array> {
  try {
    return await (name === '-' ? readStdin(io, limit) : readFile(name, limit))
  } catch (cause) {
    throw unreadable(labelOf(name), cause)
  }
}

/** What messages call a file. */
export const labelOf = (name: string): string => (name === '-' ? STDIN : name)

/** All of them, in order; none when there is no flag. */
export const readInputs = (names: readonly string[] = [], io: Io): Promise<Uint8Array[]> =>
  Promise.all(names.map((name) => readInput(name, io)))

async function readFile(name: string, limit: number): Promise<Uint8Array> {
  const handle = await open(name, 'r')
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new AttestationError('ERR_FILE', `${name} is a directory`)
    if (stat.size > limit) throw tooLarge(name, stat.size, limit)
    return await readAll(name, handle.createReadStream({ autoClose: false }), limit)
  } finally {
    await handle.close()
  }
}

/** Standard inputs that somebody reads or has read. */
const taken = new WeakSet<Io['stdin']>()

async function readStdin({ stdin }: Io, limit: number): Promise<Uint8Array> {
  if (stdin.isTTY) {
    throw new AttestationError('ERR_TERMINAL', `${STDIN} is a terminal; name a file or pipe it in`)
  }
  if (taken.has(stdin)) {
    throw new AttestationError('ERR_USAGE', `${STDIN} can be only one of the files`)
  }
  taken.add(stdin)
  return readAll(STDIN, stdin, limit)
}

/** Reads to the end, but never more than the limit: a pipe or device has no size to ask for. */
async function readAll(
  name: string,
  stream: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > limit) throw tooLarge(name, length, limit)
    chunks.push(chunk)
  }
  if (length === 0) throw new AttestationError('ERR_FILE_SIZE', `${name} is empty`)
  return new Uint8Array(Buffer.concat(chunks))
}

function tooLarge(name: string, length: number, limit: number): AttestationError {
  return new AttestationError(
    'ERR_FILE_SIZE',
    `${name} has ${length} bytes or more, at most ${limit} expected`,
  )
}

/** What went wrong in the system's words, without the path that Node repeats in them. */
function unreadable(name: string, cause: unknown): AttestationError {
  if (cause instanceof AttestationError) return cause
  const { code } = cause as NodeJS.ErrnoException
  const reason = REASONS[String(code)] ?? code
  return new AttestationError('ERR_FILE', `cannot read ${name}: ${reason}`, { cause })
}
