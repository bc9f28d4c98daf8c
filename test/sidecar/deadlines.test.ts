// SPDX-License-Identifier: Apache-2.0

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Deadlines } from '../../src/sidecar/deadlines.js'
import { ManualClock } from '../fake/sidecar-clock.js'

class Sleeper {
  done = false
  expired = 0

  expire(): void {
    this.done = true
    this.expired += 1
  }
}

t.test('deadlines: each in its time, once', async (t) => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock, 100)
  const sleepers = Array.from({ length: 10 }, () => new Sleeper())
  for (const sleeper of sleepers) {
    deadlines.add(sleeper)
    clock.advance(10)
  }
  const expired = () => sleepers.map((sleeper) => sleeper.expired).join('')
  clock.advance(0)
  t.equal(expired(), '0000000000')
  clock.advance(12)
  t.equal(expired(), '1100000000')
  clock.advance(200)
  t.equal(expired(), '1111111111')
  t.equal(clock.pending, 0)
})

t.test('deadlines: what is done is not expired, and costs no timer', async (t) => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock, 100)
  const [first, second, third] = [new Sleeper(), new Sleeper(), new Sleeper()]
  for (const sleeper of [first, second, third]) {
    deadlines.add(sleeper)
    clock.advance(20)
  }
  second.done = true
  clock.advance(61)
  t.same([first.expired, second.expired, third.expired], [1, 0, 0])
  third.done = true
  clock.advance(500)
  t.same([second.expired, third.expired], [0, 0])
  t.equal(clock.pending, 0)
})

t.test('deadlines: a timer that rings early rings again', async (t) => {
  const clock = new ManualClock()
  const early = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms: number, run: () => void) => clock.after(Math.max(1, ms - 5), run),
  }
  const deadlines = new Deadlines(early, 100)
  const sleeper = new Sleeper()
  deadlines.add(sleeper)
  clock.advance(97)
  t.equal(sleeper.expired, 0)
  clock.advance(10)
  t.equal(sleeper.expired, 1)
})

t.test('deadlines: stopped, it holds no timer', async (t) => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock, 100)
  deadlines.add(new Sleeper())
  deadlines.stop()
  deadlines.stop()
  t.equal(clock.pending, 0)
})

t.test('deadlines: whoever is dealt with is let go, though the first still waits', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const deadlines = new Deadlines(new ManualClock(), 100)
  deadlines.add(new Sleeper())
  const dealtWith = Array.from({ length: 1000 }, () => {
    const sleeper = new Sleeper()
    deadlines.add(sleeper)
    sleeper.done = true
    return new WeakRef(sleeper)
  })
  // What a WeakRef was asked for stays until the turn ends.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  const kept = dealtWith.filter((one) => one.deref() !== undefined).length
  t.ok(kept <= 64, `${kept} of 1000`)
  deadlines.stop()
})
