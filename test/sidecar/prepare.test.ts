// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { prepare } from '../../src/sidecar/prepare.js'
import { loadSyscalls, type Syscalls } from '../../src/sidecar/syscalls.js'
import { CONFIGFS_DIR, type Files, machine, misc, mounted } from './machine.js'

const NOSUID_NODEV_NOEXEC = 14
const REMOUNT_BIND = 0x1020

interface Ran {
  readonly calls: unknown[][]
  readonly logged: object[]
  readonly loads: number
}

async function run(root: string, errno = 0): Promise<Ran> {
  const calls: unknown[][] = []
  const logged: object[] = []
  let loads = 0
  const record = (...call: unknown[]) => {
    calls.push(call.map((value) => (typeof value === 'string' ? value.replace(root, '') : value)))
    return errno
  }
  const syscalls: Syscalls = {
    mount: (...call) => record('mount', ...call),
    mknod: (...call) => record('mknod', ...call),
  }
  const load = async () => {
    loads++
    return syscalls
  }
  await prepare({ root, log: (event) => logged.push(event), load })
  return { calls, logged, loads }
}

t.test('prepare: a machine that lacks nothing is left alone, and koffi unloaded', async (t) => {
  const whole: Files[][] = [
    [],
    [CONFIGFS_DIR, mounted()],
    [misc('123 sev-guest'), { 'dev/sev-guest': '' }],
    [misc('60 other', 'nonsense', '9999999999 x y')],
  ]
  for (const files of whole) {
    t.same(await run(machine(t, ...files)), { calls: [], logged: [], loads: 0 })
  }
})

t.test('prepare: configfs is mounted where its mount point is empty', async (t) => {
  const { calls, logged, loads } = await run(machine(t, CONFIGFS_DIR))
  t.same(calls, [['mount', 'none', '/sys/kernel/config', 'configfs', NOSUID_NODEV_NOEXEC]])
  t.same(logged, [{ msg: 'configfs mounted' }])
  t.equal(loads, 1)
})

t.test('prepare: configfs that is mounted read-only becomes writable here', async (t) => {
  const { calls } = await run(machine(t, CONFIGFS_DIR, mounted('ro,nosuid,nodev')))
  const flags = REMOUNT_BIND | NOSUID_NODEV_NOEXEC
  t.same(calls, [['mount', 'none', '/sys/kernel/config', 'configfs', flags]])
})

t.test('prepare: nodes are made by the numbers of the kernel', async (t) => {
  const { calls } = await run(machine(t, misc('123 sev-guest', '  1024 tdx_guest')))
  t.same(calls, [
    ['mknod', '/dev/sev-guest', 0o20600, 10 * 256 + 123],
    ['mknod', '/dev/tdx_guest', 0o20600, 0x400a00],
  ])
})

const devices = (...lines: readonly string[]): Files => ({
  'proc/devices': `Character devices:\n${lines.join('\n')}\n\nBlock devices:\n  7 nvidia\n`,
})
const gpu = (address: string, minor: number): Files => ({
  [`proc/driver/nvidia/gpus/${address}/information`]: [
    'Model: \t\t NVIDIA H100 80GB HBM3',
    'Bus Location: \t 0000:01:00.0',
    `Device Minor: \t ${minor}`,
    'GPU Excluded:\t No',
    '',
  ].join('\n'),
})
const TWO = [gpu('0000:01:00.0', 1), gpu('0000:02:00.0', 0)]
const made = (name: string, major: number, minor: number) => [
  'mknod',
  `/dev/${name}`,
  0o20600,
  major * 256 + minor,
]

t.test('prepare: nodes of every GPU that the driver has, and of its control', async (t) => {
  const { calls, logged } = await run(machine(t, devices('  1 mem', '195 nvidia'), ...TWO))
  t.same(calls, [made('nvidiactl', 195, 255), made('nvidia0', 195, 0), made('nvidia1', 195, 1)])
  t.same(logged[0], { msg: '/dev/nvidiactl made' })
})

t.test('prepare: majors of older and newer drivers, and nodes that are there', async (t) => {
  const older = await run(machine(t, devices('195 nvidia-frontend'), ...TWO))
  t.same(older.calls[1], made('nvidia0', 195, 0))
  const newer = await run(machine(t, devices('195 nvidia', '196 nvidiactl'), ...TWO))
  t.same(newer.calls[0], made('nvidiactl', 196, 255))
  t.same(newer.calls[1], made('nvidia0', 195, 0))
  const some: Files = { 'dev/nvidiactl': '', 'dev/nvidia1': '' }
  const { calls } = await run(machine(t, devices('195 nvidia'), some, ...TWO))
  t.same(calls, [made('nvidia0', 195, 0)])
})

t.test('prepare: without a driver, no node; without a minor, none of that GPU', async (t) => {
  t.same((await run(machine(t, devices('1 mem'), ...TWO))).calls, [])
  t.same((await run(machine(t, ...TWO))).calls, [])
  const odd: Files = { 'proc/driver/nvidia/gpus/0000:03:00.0/information': 'Device Minor: N/A\n' }
  t.same((await run(machine(t, devices('195 nvidia'), odd))).calls, [made('nvidiactl', 195, 255)])
})

t.test('prepare: what is not permitted is logged, and the rest still tried', async (t) => {
  const { calls, logged } = await run(machine(t, CONFIGFS_DIR, misc('123 sev-guest')), 1)
  t.equal(calls.length, 2)
  t.same(logged, [
    { msg: 'not configfs mounted', errno: 1 },
    { msg: 'not /dev/sev-guest made', errno: 1 },
  ])
})

const skip = process.platform === 'linux' ? false : 'system calls of Linux'
t.test('prepare: without koffi a machine stays as it is, and may do as it is', async (t) => {
  const logged: object[] = []
  await prepare({
    root: machine(t, misc('123 sev-guest')),
    log: (event) => logged.push(event),
    load: () => Promise.reject(new Error('no binary for this machine')),
  })
  t.same(logged, [{ msg: 'nothing prepared: koffi cannot be loaded' }])
})

t.test('prepare: the real calls give the error number', { skip }, async (t) => {
  const { mount, mknod } = await loadSyscalls()
  const nowhere = `${machine(t)}/none/there`
  t.equal(mount('none', nowhere, 'configfs', 0), 2)
  t.equal(mknod(nowhere, 0o10600, 0), 2)
  const here = `${machine(t)}/fifo`
  t.equal(mknod(here, 0o10600, 0), 0, 'a FIFO, which anybody may make')
  t.equal(mknod(here, 0o10600, 0), 17)
})
