// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { diskStore } from '../../src/disk-store/index.js'

const entry = (fill: number, length = 1000) => ({
  bytes: new Uint8Array(length).fill(fill),
  fetchedAt: 1_780_000_000_000 + fill,
})

/** A store in a folder that is not there yet. */
function fresh(t: Test, options?: { maxFiles: number }) {
  const dir = path.join(t.testdir(), 'deep', 'assay')
  const files = () => readdirSync(dir).map((name) => path.join(dir, name))
  return { dir, files, store: diskStore(dir, options) }
}

const mode = (file: string): number => statSync(file).mode & 0o777

t.test('disk store: what was put is there, also for another process', async (t) => {
  const { dir, store, files } = fresh(t)
  t.equal(await store.get('a'), null, 'nothing before')
  t.notOk(existsSync(dir), 'reading makes no folder')
  const keys = ['a', 'A', 'kds/v1/vcek/Milan/../../x', `long ${'x'.repeat(1000)}`, 'ü', '']
  for (const [at, key] of keys.entries()) await store.put(key, entry(at))
  for (const [at, key] of keys.entries()) t.same(await diskStore(dir).get(key), entry(at), key)
  t.equal(files().length, keys.length, 'one file each, and nothing beside them')
  await store.put('a', entry(9, 0))
  t.same(await store.get('a'), entry(9, 0), 'the later one, were it empty')
})

t.test('disk store: for the user alone', async (t) => {
  const { dir, store, files } = fresh(t)
  await store.put('a', entry(1))
  t.equal(mode(path.dirname(dir)), 0o700)
  t.equal(mode(dir), 0o700)
  t.equal(mode(files()[0] as string), 0o600)
})

t.test('disk store: a torn or altered file is a miss', async (t) => {
  const { store, files } = fresh(t)
  await store.put('a', entry(1, 50))
  const [file] = files() as [string]
  const whole = readFileSync(file)
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length))
    if ((await store.get('a')) !== null) t.fail(`read after ${length} bytes`)
  }
  for (let at = 0; at < whole.length; at++) {
    const copy = Buffer.from(whole)
    copy[at] = (copy[at] as number) ^ 1
    writeFileSync(file, copy)
    if ((await store.get('a')) !== null) t.fail(`read with byte ${at} altered`)
  }
  writeFileSync(file, Buffer.concat([whole, Buffer.of(0)]))
  t.equal(await store.get('a'), null)
  writeFileSync(file, whole)
  t.same(await store.get('a'), entry(1, 50))
})

t.test('disk store: a foreign file is a miss', async (t) => {
  const { dir, store, files } = fresh(t)
  await store.put('a', entry(1))
  await store.put('b', entry(2))
  const [one, other] = files() as [string, string]
  writeFileSync(one, readFileSync(other))
  const found = [await store.get('a'), await store.get('b')]
  t.equal(found.filter((value) => value === null).length, 1, 'the entry of another key')
  writeFileSync(one, Buffer.alloc((1 << 20) + 1, 0x61))
  writeFileSync(other, 'no newline at all')
  t.same([await store.get('a'), await store.get('b')], [null, null])
  const elsewhere = path.join(dir, 'elsewhere')
  await diskStore(elsewhere).put('c', entry(3))
  await store.put('c', entry(3))
  const name = readdirSync(elsewhere)[0] as string
  execFileSync('rm', [path.join(dir, name)])
  symlinkSync(path.join(elsewhere, name), path.join(dir, name))
  t.equal(await store.get('c'), null, 'a link')
  execFileSync('rm', [path.join(dir, name)])
  mkdirSync(path.join(dir, name))
  t.equal(await store.get('c'), null, 'a folder')
  execFileSync('rmdir', [path.join(dir, name)])
  execFileSync('mkfifo', [path.join(dir, name)])
  t.equal(await store.get('c'), null, 'a pipe that nobody writes to')
})

t.test('disk store: a folder that cannot be used', async (t) => {
  const dir = t.testdir({ file: 'not a folder' })
  const store = diskStore(path.join(dir, 'file'))
  t.equal(await store.get('a'), null)
  await t.rejects(store.put('a', entry(1)), { code: 'EEXIST' })
  const below = diskStore(path.join(dir, 'file', 'below'))
  t.equal(await below.get('a'), null)
  await t.rejects(below.put('a', entry(1)), { code: 'ENOTDIR' })
})

t.test(
  'disk store: a folder without permission',
  { skip: process.getuid?.() === 0 && 'permissions do not bind the superuser' },
  async (t) => {
    const { dir, store, files } = fresh(t)
    await store.put('a', entry(1))
    chmodSync(files()[0] as string, 0o000)
    t.equal(await store.get('a'), null)
    chmodSync(dir, 0o500)
    t.teardown(() => chmodSync(dir, 0o700))
    await t.rejects(store.put('b', entry(1)), { code: 'EACCES' })
  },
)

t.test('disk store: what cannot be put in place leaves nothing behind', async (t) => {
  const { dir, store, files } = fresh(t)
  await store.put('a', entry(1))
  const [file] = files() as [string]
  execFileSync('rm', [file])
  mkdirSync(path.join(file, 'in the way'), { recursive: true })
  await t.rejects(store.put('a', entry(2)), { code: 'EISDIR' })
  t.same(readdirSync(dir), [path.basename(file)])
})

t.test('disk store: the files written longest ago go, and only ours', async (t) => {
  const { dir, store, files } = fresh(t, { maxFiles: 3 })
  const put = async (key: string, seconds: number) => {
    const before = new Set(existsSync(dir) ? files() : [])
    await store.put(key, entry(1))
    const [file] = files().filter((name) => !before.has(name))
    utimesSync(file as string, seconds, seconds)
  }
  await put('a', 1000)
  await put('b', 2000)
  writeFileSync(path.join(dir, 'README'), 'of somebody else')
  utimesSync(path.join(dir, 'README'), 1, 1)
  const unfinished = (digit: string, age: number) => {
    const file = path.join(dir, `${digit.repeat(64)}.${digit.repeat(16)}.new`)
    writeFileSync(file, 'half')
    const at = statSync(dir).mtimeMs / 1000 - age
    utimesSync(file, at, at)
    return file
  }
  const crashed = unfinished('0', 3700)
  const writing = unfinished('1', 3500)
  await put('c', 3000)
  t.same([existsSync(crashed), existsSync(writing)], [false, true])
  for (const key of ['a', 'b', 'c']) t.ok(await store.get(key), key)
  await put('d', 4000)
  t.equal(await store.get('a'), null)
  for (const key of ['b', 'c', 'd']) t.ok(await store.get(key), key)
  t.equal(readFileSync(path.join(dir, 'README'), 'utf8'), 'of somebody else')
})

t.test('disk store: many writers in one process', async (t) => {
  const { dir, store, files } = fresh(t, { maxFiles: 4 })
  mkdirSync(dir, { recursive: true })
  symlinkSync('nowhere', path.join(dir, `${'2'.repeat(64)}.entry`))
  const keys = Array.from({ length: 8 }, (_, at) => `key ${at}`)
  await Promise.all(
    Array.from({ length: 64 }, (_, at) => store.put(keys[at % 8] as string, entry(at))),
  )
  t.ok(files().length <= 4, `${files().length} files`)
  for (const key of keys) {
    const found = await store.get(key)
    if (found) t.same(found, entry(found.bytes[0] as number), 'whole and of one writer')
    else t.comment(`${key} was pruned`)
  }
})

t.test('disk store: several processes at the same key', async (t) => {
  const { dir, store, files } = fresh(t)
  const hammer = path.join(import.meta.dirname, 'hammer.ts')
  const children = [1, 2, 3, 4].map((fill) =>
    spawn(process.execPath, [...process.execArgv, hammer, dir, String(fill)], { stdio: 'pipe' }),
  )
  const outcomes = await Promise.all(
    children.map(async (child) => {
      const [out, err] = [child.stdout, child.stderr].map((stream) => text(stream as Readable))
      const [code] = await once(child, 'close')
      return { code, out: JSON.parse((await out) as string), err: await err }
    }),
  )
  for (const { code, out, err } of outcomes) {
    t.equal(code, 0, String(err))
    t.equal(out.wrong, 0, 'nobody ever reads anything but a whole entry')
    t.equal(out.missing, 0, 'and there always is one')
    t.equal(out.read, 200)
  }
  t.equal(files().length, 1)
  t.ok(await store.get('contended'))
})
