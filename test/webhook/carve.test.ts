// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import {
  admitted,
  cpuPod,
  create,
  gpuPod,
  type Loose,
  NAME,
  put,
  refuses,
  sidecars,
} from './pods.js'

const CARVE = { carveResources: true }
const sized = (limits: object | null, requests: object | null) => (pod: Loose) => {
  const { resources } = pod.spec.containers[0]
  for (const [kind, amounts] of Object.entries({ limits, requests })) {
    delete resources[kind]
    if (amounts !== null) resources[kind] = amounts
  }
}
const resourcesOf = (pod: Loose): Loose => pod.spec.containers[0].resources

t.test('carve: the sidecar’s share comes out of the workload', async (t) => {
  const disk = { 'ephemeral-storage': '1Gi' }
  t.strictSame(resourcesOf(admitted(cpuPod(), CARVE)), {
    limits: { ...disk, cpu: '900m', memory: '448Mi' },
    // Requests may not be larger than limits.
    requests: { ...disk, cpu: '900m', memory: '448Mi' },
  })
  const committed = cpuPod(sized({ cpu: '2', memory: '1Gi' }, { cpu: '1', memory: '512Mi' }))
  t.strictSame(resourcesOf(admitted(committed, CARVE)), {
    limits: { cpu: '1900m', memory: '960Mi' },
    requests: { cpu: '990m', memory: '480Mi' },
  })
  const gpu = admitted(
    gpuPod(sized({ cpu: '2', memory: '1Gi', 'nvidia.com/pgpu': '1' }, null)),
    CARVE,
  )
  t.strictSame(resourcesOf(gpu), {
    limits: { cpu: '1900m', memory: '896Mi', 'nvidia.com/pgpu': '1' },
  })
  t.match(admitted(cpuPod(), { ...CARVE, nativeSidecar: true }).spec, {
    containers: [{ resources: { limits: { cpu: '900m' } } }],
    initContainers: [{ name: NAME }],
  })
})

t.test('carve: it is off until the operator asks for it', async (t) => {
  t.strictSame(resourcesOf(admitted(cpuPod())), resourcesOf(cpuPod()))
})

t.test(
  'carve: only the first container gives, and what is not limited has nothing to give',
  async (t) => {
    const second = { name: 'b', resources: { limits: { cpu: '1', memory: '1Gi' } } }
    const pod = cpuPod(put('/spec/containers/1', second))
    t.strictSame(admitted(pod, CARVE).spec.containers[1], second)
    for (const [limits, requests] of [
      [null, null],
      [{}, {}],
      [{ 'nvidia.com/other': '1' }, null],
      [{ cpu: '0' }, { memory: '0' }],
    ] as const) {
      const unbound = cpuPod(sized(limits, requests))
      t.strictSame(resourcesOf(admitted(unbound, CARVE)), resourcesOf(unbound))
    }
    const bare = cpuPod(put('/spec/containers/0/resources', null))
    t.equal(resourcesOf(admitted(bare, CARVE)), null)
    const limited = cpuPod(sized({ cpu: '1' }, null))
    t.strictSame(resourcesOf(admitted(limited, CARVE)), { limits: { cpu: '900m' } })
    const requested = cpuPod(sized(null, { cpu: '1' }))
    t.strictSame(resourcesOf(admitted(requested, CARVE)), { requests: { cpu: '990m' } })
  },
)

t.test('carve: it leaves at least what the floors say, or refuses', async (t) => {
  const floor = cpuPod(sized({ cpu: '110m', memory: '80Mi' }, { cpu: '20m', memory: '48Mi' }))
  t.strictSame(resourcesOf(admitted(floor, CARVE)), {
    limits: { cpu: '10m', memory: '16Mi' },
    requests: { cpu: '10m', memory: '16Mi' },
  })
  for (const [limits, requests, need] of [
    [{ cpu: '109m', memory: '80Mi' }, null, '110m'],
    [{ cpu: '1', memory: '79Mi' }, null, '80Mi'],
    [null, { cpu: '19m' }, '20m'],
    [null, { memory: '47Mi' }, '48Mi'],
  ] as const) {
    const message = refuses(t, create(cpuPod(sized(limits, requests)), CARVE), 'ERR_POD_RESOURCES')
    t.match(message, need)
  }
  const small = gpuPod(sized({ memory: '143Mi', 'nvidia.com/pgpu': '1' }, null))
  t.match(refuses(t, create(small, CARVE), 'ERR_POD_RESOURCES'), '144Mi')
})

t.test('carve: amounts that are none are refused', async (t) => {
  for (const amount of ['much', true, null, {}]) {
    refuses(t, create(cpuPod(sized({ cpu: amount }, null)), CARVE), 'ERR_POD_FORMAT')
  }
})

t.test('carve: the whole Pod asks for no more than it was leased', async () => {
  const milli = fc.integer({ min: 1, max: 4000 })
  const mib = fc.integer({ min: 1, max: 4000 })
  fc.assert(
    fc.property(milli, milli, mib, mib, fc.boolean(), (cpu, cpuLess, memory, memoryLess, gpu) => {
      const change = sized(
        { cpu: `${cpu}m`, memory: `${memory}Mi`, ...(gpu && { 'nvidia.com/pgpu': '1' }) },
        { cpu: `${Math.min(cpu, cpuLess)}m`, memory: `${Math.min(memory, memoryLess)}Mi` },
      )
      const pod = gpu ? gpuPod(change) : cpuPod(change)
      const decision = create(pod, CARVE)
      const fits =
        cpu >= 110 &&
        Math.min(cpu, cpuLess) >= 20 &&
        memory >= (gpu ? 144 : 80) &&
        Math.min(memory, memoryLess) >= (gpu ? 80 : 48)
      if (!decision.allowed) return !fits && decision.code === 'ERR_POD_RESOURCES'
      const after = admitted(pod, CARVE)
      const number = (text: string): number =>
        text.endsWith('m')
          ? Number(text.slice(0, -1))
          : text.endsWith('Gi')
            ? Number(text.slice(0, -2)) * 1024
            : text.endsWith('Mi')
              ? Number(text.slice(0, -2))
              : Number(text) * 1000
      const both = ['limits', 'requests'].every((kind) =>
        ['cpu', 'memory'].every((resource) => {
          const left = number(resourcesOf(after)[kind][resource])
          const taken = number(sidecars(after)[0].resources[kind][resource])
          return left + taken <= number(resourcesOf(pod)[kind][resource])
        }),
      )
      const ordered = ['cpu', 'memory'].every(
        (resource) =>
          number(resourcesOf(after).requests[resource]) <=
          number(resourcesOf(after).limits[resource]),
      )
      return fits && both && ordered
    }),
  )
})
