// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { RateLimit, subscriberOf } from '../../src/directory/limits.js'
import { ManualClock } from '../fake/sidecar-clock.js'

t.test('limits: a burst, and then so many a second', async (t) => {
  const clock = new ManualClock()
  const limit = new RateLimit({ clock, perSecond: 10, burst: 20 })
  const letIn = (requests: number) =>
    Array.from({ length: requests }, () => limit.take('a')).filter((wait) => wait === 0).length
  t.equal(letIn(30), 20)
  t.equal(limit.take('a'), 1)
  t.equal(limit.take('b'), 0, 'nobody waits for another')
  clock.advance(500)
  t.equal(letIn(30), 5)
  let over = 0
  for (let second = 0; second < 60; second++) {
    clock.advance(1000)
    over += letIn(100)
  }
  t.equal(over, 600, 'across any number of turns')
  clock.advance(2000)
  t.equal(letIn(30), 20, 'whoever was still has the whole burst')
})

t.test('limits: a wait is in whole seconds, and long enough', async (t) => {
  const clock = new ManualClock()
  const limit = new RateLimit({ clock, perSecond: 0.1, burst: 1 })
  t.equal(limit.take('a'), 0)
  t.equal(limit.take('a'), 10)
  clock.advance(9001)
  t.equal(limit.take('a'), 1)
  clock.advance(1000)
  t.equal(limit.take('a'), 0)
})

t.test('limits: more addresses than there is room for are forgotten, not kept', async (t) => {
  const clock = new ManualClock()
  const limit = new RateLimit({ clock, perSecond: 1, burst: 1, mostAddresses: 10 })
  t.equal(limit.take('a'), 0)
  for (let at = 0; at < 9; at++) limit.take(`x${at}`)
  t.equal(limit.take('a'), 1, 'still known')
  for (let at = 0; at < 30; at++) limit.take(`y${at}`)
  t.equal(limit.take('a'), 0, 'let in rather than let memory grow')
})

t.test('limits: an address of IPv4, a network of IPv6', async (t) => {
  const table: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['2001:0db8:0001:2::9', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['1::', '1:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['x'.repeat(1000), 'x'.repeat(64)],
    [`${'1:'.repeat(500)}:`, '1:1:1:1'],
  ]
  for (const [address, subscriber] of table) t.equal(subscriberOf(address), subscriber, address)
  t.equal(subscriberOf(undefined), '', 'of whom nobody knows')
})
