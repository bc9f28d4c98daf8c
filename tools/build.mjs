// SPDX-License-Identifier: Apache-2.0
// Builds everything: the WASM core, its embeddable copy, the JavaScript, the single-file bundle.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import { SERVICE_BUNDLE } from './service-bundle.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
/** Whose process an image has. */
const SERVICES = {
  sidecar: 'sidecar/main',
  webhook: 'webhook/main',
  'webhook-certs': 'cli/webhook-certs-main',
  directory: 'directory/main',
}
/** What an image does without: a Pod reaches its API server without it, and it takes 18 MiB. */
const LEFT_OUT = { directory: ['@kubernetes/client-node'] }
const out = (name) => path.join(root, 'build', name)

/** Runs a tool of node_modules with this very Node, so that no shell or PATH matters. */
function run(script, args) {
  const { status, error } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function buildCore() {
  run(require.resolve('assemblyscript/bin/asc.js'), ['--target', 'release'])
  const wasm = readFileSync(out('core.wasm'))
  const digest = createHash('sha256').update(wasm).digest('hex')
  // One string instead of a file to fetch: the same module then loads in Node, in browsers, in
  // workers and through any bundler, with no asset plugin and no second request.
  writeFileSync(
    out('core.wasm.js'),
    `// Generated from core.wasm, SHA-256 ${digest}\nexport const wasm =\n  '${wasm.toString('base64')}'\n`,
  )
  writeFileSync(out('core.wasm.d.ts'), 'export declare const wasm: string\n')
  writeFileSync(out('SHA256SUMS'), `${digest}  core.wasm\n`)
}

async function bundle() {
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['build/js/src/bundle.js'],
    outfile: 'build/assay.js',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'inline',
    logLevel: 'warning',
  })
}

/** The process of a service in one file, for its image. */
async function bundleService(name, main) {
  await esbuild.build({
    ...SERVICE_BUNDLE,
    external: [...SERVICE_BUNDLE.external, ...(LEFT_OUT[name] ?? [])],
    absWorkingDir: root,
    entryPoints: [`build/js/src/${main}.js`],
    outfile: `build/${name}.cjs`,
    // Run by its name, without a shell.
    banner: { js: '#!/usr/local/bin/node' },
  })
  chmodSync(out(`${name}.cjs`), 0o755)
}

mkdirSync(out(''), { recursive: true })
buildCore()
if (!process.argv.includes('--core')) {
  rmSync(out('js'), { recursive: true, force: true })
  run(require.resolve('typescript/bin/tsc'), ['-p', 'tsconfig.build.json'])
  await bundle()
  for (const [name, main] of Object.entries(SERVICES)) await bundleService(name, main)
}
