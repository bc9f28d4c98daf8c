// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { Status } from '../../assembly/status.js'
import { call, core, put } from '../../src/core/core.js'
import { refuse } from '../../src/core/status.js'
import { AttestationError } from '../../src/errors.js'
import { throwsCode } from '../helpers.js'

t.test('core: one instance per thread, started once', async (t) => {
  t.equal(core(), core())
})

t.test('core: a trap is our bug, and the instance is thrown away', async (t) => {
  const before = core()
  const trap = new WebAssembly.RuntimeError('unreachable')
  throwsCode(
    t,
    () =>
      call(() => {
        throw trap
      }),
    'ERR_CORE_TRAP',
  )
  t.not(core(), before)
})

t.test('core: what is not a trap passes through, and the instance stays', async (t) => {
  const before = core()
  const bug = new TypeError('not ours')
  t.throws(
    () =>
      call(() => {
        throw bug
      }),
    bug,
  )
  t.equal(core(), before)
})

t.test('core: input beyond the window is refused', async (t) => {
  const c = core()
  t.equal(put(c, new Uint8Array(c.input.length)), c.input.length)
  throwsCode(t, () => put(c, new Uint8Array(c.input.length + 1)), 'ERR_EVIDENCE_SIZE')
  throwsCode(t, () => put(c, 'bytes' as unknown as Uint8Array), 'ERR_ARGUMENT')
})

t.test('core: every status has a code, and its sentence says where', async (t) => {
  const statuses = Object.values(Status).filter((s) => typeof s === 'number' && s !== Status.Ok)
  for (const status of statuses as Exclude<Status, Status.Ok>[]) {
    t.throws(() => refuse(status, 0x1f), AttestationError, Status[status])
    t.throws(() => refuse(status, 0x1f), { message: /( \(offset 0x1f\)|, got 31)$/ })
  }
})
