// SPDX-License-Identifier: Apache-2.0
// NVIDIA's management library, loaded where there is one. Whatever it refuses is data, not an
// exception: a guest without GPUs, or without a driver, is an ordinary guest.

import {
  type Argument,
  type ForeignFunction,
  type Library,
  type Memory,
  memory,
  openLibrary,
  viewOf,
} from './foreign.js'

/** As the driver installs it; it works with the kernel module of its own version only. */
export const NVML_LIBRARY = 'libnvidia-ml.so.1'

/** nvmlReturn_t (nvml.h), as far as somebody can do something about it. */
export const NVML_STATUS = {
  notSupported: 3,
  noPermission: 4,
  driverNotLoaded: 9,
  libraryNotFound: 12,
  functionNotFound: 13,
  gpuIsLost: 15,
  resetRequired: 16,
  libraryMismatch: 18,
  versionMismatch: 25,
  notReady: 27,
  gpuNotFound: 28,
} as const

const STATUS_TEXT: Readonly<Record<number, string>> = {
  1: 'not initialized',
  2: 'invalid argument',
  [NVML_STATUS.notSupported]: 'not supported',
  [NVML_STATUS.noPermission]: 'no permission',
  6: 'not found',
  7: 'insufficient size',
  [NVML_STATUS.driverNotLoaded]: 'the driver is not loaded',
  10: 'timeout',
  [NVML_STATUS.libraryNotFound]: 'the library is not there',
  [NVML_STATUS.functionNotFound]: 'the library has no such function',
  [NVML_STATUS.gpuIsLost]: 'the GPU is lost',
  [NVML_STATUS.resetRequired]: 'the GPU needs a reset',
  17: 'the operating system refused',
  [NVML_STATUS.libraryMismatch]: 'the library and the kernel driver are of different versions',
  [NVML_STATUS.versionMismatch]: 'the library has another version of this structure',
  [NVML_STATUS.notReady]: 'not ready',
  [NVML_STATUS.gpuNotFound]: 'the GPU is not found',
  999: 'unknown',
}

/** In place of a function's name: the attempt to load the library. */
export const LOAD = 'load'

/** What the library, or the attempt to load it, refused. */
export interface NvmlFailure {
  /** The function, or `LOAD`. */
  readonly call: string
  /** nvmlReturn_t. */
  readonly status: number
  readonly reason: string
}

export type NvmlAnswer<Value> =
  | { readonly failure: null; readonly value: Value }
  | { readonly failure: NvmlFailure; readonly value: null }

/** Lengths of text (nvml.h, NVML_DEVICE_UUID_V2_BUFFER_SIZE, NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE). */
const UUID_ROOM = 96
const VERSION_ROOM = 80

const INT_LEN = 4
const POINTER_LEN = 8

/** A device's handle, which is good until `close`. */
export type NvmlDevice = bigint

/**
 * The library, initialized. One call at a time, none of them on the event loop: some take seconds.
 */
export class Nvml {
  readonly #functions = new Map<string, ForeignFunction>()

  constructor(private readonly library: Library) {}

  driverVersion(): Promise<NvmlAnswer<string>> {
    const room = memory(VERSION_ROOM)
    return this.read('nvmlSystemGetDriverVersion', room, textOf, [room, VERSION_ROOM])
  }

  deviceCount(): Promise<NvmlAnswer<number>> {
    return this.read('nvmlDeviceGetCount_v2', memory(INT_LEN), u32Of)
  }

  device(index: number): Promise<NvmlAnswer<NvmlDevice>> {
    const handle = memory(POINTER_LEN)
    const addressOf = (out: Memory) => viewOf(out).getBigUint64(0, true)
    return this.read('nvmlDeviceGetHandleByIndex_v2', handle, addressOf, [index, handle])
  }

  /** nvmlDeviceArchitecture_t: 9 is Hopper, 10 is Blackwell. */
  architecture(device: NvmlDevice): Promise<NvmlAnswer<number>> {
    const out = memory(INT_LEN)
    return this.read('nvmlDeviceGetArchitecture', out, u32Of, [device, out])
  }

  /** `GPU-` and a UUID. */
  uuid(device: NvmlDevice): Promise<NvmlAnswer<string>> {
    const room = memory(UUID_ROOM)
    return this.read('nvmlDeviceGetUUID', room, textOf, [device, room, UUID_ROOM])
  }

  async close(): Promise<void> {
    await this.call('nvmlShutdown')
  }

  /** What a function leaves in `out`, which is its only argument unless others are given. */
  async read<Value>(
    name: string,
    out: Memory,
    read: (out: Memory) => Value,
    values: readonly Argument[] = [out],
  ): Promise<NvmlAnswer<Value>> {
    const failure = await this.call(name, ...values)
    return failure ? { failure, value: null } : { failure, value: read(out) }
  }

  /** Calls a function that returns an nvmlReturn_t. */
  async call(name: string, ...values: readonly Argument[]): Promise<NvmlFailure | null> {
    const called = this.#function(name, values)
    if (called === null) return failureOf(name, NVML_STATUS.functionNotFound)
    const { value: status } = await called(...values)
    return status === 0 ? null : failureOf(name, status)
  }

  #function(name: string, values: readonly Argument[]): ForeignFunction | null {
    const known = this.#functions.get(name)
    if (known) return known
    const parameters = values.map((one, index) => `${typeOf(one)} argument${index}`)
    try {
      const found = this.library.func(`int ${name}(${parameters.join(', ')})`)
      this.#functions.set(name, found)
      return found
    } catch {
      // Older than this function.
      return null
    }
  }
}

/**
 * Loads and initializes the library.
 *
 * @param name a path, or what the dynamic linker finds
 */
export async function openNvml(
  name: string = NVML_LIBRARY,
  load: typeof openLibrary = openLibrary,
): Promise<NvmlAnswer<Nvml>> {
  let library: Library
  try {
    library = await load(name)
  } catch (error) {
    const { message } = error as Error
    return { failure: failureOf(LOAD, NVML_STATUS.libraryNotFound, message), value: null }
  }
  const nvml = new Nvml(library)
  const failure = await nvml.call('nvmlInit_v2')
  return failure ? { failure, value: null } : { failure, value: nvml }
}

export const u32Of = (out: Memory): number => viewOf(out).getUint32(0, true)

/** ASCII, ended by NUL. */
const textOf = ({ bytes }: Memory): string =>
  new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))

const typeOf = (value: Argument): string => (typeof value === 'number' ? 'unsigned int' : 'void *')

const failureOf = (
  call: string,
  status: number,
  reason: string = STATUS_TEXT[status] ?? `status ${status}`,
): NvmlFailure => ({ call, status, reason })
