// SPDX-License-Identifier: Apache-2.0
// A process of its own that asks the device. Each argument is one surface and what it is asked: a
// character that REPORT_DATA is filled with, and a level; then a comma and the next.

import { openSevGuest } from '../../../src/sidecar/sev-guest.js'
import type { CpuSurface } from '../../../src/sidecar/surface.js'

const clock = { now: () => new Date(0), monotonic: () => 0, after: () => () => {} }
const say = (what: object): boolean => process.stdout.write(`${JSON.stringify(what)}\n`)

for (const questions of process.argv.slice(2)) {
  const surface = await openSevGuest({ path: '/dev/null', clock })
  for (const question of questions.split(',')) await ask(surface, question)
  await surface.close()
}

async function ask(surface: CpuSurface, question: string): Promise<void> {
  const [character = '', level] = question
  const reportData = new Uint8Array(64).fill(character.charCodeAt(0))
  const collecting = surface.collect(reportData, Number(level)).then(
    ({ report, auxblob }) => ({
      report: Buffer.from(report).toString('base64'),
      auxblob: Buffer.from(auxblob).toString('base64'),
    }),
    ({ code, message, cause }) => ({ code, message, cause: `${cause}` }),
  )
  if (character === 'G') {
    // By then the driver has the addresses; memory that nobody held would be somebody else's.
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
    say({ waiting: Array.from({ length: 256 }, () => new Uint8Array(0x4000).fill(0xff)).length })
  }
  say(await collecting)
}
