// SPDX-License-Identifier: Apache-2.0
// What is asked of one directory of configfs-tsm: who answers, and one report.

import type { Bytes } from '../core/private-copy.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { AttestationError } from '../errors.js'
import { LIMITS, type Tee } from '../protocol.js'
import { type Asked, checkAnswer } from './asked.js'
import { ERRNO, errnoOf } from './errno.js'
import type { PlatformReport } from './surface.js'
import type { TsmDirectory } from './tsm-directory.js'

/** The kernel's name of a provider decides what it is; nothing is guessed. */
const TEE_OF_PROVIDER: ReadonlyMap<string, Tee> = new Map([
  ['sev_guest', 'snp'],
  ['tdx_guest', 'tdx'],
])

export interface Provider {
  readonly tee: Tee
  readonly floor: number
}

export async function identify(directory: TsmDirectory): Promise<Provider> {
  const name = await directory.text('provider')
  const tee = TEE_OF_PROVIDER.get(name)
  if (tee === undefined) {
    throw new AttestationError(
      'ERR_DEVICE_PROVIDER',
      `provider expected ${[...TEE_OF_PROVIDER.keys()].join(' or ')}, got ${JSON.stringify(name)}`,
    )
  }
  return { tee, floor: tee === 'snp' ? await directory.number('privlevel_floor', VMPL_MAX) : 0 }
}

export async function request(
  directory: TsmDirectory,
  tee: Tee,
  asked: Asked,
): Promise<PlatformReport> {
  const before = await directory.number('generation')
  const isSnp = tee === 'snp'
  // Without it the level is 0, even where the guest may not ask for that. TDX has no such file.
  if (isSnp) await directory.write('privlevel', new TextEncoder().encode(`${asked.vmpl}`))
  await directory.write('inblob', asked.reportData)
  const expected = before + (isSnp ? 2 : 1)
  const read = (attribute: string, most: number) => blob(directory, attribute, most, expected)
  const answer = await read('outblob', LIMITS.report)
  const auxblob = isSnp ? await read('auxblob', LIMITS.auxblob) : new Uint8Array()
  return { report: checkAnswer(tee, answer, asked), auxblob }
}

/** Somebody else wrote into our directory, so that what was read may be an answer to him. */
export class Moved extends AttestationError {}

async function blob(
  directory: TsmDirectory,
  attribute: string,
  most: number,
  expected: number,
): Promise<Bytes> {
  const checkGeneration = async () => {
    const now = await directory.number('generation')
    if (now === expected) return
    throw new Moved('ERR_DEVICE_ANSWER', `generation expected ${expected}, got ${now}`)
  }
  try {
    const bytes = await directory.read(attribute, most)
    await checkGeneration()
    return bytes
  } catch (error) {
    // Also what the kernel says when somebody emptied our inblob.
    if (error instanceof AttestationError && errnoOf(error.cause) === ERRNO.EINVAL) {
      await checkGeneration()
    }
    throw error
  }
}
