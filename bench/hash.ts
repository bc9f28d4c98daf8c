// SPDX-License-Identifier: Apache-2.0
// How fast is hashing in the core, with everything a caller pays: bytes in, digest out?

import { createHash, hash, randomBytes } from 'node:crypto'
import { sha384 as noble384, sha512 as noble512 } from '@noble/hashes/sha2.js'
import { sha384, sha384Pair, sha512 } from 'assay'
import { createSHA384, createSHA512 } from 'hash-wasm'
import type { Question } from './harness.js'

/** As long as the evidence of a GPU, more or less. */
const REPORT_LEN = 6 * 1024
/** A TLS key and a nonce. */
const TLS_BINDING_LEN = 120 + 64

const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

export async function hashQuestions(): Promise<Question[]> {
  const report = bytes(REPORT_LEN)
  const binding = bytes(TLS_BINDING_LEN)
  const [first, second] = [bytes(97), bytes(97)]
  const wasm384 = await createSHA384()
  const wasm512 = await createSHA512()
  return [
    {
      title: 'SHA-384 of 6 KiB',
      contenders: [
        { name: 'assay', run: () => sha384(report) },
        {
          name: 'node:crypto createHash',
          run: () => createHash('sha384').update(report).digest(),
          atLeast: 0.75,
        },
        { name: 'node:crypto hash', run: () => hash('sha384', report, 'buffer') },
        {
          name: 'hash-wasm',
          run: () => wasm384.init().update(report).digest('binary'),
          atLeast: 2,
        },
        { name: '@noble/hashes', run: () => noble384(report), atLeast: 6 },
      ],
    },
    {
      title: 'SHA-512 of 184 bytes',
      contenders: [
        { name: 'assay', run: () => sha512(binding) },
        {
          name: 'node:crypto createHash',
          run: () => createHash('sha512').update(binding).digest(),
          atLeast: 2,
        },
        {
          name: 'node:crypto hash',
          run: () => hash('sha512', binding, 'buffer'),
          atLeast: 1.3,
        },
        { name: 'hash-wasm', run: () => wasm512.init().update(binding).digest('binary') },
        { name: '@noble/hashes', run: () => noble512(binding) },
      ],
    },
    {
      title: 'Two SHA-384 of one block each',
      contenders: [
        { name: 'assay, as a pair', run: () => sha384Pair(first, second) },
        { name: 'assay, two calls', run: () => [sha384(first), sha384(second)] },
        {
          name: 'node:crypto hash, two calls',
          run: () => [hash('sha384', first, 'buffer'), hash('sha384', second, 'buffer')],
        },
      ],
    },
  ]
}
