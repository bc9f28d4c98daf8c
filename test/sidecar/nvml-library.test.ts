// SPDX-License-Identifier: Apache-2.0

import t, { type Test } from 'tap'
import type { openNvml } from '../../src/sidecar/nvml.js'
import { findNvml } from '../../src/sidecar/nvml-library.js'
import { FakeNvml } from '../fake/nvml.js'
import { type Files, machine } from './machine.js'

const NAME = 'libnvidia-ml.so.1'
const library = (folder: string): Files => ({ [`${folder}/${NAME}`]: '' })
const NOT_FOUND = 12
const MISMATCH = 18

/** What each library says, by its path; `here` is one that works. */
type Says = Readonly<Record<string, 'here' | number>>

async function find(t: Test, files: readonly Files[], says: Says, mounts = false) {
  const root = machine(t, ...files)
  const asked: string[] = []
  const open: typeof openNvml = async (name = '') => {
    const short = name.replace(root, '')
    asked.push(short)
    const said = says[short] ?? NOT_FOUND
    if (said === 'here') return new FakeNvml().open()
    return { failure: { call: 'load', status: said, reason: 'said so' }, value: null }
  }
  const guestRoot = async () => {
    asked.push('mount')
    return mounts ? `${root}/guest` : null
  }
  const { failure } = await findNvml({ root, guestRoot, open })
  return { status: failure?.status ?? 'here', asked }
}

const DEBIAN = '/usr/lib/x86_64-linux-gnu'
const GUEST = `/guest/usr/lib64/${NAME}`

t.test('nvml library: what the dynamic linker finds is enough', async (t) => {
  const { status, asked } = await find(t, [library(DEBIAN)], { [NAME]: 'here' })
  t.equal(status, 'here')
  t.same(asked, [NAME])
})

t.test('nvml library: other roots are searched where the linker finds none', async (t) => {
  const operator = '/run/nvidia/driver/usr/lib64'
  const files = [library(DEBIAN), library(operator), library('/proc/1/root/usr/lib')]
  const { status, asked } = await find(t, files, { [`${operator}/${NAME}`]: 'here' })
  t.equal(status, 'here')
  const first = [`${DEBIAN}/${NAME}`, `/proc/1/root/usr/lib/${NAME}`, `${operator}/${NAME}`]
  t.same(asked, [NAME, ...first], 'and no root is mounted')
})

t.test('nvml library: the root of the guest comes last, mounted for it', async (t) => {
  const files = [library('/guest/usr/lib64')]
  t.same(await find(t, files, { [GUEST]: 'here' }, true), {
    status: 'here',
    asked: [NAME, 'mount', GUEST],
  })
  t.same(await find(t, files, { [GUEST]: 'here' }), { status: NOT_FOUND, asked: [NAME, 'mount'] })
})

t.test('nvml library: one of another version than the driver is passed over', async (t) => {
  const files = [library('/guest/usr/lib64')]
  t.equal((await find(t, files, { [NAME]: MISMATCH, [GUEST]: 'here' }, true)).status, 'here')
  t.equal((await find(t, files, { [NAME]: MISMATCH }, true)).status, MISMATCH)
  t.equal((await find(t, files, { [GUEST]: MISMATCH }, true)).status, MISMATCH)
})

t.test('nvml library: what the driver refuses is final', async (t) => {
  const files = [library('/guest/usr/lib64')]
  t.same(await find(t, files, { [NAME]: 9 }, true), { status: 9, asked: [NAME] })
  t.equal((await find(t, files, { [GUEST]: 4 }, true)).status, 4)
})

t.test('nvml library: the real loader', async (t) => {
  const root = machine(t, library(DEBIAN))
  const { failure, value } = await findNvml({ root, guestRoot: async () => null })
  t.ok(failure !== null || value !== null)
  await value?.close()
})
