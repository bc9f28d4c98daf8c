// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { Batcher, type BatchWork } from '../../src/sidecar/batcher.js'
import type { Caller } from '../../src/sidecar/queue.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { rejectsCode } from '../helpers.js'

const DEADLINE_MS = 1000
const here: Caller = { connection: {}, gone: () => false }
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A device that takes its members when `turn` is called, and answers them at `end`. */
function device() {
  const batches: (readonly string[])[] = []
  const turns: (() => void)[] = []
  const ends: ((error?: unknown) => void)[] = []
  const work: BatchWork<string, string> = async (take) => {
    await new Promise<void>((resolve) => turns.push(resolve))
    const queries = take()
    batches.push(queries)
    await new Promise<void>((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve()))
    })
    return (index) => (queries[index] as string).toUpperCase()
  }
  const step = async (list: ((error?: unknown) => void)[], error?: unknown) => {
    await settled()
    list.shift()?.(error)
    await settled()
  }
  return {
    work,
    batches,
    scheduled: () => turns.length,
    turn: () => step(turns),
    end: (error?: unknown) => step(ends, error),
  }
}

function world(waitingMost = 100) {
  const clock = new ManualClock()
  const it = device()
  const batcher = new Batcher({ clock, deadlineMs: DEADLINE_MS, waitingMost }, it.work)
  return { clock, batcher, ...it }
}

t.test('batcher: whoever comes while a report is made is in the next', async (t) => {
  const { batcher, batches, turn, end, scheduled } = world()
  const first = batcher.add('a', here)
  await turn()
  const rest = ['b', 'c', 'd'].map((query) => batcher.add(query, here))
  t.equal(scheduled(), 0, 'one batch at a time')
  t.equal(batcher.waiting, 3)
  await end()
  t.equal(scheduled(), 1, 'one turn for all three')
  t.equal(await first, 'A')
  await turn()
  t.equal(batcher.waiting, 0)
  await end()
  t.same(await Promise.all(rest), ['B', 'C', 'D'])
  t.same(batches, [['a'], ['b', 'c', 'd']])
})

t.test('batcher: those who left or waited too long are not in it', async (t) => {
  const { clock, batcher, batches, turn, end } = world()
  const late = batcher.add('late', here)
  clock.advance(DEADLINE_MS - 100)
  const gone = batcher.add('gone', { connection: {}, gone: () => true })
  const kept = batcher.add('kept', here)
  clock.advance(102)
  await rejectsCode(t, late, 'ERR_QUEUE_DEADLINE')
  const refused = rejectsCode(t, gone, 'ERR_QUEUE_CANCELLED')
  await turn()
  await refused
  await end()
  t.equal(await kept, 'KEPT')
  t.same(batches, [['kept']])
})

t.test('batcher: a batch of which nobody is left is empty', async (t) => {
  const { batcher, batches, turn, end } = world()
  const gone = rejectsCode(
    t,
    batcher.add('gone', { connection: {}, gone: () => true }),
    'ERR_QUEUE_CANCELLED',
  )
  await turn()
  await end()
  await gone
  t.same(batches, [[]])
})

t.test('batcher: a member whose time is over while the report is made is told', async (t) => {
  const { clock, batcher, turn, end } = world()
  const late = batcher.add('late', here)
  await turn()
  clock.advance(DEADLINE_MS + 2)
  await rejectsCode(t, late, 'ERR_QUEUE_DEADLINE')
  await end()
})

t.test('batcher: a failed report fails its members, and nobody else', async (t) => {
  const { batcher, turn, end } = world()
  const error = new Error('device')
  const failed = ['a', 'b'].map((query) => t.rejects(batcher.add(query, here), error))
  await turn()
  const next = batcher.add('c', here)
  await end(error)
  await Promise.all(failed)
  await turn()
  await end()
  t.equal(await next, 'C')
})

t.test('batcher: a batch that is refused before its turn tells all that wait', async (t) => {
  const clock = new ManualClock()
  const error = new Error('no turn')
  let refuse = true
  const batcher = new Batcher<string, string>(
    { clock, deadlineMs: DEADLINE_MS, waitingMost: 10 },
    async (take) => {
      await settled()
      if (refuse) throw error
      const queries = take()
      return (index) => queries[index] as string
    },
  )
  const refused = ['a', 'b'].map((query) => t.rejects(batcher.add(query, here), error))
  await Promise.all(refused)
  refuse = false
  t.equal(await batcher.add('c', here), 'c', 'the next one has a turn of its own')
})

t.test('batcher: more than may wait are refused, and room is made of those who left', async (t) => {
  const { batcher, turn, end } = world(2)
  let left = false
  const leaver = batcher.add('leaver', { connection: {}, gone: () => left })
  const stayer = batcher.add('stayer', here)
  await rejectsCode(t, batcher.add('too many', here), 'ERR_QUEUE_FULL')
  left = true
  const newcomer = batcher.add('newcomer', here)
  await rejectsCode(t, leaver, 'ERR_QUEUE_CANCELLED')
  await turn()
  await end()
  t.same(await Promise.all([stayer, newcomer]), ['STAYER', 'NEWCOMER'])
})

t.test('batcher: stopped, it holds no timer', async (t) => {
  const { clock, batcher, turn, end } = world()
  const answer = batcher.add('a', here)
  t.equal(clock.pending, 1)
  await turn()
  await end()
  await answer
  batcher.stop()
  t.equal(clock.pending, 0)
})

t.test('batcher: those who ask in the same turn of the event loop are one batch', async (t) => {
  const { batcher, batches, turn, end } = world()
  const answers = ['a', 'b', 'c'].map((query) => batcher.add(query, here))
  await turn()
  await end()
  await Promise.all(answers)
  t.same(batches, [['a', 'b', 'c']])
})
