// SPDX-License-Identifier: Apache-2.0
// What the driver says of the GPUs and of confidential computing on them. It is what they claim:
// evidence is asked of each GPU, and judged elsewhere.

import { memory, viewOf } from './foreign.js'
import { architectureOf } from './gpu-architectures.js'
import { type Nvml, type NvmlAnswer, type NvmlFailure, openNvml, u32Of } from './nvml.js'

/** Confidential computing as the whole system has it (nvml.h, nvmlSystemConfComputeSettings_t). */
export interface ConfCompute {
  readonly environment: string
  /** `devtools`: for development, with memory open to the host, whatever else is on. */
  readonly mode: 'off' | 'on' | 'devtools'
  /** `none`, `protected PCIe`, `NVLE`; null where the library is too old to say. */
  readonly multiGpu: string | null
  /** Whether the GPUs take work; null where the library does not say. */
  readonly ready: boolean | null
  /** What the CPU has been found to protect the guest with; null where the library does not say. */
  readonly cpu: string | null
}

export interface Gpu {
  readonly index: number
  /** `GPU-` and a UUID. */
  readonly uuid: string | null
  /** In the vendor's capitals, such as `HOPPER`. */
  readonly architecture: string | null
}

export interface GpuSurvey {
  readonly driverVersion: string | null
  readonly gpus: readonly Gpu[]
  readonly confCompute: ConfCompute | null
  /** Everything that was refused, in the order of asking; the first one says most. */
  readonly failures: readonly NvmlFailure[]
}

export const PRODUCTION = 'production'
export const PROTECTED_PCIE = 'protected PCIe'
const ENVIRONMENTS = ['unavailable', 'simulation', PRODUCTION]
const MULTI_GPU = ['none', PROTECTED_PCIE, 'NVLE']
const CPU_CAPABILITIES = ['none', 'SEV', 'TDX', 'SEV-SNP', 'SEV-SNP vTOM']
// nvmlConfComputeSystemState_t and nvmlSystemConfComputeSettings_t: words in this order. The second
// starts with its version, and so with its length.
const STATE_LEN = 12
const SETTINGS_LEN = 20
const SETTINGS_VERSION = SETTINGS_LEN | (1 << 24)
const SETTINGS_STATE_AT = 4
const ENVIRONMENT_AT = 0
const CC_FEATURE_AT = 4
const DEV_TOOLS_AT = 8
const MULTI_GPU_AT = 12

const CAPABILITIES_LEN = 8
const READY_LEN = 4

/** Looks once, and lets go of the library. */
export async function surveyGpus(open: typeof openNvml = openNvml): Promise<GpuSurvey> {
  const { value: nvml, failure } = await open()
  if (failure) return { driverVersion: null, gpus: [], confCompute: null, failures: [failure] }
  const failures: NvmlFailure[] = []
  const kept: Keep = (answer) => {
    if (answer.failure) failures.push(answer.failure)
    return answer.value
  }
  try {
    const driverVersion = kept(await nvml.driverVersion())
    const gpus = await gpusOf(nvml, kept)
    return { driverVersion, gpus, confCompute: await confComputeOf(nvml, kept), failures }
  } finally {
    await nvml.close()
  }
}

/** The value, or null and a failure more. */
type Keep = <Value>(answer: NvmlAnswer<Value>) => Value | null

async function gpusOf(nvml: Nvml, kept: Keep): Promise<Gpu[]> {
  const gpus: Gpu[] = []
  const count = kept(await nvml.deviceCount()) ?? 0
  for (let index = 0; index < count; index++) {
    const device = kept(await nvml.device(index))
    if (device === null) {
      gpus.push({ index, uuid: null, architecture: null })
    } else {
      const uuid = kept(await nvml.uuid(device))
      const number = kept(await nvml.architecture(device))
      gpus.push({ index, uuid, architecture: number === null ? null : architectureOf(number) })
    }
  }
  return gpus
}

async function confComputeOf(nvml: Nvml, kept: Keep): Promise<ConfCompute | null> {
  const state = kept(await readState(nvml))
  if (state === null) return null
  const ready = kept(await readReady(nvml))
  const cpu = kept(
    await nvml.read('nvmlSystemGetConfComputeCapabilities', memory(CAPABILITIES_LEN), u32Of),
  )
  return {
    ...state,
    ready,
    cpu: cpu === null ? null : nameOf(CPU_CAPABILITIES, cpu),
  }
}

/** Whether the GPUs take work. */
export const readReady = (nvml: Nvml): Promise<NvmlAnswer<boolean>> =>
  nvml.read('nvmlSystemGetConfComputeGpusReadyState', memory(READY_LEN), (out) => u32Of(out) === 1)

export type State = Pick<ConfCompute, 'environment' | 'mode' | 'multiGpu'>

/** Of the newer function; of the older one where the library has no other. */
export async function readState(nvml: Nvml): Promise<NvmlAnswer<State>> {
  const settings = memory(SETTINGS_LEN)
  viewOf(settings).setUint32(0, SETTINGS_VERSION, true)
  const answer = await nvml.read('nvmlSystemGetConfComputeSettings', settings, (out) =>
    stateAt(new DataView(out.bytes.buffer, SETTINGS_STATE_AT), true),
  )
  if (answer.failure === null) return answer
  return nvml.read('nvmlSystemGetConfComputeState', memory(STATE_LEN), (out) =>
    stateAt(viewOf(out), false),
  )
}

function stateAt(view: DataView, hasMultiGpu: boolean): State {
  const word = (at: number) => view.getUint32(at, true)
  const multiGpu = hasMultiGpu ? nameOf(MULTI_GPU, word(MULTI_GPU_AT)) : null
  // With protected PCIe the driver says that the feature is off.
  const isProtected = word(CC_FEATURE_AT) !== 0 || multiGpu === PROTECTED_PCIE
  const plain = word(CC_FEATURE_AT) === 0 ? 'off' : 'on'
  return {
    environment: nameOf(ENVIRONMENTS, word(ENVIRONMENT_AT)),
    mode: isProtected && word(DEV_TOOLS_AT) !== 0 ? 'devtools' : plain,
    multiGpu,
  }
}

const nameOf = (names: readonly string[], number: number): string =>
  names[number] ?? `unknown (${number})`
