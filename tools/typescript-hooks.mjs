// SPDX-License-Identifier: Apache-2.0
// The hooks that `typescript.mjs` registers, in a thread of their own.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'

const TYPESCRIPT = '.ts'
const DECLARATIONS = '.d.ts'

const isSource = (url) => url?.endsWith(TYPESCRIPT) && !url.endsWith(DECLARATIONS)

/** Sources import each other by the names that they have once they are built. */
export function resolve(specifier, context, next) {
  if (isSource(context.parentURL) && /^\.\.?\/.*\.js$/.test(specifier)) {
    const url = new URL(specifier.replace(/js$/, 'ts'), context.parentURL)
    if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true }
  }
  return next(specifier, context)
}

export function load(url, context, next) {
  if (!isSource(url)) return next(url, context)
  const sourcefile = fileURLToPath(url)
  const { code } = transformSync(readFileSync(sourcefile, 'utf8'), {
    ...{ loader: 'ts', format: 'esm', target: 'node20', sourcefile, sourcemap: 'inline' },
  })
  return { format: 'module', source: code, shortCircuit: true }
}
