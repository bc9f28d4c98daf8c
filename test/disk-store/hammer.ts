// SPDX-License-Identifier: Apache-2.0
// One of several processes that write and read the same key. Says what it read.

import { diskStore } from '../../src/disk-store/index.js'

const [dir, fill] = process.argv.slice(2) as [string, string]
const store = diskStore(dir)
const seen = { read: 0, wrong: 0, missing: 0 }

for (let round = 0; round < 200; round++) {
  // Of different lengths, so that a mixture could not go unnoticed.
  const bytes = new Uint8Array(1000 * Number(fill) + round).fill(Number(fill))
  await store.put('contended', { bytes, fetchedAt: round })
  const found = await store.get('contended')
  if (found === null) seen.missing++
  else {
    seen.read++
    const [first] = found.bytes
    const length = 1000 * Number(first) + found.fetchedAt
    const whole = found.bytes.length === length && found.bytes.every((byte) => byte === first)
    if (!whole) seen.wrong++
  }
}
process.stdout.write(JSON.stringify(seen))
