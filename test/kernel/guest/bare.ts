// SPDX-License-Identifier: Apache-2.0
// From a guest with nothing loaded to one that attests: what is missing at each step, and what the
// sidecar makes up for.

import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { openConfigfsTsm } from '../../../src/sidecar/configfs-tsm.js'
import { platformOpener } from '../../../src/sidecar/open.js'
import { prepare } from '../../../src/sidecar/prepare.js'
import { probe } from '../../../src/sidecar/probe.js'
import { openSevGuest } from '../../../src/sidecar/sev-guest.js'
import { collect, refuses } from './assert.js'
import {
  CONFIGFS,
  CORE,
  check,
  clock,
  insmod,
  loadProvider,
  type Provider,
  REPORT,
  SEV_GUEST,
  sh,
} from './lab.js'

const states = async () => (await probe()).map(({ state }) => state).join(' ')

/** Gives the provider, loaded. */
export async function bareGuest(): Promise<Provider> {
  const logged: object[] = []
  const log = (event: object) => logged.push(event)
  const open = platformOpener({ clock, log })

  await check('bare / nothing loaded', async () => {
    assert.equal(await states(), 'absent absent absent')
    await refuses(open(), 'ERR_DEVICE_ABSENT')
    assert.deepEqual(logged, [], 'nothing to prepare')
  })
  insmod('configfs')
  sh('mount', '-o', 'remount,ro', '/sys')
  await check('bare / configfs is mounted on a read-only /sys', async () => {
    await refuses(open(), 'ERR_DEVICE_ABSENT')
    assert.deepEqual(logged, [{ msg: 'configfs mounted' }])
    const options = 'rw,nosuid,nodev,noexec,relatime'
    assert.ok(mounts().includes(` ${CONFIGFS} configfs ${options} `), mounts())
  })
  sh('mount', '-o', 'remount,rw', '/sys')
  insmod(CORE)
  await check('bare / the core without a provider', async () => {
    assert.equal(await states(), 'absent absent absent')
    await refuses(openConfigfsTsm({ dir: REPORT, clock }), 'ERR_DEVICE_ABSENT')
  })
  const provider = await loadProvider()
  await check('bare / a provider', async () => {
    assert.equal(await states(), 'ready ready absent')
    const { cpu, gpus } = await open()
    assert.deepEqual([cpu.name, cpu.tee, cpu.floor, gpus], ['configfs-tsm', 'snp', 0, null])
    await collect(cpu, provider, 1)
  })
  await nodes(provider)
  await readOnly(provider)
  return provider
}

async function nodes(provider: Provider): Promise<void> {
  await check('bare / a missing node is made, and works', async () => {
    const { rdev } = statSync(SEV_GUEST)
    rmSync(SEV_GUEST)
    assert.equal(await states(), 'ready absent absent')
    await prepare({ root: '/', log: () => {} })
    assert.equal(statSync(SEV_GUEST).rdev, rdev)
    assert.equal(statSync(SEV_GUEST).mode, 0o20600)
    const surface = await openSevGuest({ path: SEV_GUEST, clock })
    await collect(surface, provider, 1)
    await surface.close()
  })
}

async function readOnly(provider: Provider): Promise<void> {
  sh('mount', '-o', 'remount,bind,ro', CONFIGFS)
  const unprepared = { clock, log: () => {}, ways: { prepare: async () => {} } }
  await check('bare / configfs read-only', async () => {
    assert.equal(await states(), 'denied ready absent')
    await refuses(openConfigfsTsm({ dir: REPORT, clock }), 'ERR_DEVICE_PERMISSION')
  })
  await check('bare / the device serves where configfs does not', async () => {
    const { cpu } = await platformOpener(unprepared)()
    assert.equal(cpu.name, 'sev-guest')
    await collect(cpu, provider, 1)
    await cpu.close()
  })
  await check('bare / configfs is made writable', async () => {
    await prepare({ root: '/', log: () => {} })
    const surface = await openConfigfsTsm({ dir: REPORT, clock })
    await collect(surface, provider, 1)
  })
  await check('bare / not root', async () => {
    process.seteuid?.(1000)
    try {
      await refuses(openConfigfsTsm({ dir: REPORT, clock }), 'ERR_DEVICE_PERMISSION')
      await refuses(openSevGuest({ path: SEV_GUEST, clock }), 'ERR_DEVICE_PERMISSION')
    } finally {
      process.seteuid?.(0)
    }
  })
}

const mounts = (): string => readFileSync('/proc/self/mounts', 'utf8')
