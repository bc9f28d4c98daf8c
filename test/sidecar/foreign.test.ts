// SPDX-License-Identifier: Apache-2.0
// Calls into C: of this process, because every machine has that.

import { closeSync, writeSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import koffi from 'koffi'
import t, { type Test } from 'tap'
import {
  type ForeignFunction,
  type Memory,
  memory,
  openLibrary,
  viewOf,
} from '../../src/sidecar/foreign.js'

/** The two ends of a pipe, made by C. */
async function pipe(t: Test): Promise<readonly [read: number, write: number]> {
  const make = (await openLibrary(null)).func('int pipe(void *ends)')
  const ends = memory(8)
  t.equal((await make(ends)).value, 0)
  const view = viewOf(ends)
  const [read, write] = [view.getInt32(0, true), view.getInt32(4, true)]
  t.teardown(() => {
    closeSync(read)
    closeSync(write)
  })
  return [read, write]
}

t.test('foreign: values, memory, and errno where it failed', async (t) => {
  const library = await openLibrary(null)
  const read = library.func('int read(int fd, void *to, unsigned long most)')
  const [from, to] = await pipe(t)
  writeSync(to, 'hello')
  const room = memory(8)
  t.equal((await read(from, room, 8)).value, 5)
  t.equal(Buffer.from(room.bytes).toString('latin1'), 'hello\0\0\0')
  t.strictSame(await read(-1, room, 8), { value: -1, errno: 9 })
})

t.test('foreign: pointers lead to the memory that they name, however deep', async (t) => {
  const close = (await openLibrary(null)).func('int close(int fd, void *ignored)')
  const deepest = memory(100)
  const inner = memory(16, [{ at: 8, to: deepest }])
  const outer = memory(24, [
    { at: 0, to: inner },
    { at: 16, to: deepest },
  ])
  t.strictSame(await close(-1, outer), { value: -1, errno: 9 })
  t.equal(viewOf(outer).getBigUint64(0, true), koffi.address(inner.bytes))
  t.equal(viewOf(outer).getBigUint64(16, true), koffi.address(deepest.bytes))
  t.equal(viewOf(inner).getBigUint64(8, true), koffi.address(deepest.bytes))
})

t.test('foreign: the event loop goes on, and memory stays that nobody else holds', async (t) => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const read = (await openLibrary(null)).func('int read(int fd, void *to, unsigned long most)')
  const [from, to] = await pipe(t)
  const { reading, seen } = forgetful(read, from)
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  t.ok(seen.deref(), 'C still has its address')
  writeSync(to, 'late')
  t.equal((await reading).value, 4)
  t.equal(Buffer.from(seen.deref()?.bytes ?? []).toString('latin1', 0, 4), 'late')
  // The weak reference itself keeps its target until the next turn.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  t.notOk(seen.deref(), 'and then nobody has it')
})

/** A call whose memory only the callee knows of when this returns. */
function forgetful(read: ForeignFunction, fd: number) {
  const room: Memory = memory(64)
  return { reading: read(fd, room, 64), seen: new WeakRef(room) }
}

t.test('foreign: what is not there is an error of its own', async (t) => {
  await t.rejects(openLibrary('libassay-none.so.1'), /cannot open/)
  const library = await openLibrary(null)
  t.throws(() => library.func('int assay_none(int one)'), /assay_none/)
})
