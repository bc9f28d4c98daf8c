// SPDX-License-Identifier: Apache-2.0
// Runs a bench against the package as it is built: `assay` and every dependency are loaded as a
// user's program loads them; only the bench itself is compiled here.
//
//   node tools/bench.mjs [sidecar | webhook | directory | soak] [flags]

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import { SERVICE_BUNDLE } from './service-bundle.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const outdir = path.join(root, 'build/bench')
/** Each is a program; the servers among them are started by the others. */
const PROGRAMS = [
  ...['main', 'sidecar', 'soak', 'load', 'bare', 'firmware', 'webhook', 'webhook-load'],
  ...['directory', 'directory-load', 'directory-bare'],
]

const [first, ...others] = process.argv.slice(2)
const named = ['sidecar', 'webhook', 'directory', 'soak'].includes(first)

await esbuild.build({
  absWorkingDir: root,
  entryPoints: PROGRAMS.map((name) => `bench/${name}.ts`),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
})
// As the image has it.
for (const name of ['simulated', 'directory-served']) {
  await esbuild.build({
    ...SERVICE_BUNDLE,
    external: [...SERVICE_BUNDLE.external, '@kubernetes/client-node'],
    absWorkingDir: root,
    entryPoints: [`bench/${name}.ts`],
    outfile: path.join(outdir, `${name}.cjs`),
  })
}
const script = path.join(outdir, `${named ? first : 'main'}.mjs`)
const { status } = spawnSync(
  process.execPath,
  [script, ...(named ? others : process.argv.slice(2))],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
process.exitCode = status ?? 1
