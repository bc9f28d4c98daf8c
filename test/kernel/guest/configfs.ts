// SPDX-License-Identifier: Apache-2.0
// configfs-tsm: the kernel's own, with everything that can go wrong behind it and beside it.

import assert from 'node:assert/strict'
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import type { Code } from '../../../src/errors.js'
import { openConfigfsTsm } from '../../../src/sidecar/configfs-tsm.js'
import type { CpuSurface } from '../../../src/sidecar/surface.js'
import {
  collect,
  costs,
  crowd,
  failsOnce,
  losesKey,
  refuses,
  stallsNobody,
  survivesBusy,
} from './assert.js'
import {
  check,
  clock,
  directories,
  during,
  insmod,
  loadProvider,
  type Provider,
  REPORT,
  unloadProvider,
} from './lab.js'

const ERRNOS: readonly (readonly [errno: number, code: Code, requests: number])[] = [
  [4, 'ERR_DEVICE_BUSY', 7],
  [11, 'ERR_DEVICE_BUSY', 7],
  [16, 'ERR_DEVICE_BUSY', 7],
  [5, 'ERR_DEVICE_IO', 1],
  [12, 'ERR_DEVICE_IO', 1],
  [22, 'ERR_DEVICE_IO', 1],
  [74, 'ERR_DEVICE_IO', 1],
  [110, 'ERR_DEVICE_IO', 1],
  [6, 'ERR_DEVICE_ABSENT', 1],
  [19, 'ERR_DEVICE_ABSENT', 1],
]

const open = () => openConfigfsTsm({ dir: REPORT, clock })

/** Gives the provider, which is another one at the end. */
export async function configfs(provider: Provider): Promise<Provider> {
  const surface = await open()
  await check('configfs / 16 requests at every level', async () => {
    for (let i = 0; i < 16; i++)
      assert.equal((await collect(surface, provider, i % 4)).length, 3000)
  })
  await check('configfs / 8 callers at once', () => crowd(surface, provider))
  await check('configfs / a slow firmware', () => stallsNobody(surface, provider))
  for (const [errno, code, requests] of ERRNOS) {
    await check(`configfs / errno ${errno} of the firmware is ${code}`, async () => {
      await costs(requests + 1, () => failsOnce(surface, provider, { fail_errno: errno }, code))
    })
  }
  await check('configfs / busy for a while', () => survivesBusy(surface, provider))
  await check('configfs / a lost key', async () => losesKey(await open(), provider))
  await blobs(surface, provider)
  await others(surface, provider)
  await check('configfs / no directory stays', () => assert.deepEqual(directories(), []))
  const next = await comeAndGo(surface, provider)
  await check('configfs / no directory stays after that', () => assert.deepEqual(directories(), []))
  return next
}

async function blobs(surface: CpuSurface, provider: Provider): Promise<void> {
  for (const length of [1, 600, 1183, 1185, 20_000]) {
    await check(`configfs / a report of ${length} bytes is none`, () =>
      failsOnce(surface, provider, { out_len: length }, 'ERR_DEVICE_ANSWER'),
    )
  }
  for (const length of [0, 1, 96, 16_384, 32_768]) {
    await check(`configfs / ${length} bytes of certificates`, async () => {
      const table = await during({ certs_len: length }, () => collect(surface, provider))
      assert.equal(table.length, length)
    })
  }
  await check('configfs / more certificates than anybody takes', async () => {
    // Refused by the kernel where its limit is 32 KiB, by us where it is 16 MiB.
    const asked = during({ certs_len: 100_000 }, () => collect(surface, provider))
    const { code } = await asked.then(
      () => ({ code: 'an answer' }),
      (error) => error,
    )
    assert.match(code, /^ERR_DEVICE_(IO|ANSWER)$/)
  })
}

const ROUNDS = 8

/** Somebody does this to every directory of ours as it appears, while `run` runs. */
async function beside(harm: (directory: string) => void, run: () => Promise<void>): Promise<void> {
  let isOver = false
  let met = 0
  const intruder = (async () => {
    while (!isOver) {
      for (const name of directories()) {
        try {
          met++
          harm(`${REPORT}/${name}`)
        } catch {
          // It was gone already, or the kernel refuses what has its effect all the same.
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  await run()
  isOver = true
  await intruder
  assert.ok(met > 0, 'nobody met')
}

async function others(surface: CpuSurface, provider: Provider): Promise<void> {
  const attempts = (codes: readonly Code[]) => async () => {
    for (let i = 0; i < ROUNDS; i++) {
      // `collect` looks into every report: a wrong one would end this.
      await collect(surface, provider).catch((error) => {
        if (!codes.includes(error.code)) throw error
      })
    }
  }
  await check('configfs / somebody writes into our directories', () => {
    const write = (directory: string) =>
      writeFileSync(`${directory}/inblob`, Buffer.alloc(64, 0x66))
    return beside(write, attempts(['ERR_DEVICE_ANSWER']))
  })
  await check('configfs / somebody empties our inblob', () => {
    const write = (directory: string) => writeFileSync(`${directory}/inblob`, Buffer.alloc(65))
    return beside(write, attempts(['ERR_DEVICE_ANSWER']))
  })
  await check('configfs / somebody removes our directories', () =>
    beside(rmdirSync, attempts(['ERR_DEVICE_ABSENT'])),
  )
  await check('configfs / leftovers go at start, and only ours', async () => {
    for (const name of ['assay-left', 'assay-over', 'another']) mkdirSync(`${REPORT}/${name}`)
    await collect(await open(), provider)
    assert.deepEqual(directories(), ['another'])
    rmdirSync(`${REPORT}/another`)
  })
}

async function comeAndGo(surface: CpuSurface, provider: Provider): Promise<Provider> {
  mkdirSync(`${REPORT}/assay-left`)
  await unloadProvider(provider)
  await check('configfs / the provider is gone', async () => {
    await refuses(surface.collect(Buffer.alloc(64), 0), 'ERR_DEVICE_ABSENT')
  })
  await check('configfs / a leftover keeps a provider out until we start', async () => {
    assert.throws(() => insmod('tsm_sim', 'backend=1'))
    await refuses(open(), 'ERR_DEVICE_ABSENT')
    assert.deepEqual(directories(), [])
  })
  const next = await loadProvider(1)
  await check('configfs / the provider is back, with another floor', async () => {
    await refuses(surface.collect(Buffer.alloc(64), 0), 'ERR_LEVEL_FLOOR')
    assert.equal(surface.floor, 1)
    await collect(surface, next, 1)
    assert.equal((await open()).floor, 1)
  })
  return next
}
