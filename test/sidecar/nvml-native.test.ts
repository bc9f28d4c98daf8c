// SPDX-License-Identifier: Apache-2.0
// The real calls, into a library of C that was written from NVIDIA's header.

import t from 'tap'
import { surveyGpus } from '../../src/sidecar/conf-compute.js'
import { openLibrary } from '../../src/sidecar/foreign.js'
import { openNvml } from '../../src/sidecar/nvml.js'
import { build, skip } from './native/build.js'

const GPUS = [
  { index: 0, uuid: 'GPU-aaaaaaaa-0000-0000-0000-000000000000', architecture: 'HOPPER' },
  { index: 1, uuid: 'GPU-bbbbbbbb-0000-0000-0000-000000000001', architecture: 'BLACKWELL' },
]

t.test('nvml by koffi: structures and handles are those of the header', { skip }, async (t) => {
  const library = build('nvml')
  const expected = {
    driverVersion: '575.32.00',
    gpus: GPUS,
    confCompute: {
      environment: 'production',
      mode: 'on',
      multiGpu: 'protected PCIe',
      ready: false,
      cpu: 'SEV-SNP',
    },
    failures: [],
  }
  t.strictSame(await surveyGpus(() => openNvml(library)), expected)
  const initialized = (await openLibrary(library)).func('int assay_initialized()')
  t.equal((await initialized()).value, 0, 'and it is let go of')
})

t.test('nvml by koffi: a library without the newer function', { skip }, async (t) => {
  const library = build('nvml', 'OLD')
  const { confCompute, failures } = await surveyGpus(() => openNvml(library))
  t.match(confCompute, { environment: 'production', mode: 'devtools', multiGpu: null })
  t.same(failures, [])
})

t.test('nvml by koffi: a library of another version than the driver', { skip }, async (t) => {
  const library = build('nvml', 'MISMATCH')
  const { gpus, failures } = await surveyGpus(() => openNvml(library))
  t.same(gpus, [])
  t.match(failures, [{ call: 'nvmlInit_v2', status: 18 }])
})
