// SPDX-License-Identifier: Apache-2.0
// What the core promises about itself: no imports, fixed memory, no allocator, small, reproducible.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { wasm } from '#core.wasm'

const root = path.resolve(import.meta.dirname, '../..')
const bytes = readFileSync(path.join(root, 'build/core.wasm'))
const module = new WebAssembly.Module(bytes)
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

t.test('core.wasm: imports nothing, so it can call nobody', async (t) => {
  t.same(WebAssembly.Module.imports(module), [])
})

t.test('core.wasm: memory is fixed', async (t) => {
  const { memory } = new WebAssembly.Instance(module, {}).exports as { memory: WebAssembly.Memory }
  const before = memory.buffer.byteLength
  t.throws(() => memory.grow(1), RangeError)
  t.equal(memory.buffer.byteLength, before)
})

t.test('core.wasm: holds no allocator and no runtime', async (t) => {
  const text = readFileSync(path.join(root, 'build/core.wat'), 'utf8')
  t.notMatch(text, /~lib\/rt\//)
  t.match(text, /\(memory /)
})

t.test('core.wasm: at most 32 KiB', async (t) => {
  t.ok(bytes.length <= 32 * 1024, `${bytes.length} bytes`)
})

t.test('core.wasm: every export is one that src/core uses', async (t) => {
  const boundary = readFileSync(path.join(root, 'src/core/core.ts'), 'utf8')
  for (const { name } of WebAssembly.Module.exports(module)) {
    t.match(boundary, new RegExp(`\\b${name}\\b`), name)
  }
})

t.test('core.wasm: byte-identical on rebuild, and what SHA256SUMS says', async (t) => {
  const out = mkdtempSync(path.join(tmpdir(), 'assay-rebuild-'))
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js')
  const rebuilt = path.join(out, 'core.wasm')
  execFileSync(process.execPath, [asc, '--target', 'release', '--outFile', rebuilt], { cwd: root })
  const sums = readFileSync(path.join(root, 'build/SHA256SUMS'), 'utf8')
  t.equal(sha256(readFileSync(rebuilt)), sha256(bytes))
  t.equal(sums, `${sha256(bytes)}  core.wasm\n`)
  t.ok(Buffer.from(wasm, 'base64').equals(bytes), 'the embedded copy is the same module')
})
