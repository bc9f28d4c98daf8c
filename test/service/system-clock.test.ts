// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { systemClock } from '../../src/service/system-clock.js'

t.test('system clock: tells the time of the machine', async (t) => {
  const before = Date.now()
  const now = systemClock.now().getTime()
  t.ok(before <= now && now <= Date.now())
  const first = systemClock.monotonic()
  t.ok(systemClock.monotonic() >= first)
})

t.test('system clock: calls back once, unless it is told not to', async (t) => {
  const rung: string[] = []
  systemClock.after(1, () => rung.push('cancelled'))()
  await new Promise<void>((resolve) => {
    // Its own timers keep nothing alive.
    const alive = setInterval(() => {}, 1000)
    systemClock.after(2, () => {
      rung.push('rung')
      clearInterval(alive)
      resolve()
    })
  })
  t.same(rung, ['rung'])
})
