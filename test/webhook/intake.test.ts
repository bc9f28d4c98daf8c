// SPDX-License-Identifier: Apache-2.0

import { PassThrough } from 'node:stream'
import t from 'tap'
import { Intake } from '../../src/webhook/intake.js'
import { rejectsCode } from '../helpers.js'
import { settled } from '../service/hand-clock.js'

const LIMITS = { body: 100, free: 10, shared: 50 }
const all = (body: Buffer) => body.toString()

/** A body under way, of which so many bytes have come. */
function under(intake: Intake, size: number, length = Number.NaN) {
  const stream = new PassThrough()
  const taken = intake.take(stream, length, all)
  taken.catch(() => {})
  stream.write('x'.repeat(size))
  return { stream, taken }
}

t.test('intake: pieces become one body, up to its limit', async (t) => {
  const intake = new Intake({ ...LIMITS, shared: 1000 })
  const { stream, taken } = under(intake, 60)
  stream.end('y'.repeat(40))
  t.equal(await taken, 'x'.repeat(60) + 'y'.repeat(40))
  const nothing = under(intake, 0)
  nothing.stream.end()
  t.equal(await nothing.taken, '')
  const large = under(intake, 60)
  large.stream.write('y'.repeat(41))
  await rejectsCode(t, large.taken, 'ERR_REQUEST_SIZE')
  large.stream.end('and more')
  await new Promise((resolve) => large.stream.once('close', resolve))
  t.pass('the rest is read')
})

t.test('intake: what is announced as too large is not waited for, but read', async (t) => {
  const { stream, taken } = under(new Intake(LIMITS), 1, 101)
  await rejectsCode(t, taken, 'ERR_REQUEST_SIZE')
  stream.end()
  await new Promise((resolve) => stream.once('close', resolve))
})

t.test('intake: large bodies share their room, small ones always have some', async (t) => {
  const intake = new Intake(LIMITS)
  const first = under(intake, 60)
  await settled()
  const second = under(intake, 11)
  await rejectsCode(t, second.taken, 'ERR_QUEUE_FULL')
  const small = under(intake, 10)
  small.stream.end()
  t.equal(await small.taken, 'x'.repeat(10))
  first.stream.end()
  await first.taken
  const third = under(intake, 60)
  third.stream.end()
  t.equal((await third.taken).length, 60, 'the room is given back')
})

t.test('intake: room is given back after every end', async (t) => {
  const intake = new Intake(LIMITS)
  const tries = [
    async () => {
      const gone = under(intake, 60)
      await settled()
      gone.stream.destroy()
      await rejectsCode(t, gone.taken, 'ERR_QUEUE_CANCELLED')
    },
    async () => {
      const broken = under(intake, 60)
      await settled()
      broken.stream.destroy(new Error('reset'))
      await rejectsCode(t, broken.taken, 'ERR_QUEUE_CANCELLED')
    },
    async () => {
      const stream = new PassThrough()
      const failing = intake.take(stream, 60, () => {
        throw new TypeError('a bug')
      })
      stream.end('x'.repeat(60))
      await t.rejects(failing, TypeError)
    },
    async () => await rejectsCode(t, under(intake, 61).taken, 'ERR_QUEUE_FULL'),
  ]
  for (const attempt of tries) {
    await attempt()
    const next = under(intake, 60)
    next.stream.end()
    t.equal((await next.taken).length, 60)
  }
})
