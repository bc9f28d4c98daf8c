// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { checkMode } from '../../src/sidecar/gpu-mode.js'
import { type FakeDriver, FakeNvml } from '../fake/nvml.js'
import { rejectsCode } from '../helpers.js'

const check = async (driver: FakeDriver) => checkMode(await new FakeNvml(driver).opened())
const READY = 'nvmlSystemGetConfComputeGpusReadyState'
const SETTINGS = 'nvmlSystemGetConfComputeSettings'
const STATE = 'nvmlSystemGetConfComputeState'

t.test('gpu mode: on, or protected PCIe, in production and ready', async (t) => {
  t.equal(await check({}), 'on')
  t.equal(await check({ multiGpuMode: 2 }), 'on')
  t.equal(await check({ absent: [SETTINGS] }), 'on', 'as an older library says it')
  t.equal(await check({ ccFeature: 0, multiGpuMode: 1 }), 'protected PCIe')
  t.equal(await check({ ccFeature: 1, multiGpuMode: 1 }), 'on')
})

t.test('gpu mode: everything else is refused, each with its own code', async (t) => {
  const cases: readonly [FakeDriver, Code, RegExp][] = [
    [{ ccFeature: 0, environment: 0 }, 'ERR_GPU_MODE', /is off/],
    [{ ccFeature: 0, multiGpuMode: 2 }, 'ERR_GPU_MODE', /is off/],
    [{ ccFeature: 0, multiGpuMode: 1, absent: [SETTINGS] }, 'ERR_GPU_MODE', /is off/],
    [{ environment: 1 }, 'ERR_GPU_MODE', /expected production, got simulation/],
    [{ environment: 0 }, 'ERR_GPU_MODE', /got unavailable/],
    [{ environment: 3 }, 'ERR_GPU_MODE', /got unknown \(3\)/],
    [{ devToolsMode: 1 }, 'ERR_GPU_DEVTOOLS', /DevTools/],
    [{ devToolsMode: 1, environment: 1 }, 'ERR_GPU_DEVTOOLS', /DevTools/],
    [{ devToolsMode: 1, ccFeature: 0, multiGpuMode: 1 }, 'ERR_GPU_DEVTOOLS', /DevTools/],
    [{ ready: 0 }, 'ERR_GPU_NOT_READY', /ready state/],
    [{ ready: 2 }, 'ERR_GPU_NOT_READY', /ready state/],
  ]
  for (const [driver, code, words] of cases) {
    const error = await rejectsCode(t, check(driver), code, JSON.stringify(driver))
    t.match(error?.message, words)
  }
})

t.test('gpu mode: a driver that does not say is no driver that says yes', async (t) => {
  const cases: readonly [FakeDriver, Code][] = [
    [{ absent: [SETTINGS, STATE] }, 'ERR_GPU_DRIVER'],
    [{ statuses: { [SETTINGS]: 3, [STATE]: 3 } }, 'ERR_GPU_UNSUPPORTED'],
    [{ statuses: { [READY]: 3 } }, 'ERR_GPU_UNSUPPORTED'],
    [{ statuses: { [READY]: 27 } }, 'ERR_GPU_NOT_READY'],
    [{ absent: [READY] }, 'ERR_GPU_DRIVER'],
    [{ statuses: { [SETTINGS]: 25, [STATE]: 25 } }, 'ERR_GPU_DRIVER'],
    [{ statuses: { [READY]: 4 } }, 'ERR_GPU_PERMISSION'],
    [{ statuses: { [READY]: 999 } }, 'ERR_GPU_EVIDENCE'],
  ]
  for (const [driver, code] of cases) {
    await rejectsCode(t, check(driver), code, JSON.stringify(driver))
  }
})
