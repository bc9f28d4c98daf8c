// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { mountGuestRoot } from '../../src/sidecar/guest-root.js'
import { type Files, machine } from './machine.js'

const RDONLY_NOSUID_NODEV = 7
const BLOCK = 0o060400
const KATA = 'console=hvc0 root=/dev/dm-0 rootflags=ro rootfstype=erofs systemd.unit=x\n'

const dm = (cmdline = KATA, numbers = '253:0\n', name = 'dm-0'): Files => ({
  'proc/cmdline': cmdline,
  [`sys/class/block/${name}/dev`]: numbers,
})

async function run(root: string, errnos: Readonly<Record<string, number>> = {}) {
  const calls: unknown[][] = []
  const logged: object[] = []
  const call = (name: string, type: string, ...values: unknown[]) => {
    calls.push(
      [name, ...values].map((value) =>
        typeof value === 'string' ? value.replace(root, '') : value,
      ),
    )
    return errnos[type] ?? errnos[name] ?? 0
  }
  const target = await mountGuestRoot({
    root,
    log: (event) => logged.push(event),
    load: async () => ({
      mount: (source, to, type, flags) => call('mount', type, source, to, type, flags),
      mknod: (...values) => call('mknod', '', ...values),
    }),
  })
  return { target: target?.replace(root, '') ?? null, calls, logged }
}

/** Type and options of a mount. */
const mountOf = (target: string): readonly string[] | undefined =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[1] === target)
    ?.slice(2)

const MOUNT = ['mount', '/dev/assay/root', '/dev/assay/guest']

t.test("guest root: the kernel's own root device, read-only, and run from", async (t) => {
  const root = machine(t, dm())
  t.same(await run(root), {
    target: '/dev/assay/guest',
    calls: [
      ['mknod', '/dev/assay/root', BLOCK, 253 * 256],
      [...MOUNT, 'erofs', RDONLY_NOSUID_NODEV],
    ],
    logged: [{ msg: "the guest's root mounted" }],
  })
})

t.test('guest root: what was mounted before is used', async (t) => {
  const mounted: Files = { 'dev/assay/guest/usr/': '' }
  t.same(await run(machine(t, dm(), mounted)), {
    target: '/dev/assay/guest',
    calls: [],
    logged: [],
  })
  const node: Files = { 'dev/assay/root': '' }
  t.same((await run(machine(t, dm(), node))).calls, [[...MOUNT, 'erofs', RDONLY_NOSUID_NODEV]])
})

t.test('guest root: a kernel that was told no type is tried with those of Kata', async (t) => {
  const root = machine(t, dm('quiet root=/dev/vda1', '259:300', 'vda1'))
  const { calls, target } = await run(root, { erofs: 22 })
  t.equal(target, '/dev/assay/guest')
  const minor = 300 - 256 + 0x100000
  t.same(calls, [
    ['mknod', '/dev/assay/root', BLOCK, 259 * 256 + minor],
    [...MOUNT, 'erofs', RDONLY_NOSUID_NODEV],
    [...MOUNT, 'ext4', RDONLY_NOSUID_NODEV],
  ])
})

t.test('guest root: the last word on the root is the one that counts', async (t) => {
  const root = machine(t, dm('root=/dev/vda1 root=/dev/dm-0 rootfstype=xfs'))
  t.same((await run(root)).calls[1], [...MOUNT, 'xfs', RDONLY_NOSUID_NODEV])
})

t.test('guest root: where it is on no block device that is known, nothing is done', async (t) => {
  const roots: readonly Files[] = [
    {},
    dm('quiet'),
    dm('root=PARTUUID=1234'),
    dm('root=/dev/../etc'),
    dm('root=/dev/mapper/root'),
    dm(KATA, 'none'),
    dm(KATA, '253:0', 'dm-1'),
  ]
  for (const files of roots) {
    const { target, calls, logged } = await run(machine(t, files))
    t.equal(target, null)
    t.same(calls, [])
    t.match(logged, [{ msg: /on no block device/ }])
  }
})

t.test('guest root: what is not permitted is logged with its number', async (t) => {
  const failed = async (root: string, errnos: Record<string, number>, errno: number) => {
    const { target, logged } = await run(root, errnos)
    t.equal(target, null)
    t.same(logged, [{ msg: "the guest's root was not mounted", errno }])
  }
  await failed(machine(t, dm()), { mknod: 1 }, 1)
  await failed(machine(t, dm()), { mount: 16 }, 16)
  const root = machine(t, dm())
  writeFileSync(path.join(root, 'dev'), '')
  await failed(root, {}, 20)
})

const skip = process.getuid?.() === 0 ? false : 'mounts are for root'
t.test('guest root: the real calls, where they are permitted', { skip }, async (t) => {
  const root = machine(t, dm('root=/dev/loop0 rootfstype=tmpfs', '7:0', 'loop0'))
  const logged: object[] = []
  const target = await mountGuestRoot({ root, log: (event) => logged.push(event) })
  if (target === null) {
    t.match(logged, [{ errno: 1 }], 'not in this container')
    return
  }
  const [, options] = mountOf(target) ?? []
  spawnSync('umount', [target])
  t.match(options, /^ro,nosuid,nodev,/)
})

t.test('guest root: without koffi, and with the real one where there is nothing', async (t) => {
  const load = () => Promise.reject(new Error('no such module'))
  const log = () => t.fail('nothing to say')
  t.equal(await mountGuestRoot({ root: machine(t, dm()), log, load }), null)
  const logged: object[] = []
  const root = machine(t)
  t.equal(await mountGuestRoot({ root, log: (event) => logged.push(event) }), null)
  t.equal(logged.length, 1)
})
