// SPDX-License-Identifier: Apache-2.0
// The process of the certificate job in the image of the webhook: that one command, without `assay`.

import { setTimeout } from 'node:timers/promises'
import { runProgram } from './runner.js'
import { webhookCertsCommand } from './webhook-certs.js'

const io = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
  status: () => {},
  now: () => new Date(),
  sleep: (ms: number, signal: AbortSignal) => setTimeout(ms, undefined, { signal }),
}

runProgram(process.argv.slice(2), io, webhookCertsCommand).then((code) => {
  process.exitCode = code
})
