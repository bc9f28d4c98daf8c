// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { Abort, rest, within } from '../../src/verify/clock.js'
import { codeFrom } from './kds-world.js'

t.test('clock: a host whose timers fail, or end early when aborted', async (t) => {
  const abort = new Abort(new AbortController().signal)
  const broken = () => Promise.reject(new Error('no timers here'))
  await t.rejects(rest({ ms: 1, sleep: broken, abort }), { message: 'no timers here' })
  const controller = new AbortController()
  const early = async () => controller.abort()
  const ended = rest({ ms: 1, sleep: early, abort: new Abort(controller.signal) })
  t.equal(await codeFrom(ended), 'ERR_ENDORSER_ABORTED')
  const softly = (_: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  const late = () => {
    throw new Error('late')
  }
  t.equal(await within({ ms: 1, sleep: softly, abort }, async () => 'done', late), 'done')
})
