// SPDX-License-Identifier: Apache-2.0
// What `assay detect` finds, and what it says of it.

import t from 'tap'
import { detect } from '../../src/cli/detect.js'
import { advice } from '../../src/cli/detect-advice.js'
import { judgeGpus } from '../../src/cli/detect-gpus.js'
import { lookAround, type Machine } from '../../src/cli/detect-machine.js'
import { type GpuSurvey, surveyGpus } from '../../src/sidecar/conf-compute.js'
import type { Probed } from '../../src/sidecar/probe.js'
import { type FakeDriver, FakeNvml, HOPPER } from '../fake/nvml.js'
import { machine as files, misc, mounted, TSM_DIR } from '../sidecar/machine.js'
import { assay } from './terminal.js'

const surveyOf = (driver?: FakeDriver): Promise<GpuSurvey> => surveyGpus(new FakeNvml(driver).open)
const NO_GPUS = await surveyOf({ statuses: { nvmlInit_v2: 12 } })

const surface = (
  name: Probed['surface'],
  state: Probed['state'],
  change: Partial<Probed> = {},
) => ({
  surface: name,
  tee: name === 'tdx-guest' ? ('tdx' as const) : ('snp' as const),
  state,
  detail: `${name} is ${state}`,
  remedy: state === 'ready' ? null : `do something about ${name}`,
  ...change,
})

const NOTHING = [
  surface('configfs-tsm', 'absent', { tee: null }),
  surface('sev-guest', 'absent'),
  surface('tdx-guest', 'absent'),
]

const found = (change: Partial<Machine> = {}): Machine => ({
  kernel: '6.12.0-1-amd64',
  cpu: 'AMD',
  virtual: true,
  hosts: [],
  surfaces: NOTHING,
  gpus: NO_GPUS,
  pciGpus: 0,
  ...change,
})

function run(machine: Machine, json = false): { code: number; out: string } {
  let out = ''
  const code = detect({ out: (text) => (out += text) }, machine, json)
  return { code, out }
}

t.test('detect: this machine, as text and as one document', async (t) => {
  const text = await assay(['detect'])
  const { code, out, err } = await assay(['detect', '--json'])
  const { usable, machine, surfaces, gpus } = JSON.parse(out)
  t.equal(err, '')
  t.equal(code, usable ? 0 : 20)
  t.equal(text.code, code)
  t.match(text.out, usable ? /^this machine can attest/ : /^this machine CANNOT attest/)
  t.match(text.out, `kernel ${machine.kernel}`)
  t.same(
    surfaces.map(({ surface }: Probed) => surface),
    ['configfs-tsm', 'sev-guest', 'tdx-guest'],
  )
  t.type(gpus.detail, 'string')
})

t.test('detect: help, and no arguments', async (t) => {
  const { out } = await assay(['detect', '--help'])
  t.match(out, /exit 0 when there is a way,\s+20 when not/)
  t.match(out, /\nExamples:\n {2}assay detect\n/)
  t.equal((await assay(['detect', 'now'])).code, 30)
})

t.test('detect: a guest that can attest', async (t) => {
  for (const [tee, name] of [
    ['snp', 'SEV-SNP'],
    ['tdx', 'TDX'],
    [null, 'a TEE'],
  ] as const) {
    const surfaces = [surface('configfs-tsm', 'ready', { tee }), ...NOTHING.slice(1)]
    const { code, out } = run(found({ surfaces }))
    t.equal(code, 0)
    t.match(out, `this machine can attest: ${name}, through configfs-tsm\n`)
    t.match(out, /^ {2}ready {5}configfs-tsm {2}configfs-tsm is ready$/m)
    t.match(out, /^ {2}absent {4}sev-guest {5}sev-guest is absent$/m)
    t.notMatch(out, /to enable|what is missing/, 'nothing needs to be done')
  }
})

t.test('detect: what is in the way of a surface, even where another one serves', async (t) => {
  const surfaces = [
    surface('configfs-tsm', 'denied'),
    surface('sev-guest', 'ready'),
    surface('tdx-guest', 'absent'),
  ]
  const { code, out } = run(found({ surfaces }))
  t.equal(code, 0)
  t.match(out, /through sev-guest\n/)
  t.match(out, /^ {26}to enable: do something about configfs-tsm$/m)
  t.notMatch(out, /about tdx-guest/)
})

t.test('detect: a guest that cannot', async (t) => {
  const { code, out } = run(found())
  t.equal(code, 20)
  t.match(out, /^this machine CANNOT attest\nkernel 6\.12\.0-1-amd64, a virtual machine on AMD\n/)
  t.match(out, /about configfs-tsm/)
  t.match(out, /about sev-guest/)
  t.notMatch(out, /about tdx-guest/, 'an AMD has no TDX')
  t.match(out, /what is missing:\n {2}the host has to start this VM as a confidential one\n/)
  t.match(run(found({ cpu: 'Intel' })).out, /about tdx-guest/)
  t.notMatch(run(found({ cpu: 'Intel' })).out, /about sev-guest/)
  const unknown = run(found({ cpu: null, kernel: null, virtual: null })).out
  t.match(unknown, /^kernel unknown, a machine$/m)
  t.match(unknown, /about sev-guest/)
  t.match(unknown, /about tdx-guest/)
  t.match(
    run(found({ virtual: false })).out,
    /^kernel 6\.12\.0-1-amd64, no virtual machine on AMD$/m,
  )
})

t.test('detect: a TDX device alone gives no quote', async (t) => {
  const surfaces = [...NOTHING.slice(0, 2), surface('tdx-guest', 'unusable')]
  const { code, out } = run(found({ cpu: 'Intel', surfaces }))
  t.equal(code, 20)
  t.match(out, /^ {2}unusable {2}tdx-guest {5}tdx-guest is unusable$/m)
})

t.test('detect: GPUs, one line each', async (t) => {
  const gpus = await surveyOf({ gpus: [HOPPER, { uuid: 'GPU-\x1b[31m', architecture: 10 }] })
  const { out } = run(found({ gpus, pciGpus: 2 }))
  t.match(
    out,
    /^ {2}ready {5}gpu {11}2 NVIDIA GPUs, driver 570\.124\.06: confidential computing is on/m,
  )
  t.match(out, `\n${' '.repeat(26)}0: HOPPER, ${HOPPER.uuid}\n`)
  t.match(out, '1: BLACKWELL, GPU-?[31m\n', 'and no control characters')
  const lost = await surveyOf({ statuses: { nvmlDeviceGetHandleByIndex_v2: 15 } })
  t.match(run(found({ gpus: lost })).out, '0: unknown, no UUID\n')
})

t.test('detect: GPUs that are not attested are in the way of the CPU', async (t) => {
  const surfaces = [surface('configfs-tsm', 'ready'), ...NOTHING.slice(1)]
  const off = found({ surfaces, gpus: await surveyOf({ ccFeature: 0 }), pciGpus: 1 })
  const { code, out } = run(off)
  t.equal(code, 20)
  t.match(out, /^this machine CANNOT attest: its CPU could.*--gpus ignore/)
  t.equal(JSON.parse(run(off, true).out).usable, false)
  t.equal(run(found({ surfaces, gpus: await surveyOf(), pciGpus: 1 })).code, 0)
})

t.test('detect: GPUs alone are no way to attest', async (t) => {
  const gpus = await surveyOf()
  const { code, out } = run(found({ gpus, pciGpus: 1 }), true)
  t.equal(code, 20)
  const document = JSON.parse(out)
  t.equal(document.usable, false)
  t.match(document.gpus, { state: 'ready', onBus: 1, driverVersion: '570.124.06' })
  t.match(document.machine, { kernel: '6.12.0-1-amd64', cpu: 'AMD', virtual: true, hosts: [] })
  t.ok(document.advice.length > 0)
})

t.test('detect: what GPUs are good for', async (t) => {
  const start = (status: number) => ({ statuses: { nvmlInit_v2: status } })
  const noCc = {
    absent: ['nvmlSystemGetConfComputeSettings', 'nvmlSystemGetConfComputeState'],
  }
  const cases: readonly [FakeDriver, number, string, RegExp, RegExp | null][] = [
    [start(12), 0, 'absent', /no NVIDIA GPU/, null],
    [
      start(12),
      1,
      'unusable',
      /1 NVIDIA GPU on the PCI bus, and no libnvidia-ml/,
      /install the NVIDIA driver/,
    ],
    [start(9), 2, 'unusable', /2 NVIDIA GPUs on .*not loaded/, /modprobe nvidia/],
    [start(18), 1, 'unusable', /different versions/, /of the guest itself/],
    [start(4), 1, 'denied', /no permission/, /as root/],
    [start(999), 1, 'unusable', /nvmlInit_v2: unknown/, /nvidia-smi/],
    [{ gpus: [] }, 1, 'unusable', /none of which the driver drives/, /dmesg/],
    [{ gpus: [] }, 0, 'absent', /no NVIDIA GPU/, null],
    [noCc, 1, 'unusable', /no confidential computing/, /Hopper or Blackwell/],
    [{ ccFeature: 0 }, 1, 'unusable', /computing is off/, /--set-cc-mode=on/],
    [{ devToolsMode: 1 }, 1, 'unusable', /DevTools/, /--set-cc-mode=on/],
    [{ ready: 0 }, 1, 'unusable', /is on; they take no work yet/, /nvidia-smi conf-compute -srs 1/],
    [{ environment: 1 }, 1, 'unusable', /of simulation$/, /production/],
    [{ gpus: [{ ...HOPPER, architecture: 8 }] }, 1, 'unusable', /ADA gives no evidence/, /Hopper/],
    [{}, 2, 'unusable', /2 are on the PCI bus/, /dmesg/],
    [{}, 1, 'ready', /computing is on$/, null],
    [{ ccFeature: 0, multiGpuMode: 1 }, 1, 'ready', /protected PCIe is on$/, null],
    [
      { statuses: { nvmlSystemGetDriverVersion: 3 } },
      1,
      'ready',
      /driver of unknown version/,
      null,
    ],
  ]
  for (const [driver, onBus, state, detail, remedy] of cases) {
    const verdict = judgeGpus(await surveyOf(driver), onBus)
    t.match(verdict, { state, detail, remedy }, `${JSON.stringify(driver)} ${onBus}`)
  }
})

t.test('detect: advice goes from the outside in', async (t) => {
  const cases: readonly [Partial<Machine>, RegExp, RegExp | null][] = [
    [{ surfaces: [surface('sev-guest', 'ready')] }, /^$/, null],
    [{ virtual: false }, /inside a confidential VM: run this there\n.*BIOS, SMEE/s, /TME-MT/],
    [{ virtual: false, cpu: 'Intel' }, /BIOS, TME-MT/, /SMEE/],
    [{ virtual: false, cpu: null }, /inside a confidential VM/, /BIOS/],
    [
      { virtual: false, hosts: ['SEV-SNP'] },
      /this one can start SEV-SNP guests; run this there/,
      /BIOS/,
    ],
    [{ virtual: false, hosts: ['SEV-SNP', 'TDX'] }, /SEV-SNP and TDX guests/, null],
    [{ kernel: '5.18.19' }, /5\.18\.19 has no driver/, /configfs-tsm/],
    [{ kernel: '5.19.0' }, /5\.19\.0 has no configfs-tsm/, /no driver/],
    [{ kernel: '6.6-rc1' }, /6\.6-rc1 has no configfs-tsm/, /no driver/],
    [{ kernel: '6.7.0' }, /as a confidential one/, /6\.7/],
    [{ kernel: '10.1.0' }, /as a confidential one/, /10\.1/],
    [{ kernel: null }, /kata-qemu-snp, kata-qemu-tdx.*kata-qemu-nvidia-gpu-snp/, /Linux/],
  ]
  for (const [change, holds, lacks] of cases) {
    const text = advice(found(change)).join('\n')
    t.match(text, holds, JSON.stringify(change))
    if (lacks) t.notMatch(text, lacks, JSON.stringify(change))
  }
})

t.test('detect: what the files of a machine say', async (t) => {
  const survey = () => surveyOf()
  const guest = files(
    t,
    misc('123 sev-guest'),
    TSM_DIR,
    mounted(),
    { 'proc/sys/kernel/osrelease': '6.12.95-amd64\n' },
    { 'proc/cpuinfo': 'processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor\n\n' },
    { 'sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de\n' },
    { 'sys/bus/pci/devices/0000:01:00.0/class': '0x030200\n' },
  )
  t.match(await lookAround(guest, survey), {
    kernel: '6.12.95-amd64',
    cpu: 'AMD',
    virtual: true,
    hosts: [],
    surfaces: [{ surface: 'configfs-tsm' }, { surface: 'sev-guest' }, { surface: 'tdx-guest' }],
    gpus: { driverVersion: '570.124.06' },
    pciGpus: 1,
  })
  const host = files(
    t,
    { 'proc/cpuinfo': 'vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n' },
    { 'sys/module/kvm_intel/parameters/tdx': 'Y\n' },
    { 'sys/module/kvm_amd/parameters/sev_snp': 'N\n' },
  )
  t.match(await lookAround(host, survey), {
    kernel: null,
    cpu: 'Intel',
    virtual: false,
    hosts: ['TDX'],
  })
  const arm = files(t, { 'proc/cpuinfo': 'Features\t: fp asimd\n' })
  t.match(await lookAround(arm, survey), { cpu: null, virtual: null, pciGpus: 0 })
  const other = files(t, { 'proc/cpuinfo': 'vendor_id\t: HygonGenuine\nflags\t: fpu\n' })
  t.match(await lookAround(other, survey), { cpu: null, virtual: false })
})
