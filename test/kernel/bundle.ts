// SPDX-License-Identifier: Apache-2.0
// Packs what runs in the guest: the tests, and of the sidecar what `npm run build` made.

import { existsSync } from 'node:fs'
import path from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = path.resolve(import.meta.dirname, '../..')

/** The tests import sources, for their types; what is tested is what is shipped. */
const shipped: Plugin = {
  name: 'shipped',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/src\/.*\.js$/ }, ({ path: specifier, resolveDir }) => {
      const source = path.relative(root, path.resolve(resolveDir, specifier))
      const built = path.join(root, 'build/js', source)
      if (!existsSync(built)) return { errors: [{ text: `${source} is not built` }] }
      return { path: built }
    }),
}

export const GUEST_SCRIPT = 'main.mjs'

/** Gives the folder, which holds nothing else. */
export async function bundleGuest(folder: string): Promise<string> {
  await build({
    absWorkingDir: root,
    entryPoints: ['test/kernel/guest/main.ts'],
    outfile: path.join(folder, GUEST_SCRIPT),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [shipped],
    // It is native: the lab brings it.
    external: ['koffi'],
    logLevel: 'warning',
  })
  return folder
}
