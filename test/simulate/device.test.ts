// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Clock } from '../../src/service/clock.js'
import { Device } from '../../src/simulate/device.js'
import { rejectsCode } from '../helpers.js'

const work = async () => 'done'

/** Timers ring when a test says so, early or late. */
class HandClock implements Clock {
  readonly waits: number[] = []
  #now = 0
  #ring: () => void = () => undefined

  now(): Date {
    throw new Error('no wall clock')
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    this.waits.push(ms)
    this.#ring = run
    return () => undefined
  }

  pass(ms: number): void {
    this.#now += ms
    this.#ring()
  }
}

t.test('device: a request ends when its time is over and its work is done', async (t) => {
  const clock = new HandClock()
  const device = new Device(clock, 10)
  let finish: () => void = () => undefined
  const slow = device.run(() => new Promise<void>((resolve) => (finish = resolve)))
  t.same(clock.waits, [10], 'the time runs while the work is done')
  await rejectsCode(t, device.run(work), 'ERR_INTERNAL', 'one at a time')
  clock.pass(10)
  await rejectsCode(t, device.run(work), 'ERR_INTERNAL', 'time alone is not enough')
  finish()
  await slow
  const quick = device.run(work)
  t.same(clock.waits, [10, 10])
  clock.pass(10)
  t.equal(await quick, 'done')
})

t.test(
  'device: what a timer was off by comes off the next wait, a busy process does not',
  async (t) => {
    const clock = new HandClock()
    const device = new Device(clock, 10)
    for (const late of [0.5, -0.25, 7, -7, 0, 0]) {
      const request = device.run(work)
      clock.pass((clock.waits.at(-1) as number) + late)
      await request
    }
    t.same(clock.waits, [10, 9.5, 10.25, 9, 11, 10])
  },
)

t.test('device: without a latency a request takes as long as its work', async (t) => {
  const clock = new HandClock()
  const device = new Device(clock, 0)
  t.equal(await device.run(work), 'done')
  await t.rejects(
    device.run(() => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  t.equal(await device.run(work), 'done', 'a failure leaves it ready')
  t.same(clock.waits, [])
})
