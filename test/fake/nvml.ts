// SPDX-License-Identifier: Apache-2.0
// A driver of the test world, behind the functions of NVIDIA's management library.

import type { Argument, Library, Memory } from '../../src/sidecar/foreign.js'
import { type Nvml, openNvml } from '../../src/sidecar/nvml.js'
import { mintGpuReport, mintPemChain } from './nvidia.js'

export interface FakeGpu {
  readonly uuid: string
  readonly architecture: number
  /** Of the CEC; without one when not given. */
  readonly cec?: Uint8Array
}

export interface FakeDriver {
  readonly gpus?: readonly FakeGpu[]
  readonly environment?: number
  readonly ccFeature?: number
  readonly devToolsMode?: number
  readonly multiGpuMode?: number
  readonly cpuCaps?: number
  readonly ready?: number
  /** What functions return instead of doing anything. */
  readonly statuses?: Readonly<Record<string, number>>
  /** Functions that the library does not have. */
  readonly absent?: readonly string[]
  /** A function whose call cannot even be made. */
  readonly breaks?: string
  /** What is written over the structures of evidence, as words by their offset. */
  readonly words?: Readonly<Record<'certificate' | 'report', Readonly<Record<number, number>>>>
  /** Waited for before each report. */
  readonly before?: () => Promise<void>
  /** In place of the chain. */
  readonly chain?: Uint8Array
}

type Call = (...values: readonly Argument[]) => number | undefined

export const HOPPER: FakeGpu = { uuid: 'GPU-11111111-2222-3333-4444-555555555555', architecture: 9 }
export const BLACKWELL: FakeGpu = {
  uuid: 'GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  architecture: 10,
}

const REPORT = 'nvmlDeviceGetConfComputeGpuAttestationReport'
/** What the driver says when it cannot give a structure. */
const INVALID_ARGUMENT = 2

/** Everything that was called, in order. */
export class FakeNvml {
  readonly calls: string[] = []

  /** @param driver may be another one from then on */
  constructor(public driver: FakeDriver = {}) {}

  readonly open: typeof openNvml = () => openNvml('fake', async () => this.library)

  async opened(): Promise<Nvml> {
    const { value } = await this.open()
    if (value === null) throw new Error('the driver refuses')
    return value
  }

  readonly library: Library = {
    func: (prototype) => {
      const [, name = ''] = prototype.match(/^int (\w+)\(/) ?? []
      if (this.driver.absent?.includes(name)) throw new Error(`no symbol ${name}`)
      return async (...values) => {
        this.calls.push(name)
        if (name === this.driver.breaks) throw new Error('out of memory')
        if (name === REPORT) await this.driver.before?.()
        const status = this.driver.statuses?.[name] ?? this.#functions[name]?.(...values) ?? 0
        return { value: status, errno: 0 }
      }
    },
  }

  readonly #functions: Readonly<Record<string, Call>> = {
    nvmlInit_v2: () => 0,
    nvmlShutdown: () => 0,
    nvmlSystemGetDriverVersion: (room) => text(room, '570.124.06'),
    nvmlDeviceGetCount_v2: (out) => words(out, this.#gpus.length),
    nvmlDeviceGetHandleByIndex_v2: (index, out) => words(out, 0xd0 + Number(index), 0xbeef),
    nvmlDeviceGetArchitecture: (device, out) => words(out, this.#gpu(device).architecture),
    nvmlDeviceGetUUID: (device, room) => text(room, this.#gpu(device).uuid),
    nvmlSystemGetConfComputeState: (out) => words(out, ...this.#state),
    nvmlSystemGetConfComputeSettings: (out) =>
      wordAt(out, 0) === 0x01000014
        ? words(out, 0x01000014, ...this.#state, this.driver.multiGpuMode ?? 0)
        : 25,
    nvmlSystemGetConfComputeCapabilities: (out) => words(out, this.driver.cpuCaps ?? 3, 1),
    nvmlSystemGetConfComputeGpusReadyState: (out) => words(out, this.driver.ready ?? 1),
    nvmlDeviceGetConfComputeGpuCertificate: (device, out) => this.#certificate(device, out),
    nvmlDeviceGetConfComputeGpuAttestationReport: (device, out) => this.#report(device, out),
  }

  #certificate(device: Argument | undefined, out: Argument | undefined): number {
    if (view(out).byteLength !== 9224) return INVALID_ARGUMENT
    const chain = this.driver.chain ?? mintPemChain(5, this.#gpu(device).architecture)
    fill(out, { 0: 77, 4: chain.length, ...this.driver.words?.certificate }, [[4104, chain]])
    return 0
  }

  #report(device: Argument | undefined, out: Argument | undefined): number {
    if (view(out).byteLength !== 12332) return INVALID_ARGUMENT
    const { architecture, cec = new Uint8Array() } = this.#gpu(device)
    const nonce = (out as Memory).bytes.slice(12, 44)
    const shape = architecture === 9 ? 'hopper' : 'blackwell'
    const report = mintGpuReport({ nonce, shape, seed: architecture })
    fill(
      out,
      { 0: Number(cec.length > 0), 4: report.length, 8: cec.length, ...this.driver.words?.report },
      [
        [44, report],
        [8236, cec],
      ],
    )
    return 0
  }

  get #gpus(): readonly FakeGpu[] {
    return this.driver.gpus ?? [HOPPER]
  }

  get #state(): number[] {
    const { environment = 2, ccFeature = 1, devToolsMode = 0 } = this.driver
    return [environment, ccFeature, devToolsMode]
  }

  #gpu(device: Argument | undefined): FakeGpu {
    const handle = BigInt(device as bigint)
    const gpu = this.#gpus[Number(handle & 0xffn) - 0xd0]
    if (handle >> 32n !== 0xbeefn || !gpu) throw new Error(`no device ${handle}`)
    return gpu
  }
}

const view = (out: Argument | undefined): DataView => {
  const { bytes } = out as Memory
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

const wordAt = (out: Argument | undefined, at: number): number => view(out).getUint32(at, true)

/** Fills the structure, all of it. */
function words(out: Argument | undefined, ...values: readonly number[]): number {
  if (view(out).byteLength !== 4 * values.length) throw new Error('length of the structure')
  for (const [index, value] of values.entries()) view(out).setUint32(4 * index, value, true)
  return 0
}

function fill(
  out: Argument | undefined,
  values: Readonly<Record<number, number>>,
  parts: readonly (readonly [number, Uint8Array])[],
): void {
  for (const [at, value] of Object.entries(values)) view(out).setUint32(Number(at), value, true)
  for (const [at, bytes] of parts) (out as Memory).bytes.set(bytes, at)
}

function text(out: Argument | undefined, value: string): number {
  ;(out as Memory).bytes.set(new TextEncoder().encode(`${value}\0rubbish`))
  return 0
}
