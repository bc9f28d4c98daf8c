// SPDX-License-Identifier: Apache-2.0

import { chmodSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type Probed, probe } from '../../src/sidecar/probe.js'
import { CONFIGFS_DIR, type Files, machine, misc, mounted, TSM_DIR } from './machine.js'

const SEV = misc(' 60 other', '123 sev-guest')
const TDX = misc('124 tdx_guest')

const one = async (root: string, surface: Probed['surface'], may?: () => Promise<boolean>) =>
  (await probe(root, may)).find((probed) => probed.surface === surface)

t.test('probe: every surface is there, the preferred one first', async (t) => {
  const surfaces = (await probe(machine(t))).map(({ surface }) => surface)
  t.same(surfaces, ['configfs-tsm', 'sev-guest', 'tdx-guest'])
  for (const probed of await probe(machine(t))) {
    t.equal(probed.state, 'absent')
    t.ok(probed.detail && probed.remedy)
  }
  t.equal((await probe()).length, 3, 'of this machine too')
})

t.test('probe: configfs-tsm, from nothing to ready', async (t) => {
  const steps: [title: string, files: readonly Files[], want: Partial<Probed>][] = [
    [
      'no configfs',
      [SEV],
      { state: 'absent', tee: 'snp', remedy: 'modprobe configfs in the guest' },
    ],
    [
      'not mounted',
      [SEV, CONFIGFS_DIR],
      { state: 'absent', remedy: 'mount -t configfs none /sys/kernel/config' },
    ],
    ['no core', [SEV, CONFIGFS_DIR, mounted()], { state: 'absent' }],
    ['no driver', [TSM_DIR, mounted()], { state: 'absent', tee: null }],
    ['read-only', [SEV, TSM_DIR, mounted('ro,nosuid')], { state: 'denied' }],
    ['ready for SNP', [SEV, TSM_DIR, mounted()], { state: 'ready', tee: 'snp', remedy: null }],
    ['ready for TDX', [TDX, TSM_DIR, mounted()], { state: 'ready', tee: 'tdx' }],
    ['by its node', [{ 'dev/tdx_guest': '' }, TSM_DIR, mounted()], { state: 'ready', tee: 'tdx' }],
  ]
  for (const [title, files, want] of steps) {
    t.match(await one(machine(t, ...files), 'configfs-tsm'), want, title)
  }
  const root = machine(t, SEV, TSM_DIR, mounted())
  t.match(await one(root, 'configfs-tsm', async () => false), { state: 'denied' })
})

t.test('probe: another file system over configfs hides it', async (t) => {
  const mounts = mounted()['proc/self/mounts']
  const hidden = { 'proc/self/mounts': `${mounts}tmpfs /sys/kernel/config tmpfs rw 0 0\n` }
  const root = machine(t, SEV, CONFIGFS_DIR, hidden)
  t.match(await one(root, 'configfs-tsm'), { state: 'absent', detail: /not mounted/ })
})

t.test('probe: /dev/sev-guest', async (t) => {
  const node = { 'dev/sev-guest': '' }
  t.match(await one(machine(t), 'sev-guest'), { state: 'absent', remedy: /^modprobe sev-guest/ })
  const remedy = 'mknod -m 600 /dev/sev-guest c 10 123'
  t.match(await one(machine(t, SEV), 'sev-guest'), { state: 'absent', remedy })
  t.match(await one(machine(t, node), 'sev-guest'), { state: 'ready', tee: 'snp', remedy: null })
  const denied = await one(machine(t, node), 'sev-guest', async () => false)
  t.match(denied, { state: 'denied', remedy: /root/ })
})

t.test('probe: a TDREPORT is not a quote', async (t) => {
  const root = machine(t, { 'dev/tdx_guest': '' })
  t.match(await one(root, 'tdx-guest'), { state: 'unusable', tee: 'tdx', remedy: /configfs-tsm/ })
  t.match(await one(machine(t), 'tdx-guest'), { state: 'absent', remedy: /^modprobe tdx-guest/ })
  t.match(await one(machine(t, TDX), 'tdx-guest'), { remedy: /mknod .* c 10 124$/ })
})

t.test('probe: whether we may is asked of the kernel', async (t) => {
  const root = machine(t, { 'dev/sev-guest': '' })
  const denied = process.getuid?.() === 0 ? 'ready' : 'denied'
  chmodSync(path.join(root, 'dev/sev-guest'), 0)
  t.match(await one(root, 'sev-guest'), { state: denied })
})
