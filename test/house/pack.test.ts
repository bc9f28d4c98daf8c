// SPDX-License-Identifier: Apache-2.0
// What `npm pack` ships, used as a stranger would use it: imported by name, typed, and run.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { mintReport } from '../fake/snp.js'

const root = path.resolve(import.meta.dirname, '../..')

/** An empty project with the packed package in it; dependencies are linked, not fetched. */
function project(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'assay-pack-'))
  const packed = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', dir],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const listing: unknown = JSON.parse(packed)
  const [{ filename }] = Object.values(listing as object) as [{ filename: string }]
  const modules = path.join(dir, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (!name.startsWith('.'))
      symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  execFileSync('tar', ['-xzf', path.join(dir, filename), '-C', modules])
  execFileSync('mv', [path.join(modules, 'package'), path.join(modules, 'assay')])
  writeFileSync(path.join(dir, 'package.json'), '{ "type": "module", "private": true }\n')
  return dir
}

const dir = project()
const node = (...args: string[]): string =>
  execFileSync(process.execPath, args, { cwd: dir, encoding: 'utf8' })

t.test('package: imported by name, it parses a report', async (t) => {
  writeFileSync(path.join(dir, 'report.bin'), mintReport({ version: 5, product: 'Turin' }))
  writeFileSync(
    path.join(dir, 'use.mjs'),
    `import { readFileSync } from 'node:fs'
     import { parseSnpReport } from 'assay'
     console.log(parseSnpReport(readFileSync('report.bin')).version)`,
  )
  t.equal(node('use.mjs').trim(), '5')
})

t.test('package: its types are found and mean something', async (t) => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const compilerOptions = {
    noEmit: true,
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
  }
  writeFileSync(
    path.join(dir, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['use.ts'] }),
  )
  const good = `import { parseSnpReport, type SnpReport } from 'assay'
    import { appraise } from 'assay/verify'
    import { diskStore, type EndorsementStore } from 'assay/disk-store'
    import { fetchEvidence, fetchTransport } from 'assay/client'
    export const store: EndorsementStore = diskStore('cache')
    export const version = (report: SnpReport): number => report.version
    export const parse: (bytes: Uint8Array) => SnpReport = parseSnpReport
    export const verdict = appraise
    export const evidence = (url: string, nonce: Uint8Array) =>
      fetchEvidence({ url, nonce, transport: fetchTransport(fetch) })`
  const source = path.join(dir, 'use.ts')
  writeFileSync(source, good)
  t.equal(node(tsc).trim(), '')
  writeFileSync(source, good.replace('): number', '): string'))
  t.throws(() => node(tsc), /Command failed/)
})

t.test('package: carries the command, the licence and no test', async (t) => {
  const bin = path.join(dir, 'node_modules/assay/build/js/src/cli/main.js')
  t.match(node(bin, '--version'), /^\d+\.\d+\.\d+\n$/)
  const shipped = readdirSync(path.join(dir, 'node_modules/assay'))
  t.ok(shipped.includes('LICENSE'))
  t.notOk(shipped.includes('test'))
})
