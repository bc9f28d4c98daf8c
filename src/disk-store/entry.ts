// SPDX-License-Identifier: Apache-2.0
// One entry as the content of a file: a line that says what it is, and the bytes.

import { createHash } from 'node:crypto'
import type { StoredEntry } from '../verify/store.js'

/** The longest file that is read: well above any endorsement. */
export const MAX_FILE_LEN = 1 << 20

const NEWLINE = 0x0a

/** `assay-store-1`, SHA-256 of all that follows it, time, key; then the bytes. */
export function encodeEntry(key: string, { bytes, fetchedAt }: StoredEntry): Uint8Array {
  const content = Buffer.concat([Buffer.from(`${fetchedAt} ${key}\n`), bytes])
  const digest = createHash('sha256').update(content).digest('hex')
  return Buffer.concat([Buffer.from(`assay-store-1 ${digest} `), content])
}

/** The entry, or null unless the file is to the byte what `encodeEntry` makes of it for this key. */
export function decodeEntry(key: string, file: Uint8Array): StoredEntry | null {
  const end = file.indexOf(NEWLINE)
  const [, , fetchedAt] = Buffer.from(file.subarray(0, end)).toString('latin1').split(' ')
  const entry = { bytes: new Uint8Array(file.subarray(end + 1)), fetchedAt: Number(fetchedAt) }
  return Buffer.from(file).equals(encodeEntry(key, entry)) ? entry : null
}
