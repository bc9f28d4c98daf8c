// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AttestationError, type Code } from '../../src/errors.js'
import { type CpuWays, type OpenOptions, platformOpener } from '../../src/sidecar/open.js'
import type { CpuSurface } from '../../src/sidecar/surface.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { rejectsCode } from '../helpers.js'
import { type Files, machine } from './machine.js'

const SEV: Files = { 'dev/sev-guest': '' }
const TDX: Files = { 'dev/tdx_guest': '' }

const surface = (name: string): CpuSurface => ({
  name,
  tee: 'snp',
  floor: 1,
  collect: () => Promise.reject(new Error('not asked')),
  close: async () => {},
})

interface World {
  readonly options: OpenOptions
  readonly asked: string[]
  readonly logged: object[]
}

function world(root: string, configfs: Code | Error | null = null): World {
  const asked: string[] = []
  const logged: object[] = []
  const ways: CpuWays = {
    prepare: async (options) => {
      asked.push('prepare')
      t.equal(options.root, root)
    },
    openConfigfsTsm: async ({ dir }) => {
      asked.push(dir.replace(root, ''))
      if (configfs instanceof Error) throw configfs
      if (configfs !== null) throw new AttestationError(configfs, 'said configfs')
      return surface('configfs-tsm')
    },
    openSevGuest: async ({ path }) => {
      asked.push(path.replace(root, ''))
      return surface('sev-guest')
    },
  }
  const log = (event: object) => logged.push(event)
  return { options: { clock: new ManualClock(), log, root, ways }, asked, logged }
}

t.test('open: prepares, and prefers configfs-tsm', async (t) => {
  const { options, asked, logged } = world(machine(t, SEV))
  const { cpu, gpus } = await platformOpener(options)()
  t.equal(cpu.name, 'configfs-tsm')
  t.equal(gpus, null)
  t.same(asked, ['prepare', '/sys/kernel/config/tsm/report'])
  t.match(logged, [{ surface: 'configfs-tsm', tee: 'snp', floor: 1 }])
})

t.test('open: falls back to the device where configfs-tsm is not to be had', async (t) => {
  for (const code of ['ERR_DEVICE_ABSENT', 'ERR_DEVICE_PERMISSION'] as const) {
    const { options, asked } = world(machine(t, SEV), code)
    t.equal((await platformOpener(options)()).cpu.name, 'sev-guest', code)
    t.equal(asked.at(-1), '/dev/sev-guest')
  }
})

t.test('open: asks no other way where the first one answered', async (t) => {
  for (const code of ['ERR_DEVICE_PROVIDER', 'ERR_DEVICE_IO', 'ERR_DEVICE_LOST'] as const) {
    const { options, asked } = world(machine(t, SEV), code)
    await rejectsCode(t, platformOpener(options)(), code)
    t.notOk(asked.includes('/dev/sev-guest'))
  }
  const bug = new TypeError('ours')
  await t.rejects(platformOpener(world(machine(t, SEV), bug).options)(), bug)
})

t.test('open: says why there is no surface', async (t) => {
  const refused = async (files: Files, configfs: Code, code: Code) => {
    const error = await rejectsCode(
      t,
      platformOpener(world(machine(t, files), configfs).options)(),
      code,
    )
    t.match(error?.message, /said configfs/)
    return error?.message
  }
  await refused({}, 'ERR_DEVICE_ABSENT', 'ERR_DEVICE_ABSENT')
  await refused({}, 'ERR_DEVICE_PERMISSION', 'ERR_DEVICE_PERMISSION')
  await refused(TDX, 'ERR_DEVICE_PERMISSION', 'ERR_DEVICE_PERMISSION')
  t.match(await refused(TDX, 'ERR_DEVICE_ABSENT', 'ERR_DEVICE_PROVIDER'), /TDREPORT.*not a quote/)
})

t.test('open: what is the same at each try is logged once', async (t) => {
  const { options, logged } = world(machine(t, SEV), 'ERR_DEVICE_LOST')
  const prepare: CpuWays['prepare'] = async ({ log }) => log({ msg: 'configfs not mounted' })
  const open = platformOpener({ ...options, ways: { ...options.ways, prepare } })
  for (let i = 0; i < 3; i++) await rejectsCode(t, open(), 'ERR_DEVICE_LOST')
  t.same(logged, [{ msg: 'configfs not mounted' }])
})

t.test('open: with the ways of this machine, and nothing on it', async (t) => {
  const clock = new ManualClock()
  const root = machine(t)
  await rejectsCode(t, platformOpener({ clock, log: () => {}, root })(), 'ERR_DEVICE_ABSENT')
  const { cpu } = await platformOpener({ clock, log: () => {}, root: machine(t, SEV) })()
  t.equal(cpu.name, 'sev-guest')
  await cpu.close()
})
