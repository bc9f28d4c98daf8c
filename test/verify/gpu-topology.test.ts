// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Device } from '../../src/verify/gpu-device.js'
import { gpuMode, topologyProblem } from '../../src/verify/gpu-topology.js'
import { device, machine, saying } from './gpu-facts.js'

const detailOf = (devices: readonly Device[]): string | undefined => {
  const problem = topologyProblem(devices)
  if (problem) t.equal(problem.code, 'ERR_GPU_TOPOLOGY')
  return problem?.detail
}

t.test('gpu topology: the mode is the feature flag, or what older drivers say', async (t) => {
  const mode = (opaque: Parameters<typeof saying>[1]) => gpuMode(saying(device(), opaque))
  t.equal(mode({ featureFlag: 'mpt', protectedPcieStatus: 'enabled' }), 'mpt')
  t.equal(mode({ featureFlag: 'ppcie' }), 'ppcie')
  t.equal(mode({ protectedPcieStatus: 'enabled' }), 'ppcie')
  t.equal(mode({ protectedPcieStatus: 'disabled' }), null)
  t.equal(mode({}), null)
})

t.test('gpu topology: eight GPUs and four switches that name each other', async (t) => {
  const all = machine()
  t.equal(topologyProblem(all), null)
  t.equal(topologyProblem([...all].reverse()), null, 'in any order')
  for (const [at, { kind }] of all.entries()) {
    const left = all.filter((_, other) => other !== at)
    const counts = kind === 'gpu' ? '7 and 4' : '8 and 3'
    t.equal(detailOf(left), `8 GPUs and 4 NVSwitches expected, got ${counts}`)
  }
})

t.test('gpu topology: whom a device names counts by certificates', async (t) => {
  const all = machine()
  const replaced = (at: number, change: (one: Device) => Device) =>
    all.map((one, other) => (other === at ? change(one) : one))
  const foreign = new Uint8Array(8).fill(0xee)
  const named = all[0]?.opaqueData.switchPdis ?? []
  const cases: [at: number, change: (one: Device) => Device, says: RegExp][] = [
    [3, (one) => saying(one, { switchPdis: null }), /^GPU 3 is connected to other NVSwitches/],
    [3, (one) => saying(one, { switchPdis: [foreign, ...named] }), /^GPU 3 is connected/],
    [3, (one) => saying(one, { switchPdis: named.slice(1, 4) }), /^GPU 3 is connected/],
    [9, (one) => saying(one, { devicePdi: null }), /^NVSwitch 9 says that it is another one/],
    [9, (one) => saying(one, { devicePdi: foreign }), /^NVSwitch 9 says/],
    [9, (one) => saying(one, { switchGpuPdis: null }), /^NVSwitch 9 connects other GPUs/],
    [9, (one) => saying(one, { switchGpuPdis: [foreign] }), /^NVSwitch 9 connects/],
    // Genuine, and of another machine: what it says of itself and its certificate agree.
    [5, (one) => ({ ...one, pdi: 'ee'.repeat(8) }), /^NVSwitch 8 connects other GPUs/],
    [
      10,
      (one) => ({ ...saying(one, { devicePdi: foreign }), pdi: 'ee'.repeat(8) }),
      /^GPU 0 is connected to other/,
    ],
    [10, () => all[9] as Device, /^GPU 0 is connected to other/],
  ]
  for (const [at, change, says] of cases) t.match(detailOf(replaced(at, change)), says)
})
