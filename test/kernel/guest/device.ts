// SPDX-License-Identifier: Apache-2.0
// /dev/sev-guest: the ioctls of the driver, as the lab's module answers them.

import assert from 'node:assert/strict'
import type { Code } from '../../../src/errors.js'
import { openSevGuest } from '../../../src/sidecar/sev-guest.js'
import {
  collect,
  costs,
  failsOnce,
  losesKey,
  refuses,
  stallsNobody,
  survivesBusy,
} from './assert.js'
import { check, clock, during, type Parameters, type Provider, SEV_GUEST } from './lab.js'

const FAILURES: readonly (readonly [how: Parameters, code: Code])[] = [
  [{ fail_errno: 5 }, 'ERR_DEVICE_IO'],
  [{ fail_errno: 16 }, 'ERR_DEVICE_BUSY'],
  [{ fail_errno: 74 }, 'ERR_DEVICE_IO'],
  [{ fail_errno: 110 }, 'ERR_DEVICE_IO'],
  [{ vmm_error: 2 }, 'ERR_DEVICE_IO'],
  [{ vmm_error: 7 }, 'ERR_DEVICE_IO'],
  [{ fw_status: 0x16 }, 'ERR_DEVICE_IO'],
  [{ fw_status: 0x27 }, 'ERR_DEVICE_IO'],
]

const open = () => openSevGuest({ path: SEV_GUEST, clock })

/** @param provider whose floor is 1 */
export async function device(provider: Provider): Promise<void> {
  const surface = await open()
  const ask = (vmpl: number) => collect(surface, provider, vmpl)
  await check('device / 12 requests at every level', async () => {
    for (let i = 0; i < 12; i++) await ask(1 + (i % 3))
  })
  await check('device / 8 callers at once', async () => {
    const callers = Array.from({ length: 40 }, (_, i) => ask(1 + (i % 3)))
    await costs(40, () => Promise.all(callers))
  })
  await check('device / a level below the floor', () => refuses(ask(0), 'ERR_DEVICE_IO'))
  await check('device / a slow firmware', () => stallsNobody(surface, provider, 1))
  for (const [how, code] of FAILURES) {
    const [[name, value] = []] = Object.entries(how)
    await check(`device / ${name} ${value} is ${code}`, () =>
      failsOnce(surface, provider, how, code, 1),
    )
  }
  await check('device / busy for a while', () => survivesBusy(surface, provider, 1))
  await check('device / a lost key', async () => losesKey(await open(), provider, 1))
  await check('device / no certificates', async () => {
    assert.equal((await during({ certs_len: 0 }, () => ask(1))).length, 0)
  })
  await check('device / more certificates than the driver takes', async () => {
    const once = await open()
    const table = await during({ certs_len: 20_000 }, () => collect(once, provider, 1))
    assert.equal(table.length, 0, 'the report alone')
    await once.close()
  })
  await surface.close()
}
