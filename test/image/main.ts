// SPDX-License-Identifier: Apache-2.0
// `npm run test:image`: an image's own file system, read-only, with its own command started in it. It takes
// root and packages of Debian, so it is no part of `npm test`; what it cannot run, it names.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runAll } from '../interop/suite.js'
import { sidecar } from './sidecar.js'
import { webhook } from './webhook.js'

const scratch = mkdtempSync(path.join(tmpdir(), 'assay-image-'))
try {
  await runAll([sidecar(path.join(scratch, 'sidecar')), webhook(path.join(scratch, 'webhook'))])
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
