// SPDX-License-Identifier: Apache-2.0
// The hardware of a guest, each device behind a line of its own.

import { AttestationError, type Code } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { type Asked, checkAnswer, checkGpuAnswers } from './asked.js'
import { Health } from './health.js'
import { type Caller, Queue, type QueueState } from './queue.js'
import type { GpuReport, Platform, PlatformReport } from './surface.js'

/** Which device a figure is about. */
export type Device = 'cpu' | 'gpu'

export interface DevicesOptions {
  readonly platform: Platform
  readonly clock: Clock
  /** How long a request may wait and be worked on, in milliseconds. */
  readonly deadlineMs: number
  /** How many may wait for one device at once. */
  readonly waitingMost: number
  /** Told of every request that a device has worked on; null when it answered. */
  readonly onServed?: (device: Device, ms: number, error: Code | null) => void
}

export class Devices {
  readonly #cpu: Queue
  readonly #gpu: Queue
  readonly #health: Readonly<Record<Device, Health>>
  #lost = false

  constructor(private readonly options: DevicesOptions) {
    this.#cpu = this.#queue('cpu')
    this.#gpu = this.#queue('gpu')
    this.#health = { cpu: new Health(options.clock), gpu: new Health(options.clock) }
  }

  get hasGpus(): boolean {
    return this.options.platform.gpus !== null
  }

  /**
   * A report over what `ask` says when the turn of this request comes; null, and the hardware left
   * alone, when it then says null.
   *
   * @throws {AttestationError} `ERR_QUEUE_*`, `ERR_DEVICE_*`
   */
  collect(ask: () => Asked | null, caller: Caller): Promise<PlatformReport | null> {
    // After its key is wiped the device can only refuse, and each question costs it a call.
    if (this.#lost) return Promise.reject(lost())
    return this.#cpu.run(() => this.#ask(ask), caller)
  }

  /**
   * Evidence of every GPU over the nonce that `ask` gives when the turn of this request comes; none
   * on a guest without GPUs, null when it says null.
   *
   * @throws {AttestationError} `ERR_QUEUE_*`, `ERR_GPU_EVIDENCE`; `ERR_DEVICE_LOST` when no report would follow
   */
  async collectGpus(
    ask: () => Uint8Array | null,
    caller: Caller,
  ): Promise<readonly GpuReport[] | null> {
    const { gpus } = this.options.platform
    if (gpus === null) return []
    if (this.#lost) throw lost()
    return this.#gpu.run(async () => {
      const nonce = ask()
      if (nonce === null) return null
      const reports = await gpus.collect(nonce)
      if (reports.length === 0) {
        throw new AttestationError('ERR_GPU_EVIDENCE', 'no GPU gave evidence')
      }
      checkGpuAnswers(reports, nonce)
      return reports
    }, caller)
  }

  state(device: Device): QueueState {
    return this.#line(device).state
  }

  /** Seconds after which it is worth coming back. */
  get retryAfterS(): number {
    return Math.max(this.#cpu.retryAfterS, this.#gpu.retryAfterS)
  }

  /** Why there is no evidence to be had at present; null when there is nothing to say. */
  get trouble(): AttestationError | null {
    if (this.#lost) return lost()
    const stuck = (['cpu', 'gpu'] as const).find(
      (device) => (this.state(device).busyMs ?? 0) > this.options.deadlineMs,
    )
    if (stuck !== undefined) {
      return new AttestationError('ERR_DEVICE_BUSY', `the ${stuck} surface does not answer`)
    }
    return this.#health.gpu.trouble ?? this.#health.cpu.trouble
  }

  /** Resolves when no device is at work any more and all are closed. */
  async close(): Promise<void> {
    const { cpu, gpus } = this.options.platform
    // Whoever has been answered by the GPUs asks the CPU next, and a batch may follow on a batch.
    do {
      await this.#gpu.idle()
      await this.#cpu.idle()
      await nextTurn()
    } while (this.#isAtWork('gpu') || this.#isAtWork('cpu'))
    await Promise.all([cpu.close(), gpus?.close()])
  }

  async #ask(ask: () => Asked | null): Promise<PlatformReport | null> {
    const asked = ask()
    if (asked === null) return null
    const { cpu } = this.options.platform
    const { report, auxblob } = await cpu.collect(asked.reportData, asked.vmpl)
    return { report: checkAnswer(cpu.tee, report, asked), auxblob }
  }

  #isAtWork(device: Device): boolean {
    const { waiting, busyMs } = this.state(device)
    return waiting > 0 || busyMs !== null
  }

  #line(device: Device): Queue {
    return device === 'cpu' ? this.#cpu : this.#gpu
  }

  #queue(device: Device): Queue {
    const { clock, deadlineMs, waitingMost, onServed } = this.options
    return new Queue({
      clock,
      deadlineMs,
      waitingMost,
      onServed: (ms, error) => {
        const code = error === null ? null : codeOf(error)
        if (code === 'ERR_DEVICE_LOST') this.#lost = true
        this.#health[device].served(error)
        onServed?.(device, ms, code)
      },
    })
  }
}

/** When everything that follows on what has been answered has been asked. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const codeOf = (error: unknown): Code =>
  error instanceof AttestationError ? error.code : 'ERR_INTERNAL'

const lost = () =>
  new AttestationError(
    'ERR_DEVICE_LOST',
    'the guest has lost its key to the firmware; it needs a restart',
  )
