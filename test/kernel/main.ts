// SPDX-License-Identifier: Apache-2.0
// `npm run test:kernel`: the built surfaces before real kernels, each booted under QEMU by a lab that
// is no part of the project. It needs root, so it is no part of `npm test`; what is missing, it names.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runAll } from '../interop/suite.js'
import { bundleGuest } from './bundle.js'
import { boot, missing } from './lab.js'

const reason = missing()
if (reason === null) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'assay-kernel-'))
  // Downloads and builds of the lab; a folder that stays saves them the next time.
  const work = process.env.LAB_WORK ?? path.join(scratch, 'work')
  try {
    const guest = await bundleGuest(path.join(scratch, 'guest'))
    const runs = (['6.12', 'new'] as const).flatMap((kernel) =>
      [20, 24].map((node) => ({
        name: `kernel ${kernel}, Node ${node}`,
        run: async () => boot({ kernel, node, guest, work }),
      })),
    )
    await runAll(runs)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
} else {
  console.log(`SKIPPED: ${reason}`)
}
