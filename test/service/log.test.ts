// SPDX-License-Identifier: Apache-2.0

import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { createLog, logTo, throttle } from '../../src/service/log.js'
import { ManualClock } from '../fake/sidecar-clock.js'

function lines(level: Parameters<typeof createLog>[0] = 'info') {
  const written: string[] = []
  return { written, log: createLog(level, { write: (line) => written.push(line) }) }
}

t.test('log: one JSON document a line, time and level in words', async (t) => {
  const { written, log } = lines()
  log.info({ route: '/quote' }, 'refused')
  log.debug('not at this level')
  t.equal(written.length, 1)
  t.match(JSON.parse(written[0] as string), {
    level: 'info',
    time: /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/,
    route: '/quote',
    msg: 'refused',
  })
  t.match(written[0], /\}\n$/)
  t.same(Object.keys(JSON.parse(written[0] as string)), ['level', 'time', 'route', 'msg'])
})

t.test('log: of an error its kind, code and words; of a request nothing', async (t) => {
  const { written, log } = lines()
  const cause = Object.assign(new Error('inner'), { buffer: Buffer.from('evidence') })
  log.error({
    err: Object.assign(new Error('read failed', { cause }), { code: 'EIO', errno: -5, secret: 1 }),
  })
  log.error({ err: new TypeError('no code') })
  log.error({ err: 'a string' })
  log.error({ req: { headers: { authorization: 'secret' } }, res: { headers: 1 } })
  const [first, second, third, fourth] = written.map((line) => JSON.parse(line))
  t.same(Object.keys(first.err), ['type', 'code', 'errno', 'message', 'stack'])
  t.match(first.err, { type: 'Error', code: 'EIO', errno: -5, message: 'read failed' })
  t.same(Object.keys(second.err), ['type', 'message', 'stack'])
  t.same(third.err, { message: 'a string' })
  t.same(Object.keys(fourth), ['level', 'time'])
})

t.test('log: to a file descriptor, complete after a flush', async (t) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'assay-log-')), 'log')
  const fd = openSync(file, 'w')
  const destination = logTo(fd)
  createLog('info', destination).info('the last words')
  destination.flushSync()
  t.match(readFileSync(file, 'utf8'), /"msg":"the last words"\}\n$/)
  closeSync(fd)
})

t.test('log: what happens often is said once, and then how often', async (t) => {
  const clock = new ManualClock()
  const said: number[] = []
  const tell = throttle(
    (count) => said.push(count),
    1000,
    (ms, run) => clock.after(ms, run),
  )
  tell()
  t.same(said, [1])
  for (let at = 0; at < 7; at++) tell()
  t.same(said, [1])
  clock.advance(1000)
  t.same(said, [1, 7])
  clock.advance(1000)
  t.equal(clock.pending, 0)
  tell()
  t.same(said, [1, 7, 1])
})
