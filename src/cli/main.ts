#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The process behind `assay`: streams, environment, exit code.

import { createRequire } from 'node:module'
import { run } from './run.js'

const { version } = createRequire(import.meta.url)('assay/package.json') as { version: string }

// A reader that has seen enough (`assay inspect … | head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), version, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  stdin: process.stdin,
  now: () => new Date(),
})
