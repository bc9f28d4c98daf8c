// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { deviceError, errnoOf, system } from '../../src/sidecar/errno.js'
import { nodeError } from '../fake/tsm.js'
import { rejectsCode } from '../helpers.js'

const CODES = {
  ERR_DEVICE_ABSENT: [2, 6, 19],
  ERR_DEVICE_PERMISSION: [1, 13, 30],
  ERR_DEVICE_BUSY: [4, 11, 16],
  ERR_DEVICE_LOST: [25],
}

t.test('errno: every number has one code, and those without their own failed', async (t) => {
  const special = new Map(Object.entries(CODES).flatMap(([c, all]) => all.map((n) => [n, c])))
  for (let errno = 1; errno <= 133; errno++) {
    const cause = new Error(`errno ${errno}`)
    const error = deviceError(errno, 'reading outblob', { cause })
    t.equal(error.code, special.get(errno) ?? 'ERR_DEVICE_IO', `errno ${errno}`)
    t.match(error.message, /^reading outblob: [a-z -]+$/, 'in words')
    t.equal(error.cause, cause, 'and the log can say which it was')
  }
})

t.test('errno: is read from what Node throws, by number', async (t) => {
  t.equal(errnoOf(nodeError(74, 'read')), 74, 'EBADMSG, for which Node has no name')
  t.equal(errnoOf(new Error('no system call')), null)
  t.equal(errnoOf(Object.assign(new Error(), { errno: 'EIO' })), null)
  t.equal(errnoOf('thrown'), null)
  t.equal(errnoOf(undefined), null)
})

t.test('errno: what is no failed system call passes through', async (t) => {
  const bug = new TypeError('ours')
  await t.rejects(system('mkdir', Promise.reject(bug)), bug)
  const cause = nodeError(5, 'read')
  const error = await rejectsCode(t, system('mkdir', Promise.reject(cause)), 'ERR_DEVICE_IO')
  t.equal(error?.cause, cause)
  t.equal(await system('mkdir', Promise.resolve(7)), 7)
})
