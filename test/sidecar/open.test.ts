// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AttestationError, type Code } from '../../src/errors.js'
import { type OpenOptions, openPlatform, type Ways } from '../../src/sidecar/open.js'
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
  const ways: Ways = {
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
  const { cpu, gpus } = await openPlatform(options)
  t.equal(cpu.name, 'configfs-tsm')
  t.equal(gpus, null)
  t.same(asked, ['prepare', '/sys/kernel/config/tsm/report'])
  t.match(logged, [{ surface: 'configfs-tsm', tee: 'snp', floor: 1 }])
})

t.test('open: falls back to the device where configfs-tsm is not to be had', async (t) => {
  for (const code of ['ERR_DEVICE_ABSENT', 'ERR_DEVICE_PERMISSION'] as const) {
    const { options, asked } = world(machine(t, SEV), code)
    t.equal((await openPlatform(options)).cpu.name, 'sev-guest', code)
    t.equal(asked.at(-1), '/dev/sev-guest')
  }
})

t.test('open: asks no other way where the first one answered', async (t) => {
  for (const code of ['ERR_DEVICE_PROVIDER', 'ERR_DEVICE_IO', 'ERR_DEVICE_LOST'] as const) {
    const { options, asked } = world(machine(t, SEV), code)
    await rejectsCode(t, openPlatform(options), code)
    t.notOk(asked.includes('/dev/sev-guest'))
  }
  const bug = new TypeError('ours')
  await t.rejects(openPlatform(world(machine(t, SEV), bug).options), bug)
})

t.test('open: says why there is no surface', async (t) => {
  const refused = async (files: Files, configfs: Code, code: Code) => {
    const error = await rejectsCode(
      t,
      openPlatform(world(machine(t, files), configfs).options),
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

t.test('open: GPUs that are not attested are not passed over in silence', async (t) => {
  const pci = (address: string, vendor: string, kind: string): Files => ({
    [`sys/bus/pci/devices/${address}/vendor`]: `${vendor}\n`,
    [`sys/bus/pci/devices/${address}/class`]: `${kind}\n`,
  })
  const others = [
    pci('0000:00:01.0', '0x1234', '0x030000'),
    pci('0000:00:02.0', '0x10de', '0x068000'),
    { 'sys/bus/pci/devices/0000:00:03.0/vendor': '0x10de\n' },
  ]
  const without = world(machine(t, ...others))
  await openPlatform(without.options)
  t.equal(without.logged.length, 1, 'other vendors, and switches')
  const gpus = [
    pci('0000:01:00.0', '0x10de', '0x030200'),
    pci('0000:02:00.0', '0x10de', '0x030000'),
  ]
  const { options, logged } = world(machine(t, ...others, ...gpus))
  t.equal((await openPlatform(options)).gpus, null)
  t.match(logged[1], { msg: /GPU/, gpus: 2 })
})

t.test('open: with the ways of this machine, and nothing on it', async (t) => {
  const clock = new ManualClock()
  const root = machine(t)
  await rejectsCode(t, openPlatform({ clock, log: () => {}, root }), 'ERR_DEVICE_ABSENT')
  const { cpu } = await openPlatform({ clock, log: () => {}, root: machine(t, SEV) })
  t.equal(cpu.name, 'sev-guest')
  await cpu.close()
})
