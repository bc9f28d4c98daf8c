#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The process behind `assay`: streams, environment, exit code.

import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { defaultCacheDir } from './cache-dir.js'
import { EXIT } from './exit.js'
import { wantsColor } from './io.js'
import { run } from './run.js'
import { statusOn } from './status.js'

const { version } = createRequire(import.meta.url)('assay/package.json') as { version: string }

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`assay inspect … | head`) is not a failure; a full disk is.
  if (code === 'EPIPE') return
  process.stderr.write(`assay: ERR_FILE: cannot write standard output: ${code}\n`)
  process.exitCode = EXIT.usage
})

const code = await run(process.argv.slice(2), version, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  color: wantsColor(process.stdout, process.env),
  stdin: process.stdin,
  now: () => new Date(),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fetch: globalThis.fetch,
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
  cacheDir: defaultCacheDir(process.env, homedir()),
  status: statusOn(process.stderr),
  env: process.env,
  stop: () => {
    const controller = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => controller.abort())
    return controller.signal
  },
})
process.exitCode ??= code
