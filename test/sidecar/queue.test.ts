// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { type Caller, MANY, Queue, type QueueOptions } from '../../src/sidecar/queue.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { rejectsCode } from '../helpers.js'

const DEADLINE_MS = 1000

function world(options: Partial<QueueOptions> = {}) {
  const clock = new ManualClock()
  const queue = new Queue({ clock, deadlineMs: DEADLINE_MS, waitingMost: 100, ...options })
  return { clock, queue }
}

const caller = (connection: object = {}): Caller => ({ connection, gone: () => false })

/** Work that is under way until told to end. */
function held<T>(value: T) {
  let end!: (error?: unknown) => void
  let begun = false
  const ended = new Promise<T>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve(value))
  })
  const work = () => {
    begun = true
    return ended
  }
  return { work, end: (error?: unknown) => end(error), begun: () => begun }
}

/** Lets promises that are ready run on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

t.test('queue: one at a time, in the order of coming', async (t) => {
  const { queue } = world()
  const order: number[] = []
  let running = 0
  const work = (number: number) => async () => {
    running += 1
    t.equal(running, 1, 'nobody else is at the device')
    await settled()
    order.push(number)
    running -= 1
    return number
  }
  const answers = await Promise.all([0, 1, 2, 3].map((n) => queue.run(work(n), caller())))
  t.same(answers, [0, 1, 2, 3])
  t.same(order, [0, 1, 2, 3])
  t.same(queue.state, { waiting: 0, busyMs: null })
})

t.test('queue: connections take turns, however much one of them asks', async (t) => {
  const { queue } = world()
  const order: string[] = []
  const greedy = {}
  const ask = (name: string, connection: object) =>
    queue.run(async () => {
      order.push(name)
    }, caller(connection))
  await Promise.all([
    ...[1, 2, 3, 4].map((n) => ask(`greedy ${n}`, greedy)),
    ask('modest', {}),
    ask('late', {}),
  ])
  t.same(order, ['greedy 1', 'greedy 2', 'modest', 'late', 'greedy 3', 'greedy 4'])
})

t.test('queue: what is done for many has every second turn', async (t) => {
  const { queue } = world()
  const order: string[] = []
  const ask = (name: string, connection: object) =>
    queue.run(async () => {
      order.push(name)
    }, caller(connection))
  const first = held(null)
  const done = queue.run(first.work, caller())
  const rest = ['a', 'b', 'c'].map((name) => ask(name, {}))
  const many = ['many 1', 'many 2'].map((name) => ask(name, MANY))
  first.end()
  await Promise.all([done, ...rest, ...many])
  t.same(order, ['many 1', 'a', 'many 2', 'b', 'c'])
})

t.test('queue: whoever waits too long is told, and the device is left at its work', async (t) => {
  const { clock, queue } = world()
  const slow = held('slow')
  const running = queue.run(slow.work, caller())
  const other = held('other')
  const waiting = queue.run(other.work, caller())
  clock.advance(DEADLINE_MS + 2)
  await rejectsCode(t, running, 'ERR_QUEUE_DEADLINE')
  await rejectsCode(t, waiting, 'ERR_QUEUE_DEADLINE')
  t.equal(queue.state.busyMs, DEADLINE_MS + 2)
  const next = held('next')
  const after = queue.run(next.work, caller())
  await settled()
  t.notOk(next.begun(), 'a request in flight is never joined by another')
  slow.end()
  await settled()
  t.ok(next.begun())
  t.notOk(other.begun(), 'what has had its answer is not done any more')
  next.end()
  t.equal(await after, 'next')
})

t.test('queue: more than may wait are refused, and room is made of those who left', async (t) => {
  const { clock, queue } = world({ waitingMost: 2 })
  const first = held(1)
  const running = queue.run(first.work, caller())
  let left = false
  const leaver = queue.run(async () => t.fail('nobody is there'), {
    connection: {},
    gone: () => left,
  })
  const stayer = queue.run(async () => 'stayer', caller())
  await rejectsCode(
    t,
    queue.run(async () => null, caller()),
    'ERR_QUEUE_FULL',
  )
  left = true
  await rejectsCode(
    t,
    queue.run(async () => null, caller()),
    'ERR_QUEUE_FULL',
    'nobody looks for them at every refusal',
  )
  clock.advance(100)
  const newcomer = queue.run(async () => 'newcomer', caller())
  await rejectsCode(t, leaver, 'ERR_QUEUE_CANCELLED')
  first.end()
  t.same(await Promise.all([running, stayer, newcomer]), [1, 'stayer', 'newcomer'])
})

t.test('queue: room is made within one line, too', async (t) => {
  const { queue } = world({ waitingMost: 2 })
  const first = held(1)
  const running = queue.run(first.work, caller())
  const connection = {}
  let left = false
  const leaver = queue.run(async () => t.fail(), { connection, gone: () => left })
  const stayer = queue.run(async () => 'stayer', caller(connection))
  left = true
  const newcomer = queue.run(async () => 'newcomer', caller(connection))
  await rejectsCode(t, leaver, 'ERR_QUEUE_CANCELLED')
  first.end()
  t.same(await Promise.all([running, stayer, newcomer]), [1, 'stayer', 'newcomer'])
})

t.test('queue: a client that left before its turn is passed over', async (t) => {
  const { queue } = world()
  const first = held(1)
  const running = queue.run(first.work, caller())
  const gone = queue.run(async () => t.fail(), { connection: {}, gone: () => true })
  first.end()
  await running
  await rejectsCode(t, gone, 'ERR_QUEUE_CANCELLED')
})

t.test(
  'queue: what cannot be served in time is refused at once, with when to return',
  async (t) => {
    const { clock, queue } = world()
    const paced = async () => {
      clock.advance(200)
    }
    await queue.run(paced, caller())
    t.equal(queue.retryAfterS, 1, 'nobody waits')
    const first = held(null)
    const running = queue.run(first.work, caller())
    const waiting = [1, 2].map((n) => queue.run(async () => n, caller()))
    await rejectsCode(
      t,
      queue.run(async () => 3, caller()),
      'ERR_QUEUE_FULL',
    )
    first.end()
    await running
    t.same(await Promise.all(waiting), [1, 2])
  },
)

t.test('queue: what one asks keeps nobody else out, neither by number nor by time', async (t) => {
  for (const [serviceMs, waitingMost] of [
    [0, 5],
    [200, 100],
  ] as const) {
    const { clock, queue } = world({ waitingMost })
    const order: string[] = []
    const ask = (name: string, connection: object) =>
      queue.run(async () => {
        clock.advance(serviceMs)
        order.push(name)
      }, caller(connection))
    await ask('pace', {})
    const first = held(null)
    const running = queue.run(first.work, caller())
    const greedy = {}
    const much = Array.from({ length: 20 }, () => ask('greedy', greedy).catch(() => {}))
    const rest = [ask('modest', {}), ask('many', MANY)]
    await rejectsCode(t, ask('greedy', greedy), 'ERR_QUEUE_FULL')
    first.end()
    await Promise.all([running, ...much, ...rest])
    t.same(order.slice(0, 4), ['pace', 'many', 'greedy', 'modest'])
    t.equal(queue.state.waiting, 0)
  }
})

t.test('queue: connections are as many as may wait, and one batch', async (t) => {
  const { queue } = world({ waitingMost: 2 })
  const first = held(null)
  const running = queue.run(first.work, caller())
  const waiting = [1, 2].map((n) => queue.run(async () => n, caller()))
  const batch = queue.run(async () => 3, caller(MANY))
  for (const one of [caller(), caller(MANY)]) {
    await rejectsCode(
      t,
      queue.run(async () => null, one),
      'ERR_QUEUE_FULL',
    )
  }
  first.end()
  t.same(await Promise.all([running, ...waiting, batch]), [null, 1, 2, 3])
})

t.test('queue: the pace is that of the present request when this takes longer', async (t) => {
  const { clock, queue } = world()
  const stuck = held(null)
  const running = queue.run(stuck.work, caller())
  clock.advance(600)
  const second = queue.run(async () => 2, caller())
  await rejectsCode(
    t,
    queue.run(async () => 3, caller()),
    'ERR_QUEUE_FULL',
  )
  stuck.end()
  await running
  t.equal(await second, 2)
})

t.test('queue: Retry-After grows with the line, from 1 to 60 seconds', async (t) => {
  const { clock, queue } = world({ deadlineMs: 1_000_000 })
  await queue.run(async () => {
    clock.advance(3000)
  }, caller())
  const first = held(null)
  const all = [queue.run(first.work, caller())]
  for (let count = 0; count < 4; count++) all.push(queue.run(async () => null, caller()))
  t.equal(queue.retryAfterS, 12)
  for (let count = 0; count < 40; count++) all.push(queue.run(async () => null, caller()))
  t.equal(queue.retryAfterS, 60)
  first.end()
  await Promise.all(all)
})

t.test('queue: a failure reaches the one who asked, and the next goes on', async (t) => {
  const served: unknown[] = []
  const { queue } = world({ onServed: (ms, error) => served.push([ms, error]) })
  const error = new Error('device')
  const failing = queue.run(() => Promise.reject(error), caller())
  const next = queue.run(async () => 'next', caller())
  await t.rejects(failing, error)
  t.equal(await next, 'next')
  await settled()
  t.same(served, [
    [0, error],
    [0, null],
  ])
})

t.test('queue: idle resolves when nobody waits and the device rests', async (t) => {
  const { clock, queue } = world()
  const first = held(null)
  const running = queue.run(first.work, caller())
  const second = queue.run(async () => 2, caller())
  let idle = false
  const told = queue.idle().then(() => {
    idle = true
  })
  await settled()
  t.notOk(idle)
  first.end()
  await Promise.all([running, second, told])
  t.equal(clock.pending, 0, 'no timer keeps the process')
  await queue.idle()
})

t.test('queue: one timer serves all deadlines', async (t) => {
  const { clock, queue } = world()
  const first = held(null)
  const refused = [queue.run(first.work, caller())]
  for (let count = 0; count < 5; count++) {
    clock.advance(10)
    refused.push(queue.run(async () => null, caller()))
  }
  t.equal(clock.pending, 1)
  const outcomes = refused.map((one) => one.then(String, ({ code }) => code))
  clock.advance(DEADLINE_MS + 100)
  t.same(await Promise.all(outcomes), Array(6).fill('ERR_QUEUE_DEADLINE'))
  first.end()
  await queue.idle()
})
