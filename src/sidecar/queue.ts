// SPDX-License-Identifier: Apache-2.0
// The line before one device: one request at a time, in turns between connections, no longer than
// can be served in time.

import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { Deadlines } from './deadlines.js'

/** The connection of what is done for many at once: every second turn is its own. */
export const MANY: object = {}

/** On whose behalf something waits. */
export interface Caller {
  /** Connections take turns. */
  readonly connection: object
  /** Whether nobody is left to answer. */
  gone(): boolean
}

export interface QueueOptions {
  readonly clock: Clock
  /** How long a request may wait and be worked on, in milliseconds. */
  readonly deadlineMs: number
  /** How many may wait at once. */
  readonly waitingMost: number
  /** What one request of the device took, in milliseconds, and whether it answered. */
  readonly onServed?: (ms: number, error: unknown) => void
}

/** How a queue stands. */
export interface QueueState {
  readonly waiting: number
  /** How long the device has been at the present request, in milliseconds; null when it rests. */
  readonly busyMs: number | null
}

interface Job {
  readonly caller: Caller
  readonly work: () => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  done: boolean
  expire(): void
}

const RETRY_AFTER_MOST_S = 60
const SWEEP_EVERY_MS = 100
/** Share of the newest sample in the running mean of service times. */
const NEWEST = 0.2

export class Queue {
  /** Jobs that wait, by connection; whose turn it is stands first. */
  readonly #lines = new Map<object, Job[]>()
  readonly #deadlines: Deadlines
  #waiting = 0
  #busySince: number | null = null
  /** Running mean of service times, in milliseconds. */
  #meanMs = 0
  #servedMany = false
  #sweepAgainAt = 0
  readonly #tellIdle: (() => void)[] = []

  constructor(private readonly options: QueueOptions) {
    this.#deadlines = new Deadlines(options.clock, options.deadlineMs)
  }

  get state(): QueueState {
    const { clock } = this.options
    const busyMs = this.#busySince === null ? null : clock.monotonic() - this.#busySince
    return { waiting: this.#waiting, busyMs }
  }

  /** Seconds after which it is worth coming back: a whole number from 1 to 60. */
  get retryAfterS(): number {
    const seconds = Math.ceil((this.#waiting * this.#meanMs) / 1000)
    return Math.min(RETRY_AFTER_MOST_S, Math.max(1, seconds))
  }

  /**
   * Runs `work` when its turn comes. Work that has begun is never cut off: when its deadline passes
   * the caller is told so, the device is left alone until it answers, and the answer is dropped.
   *
   * @throws {AttestationError} `ERR_QUEUE_FULL`, `ERR_QUEUE_DEADLINE`, `ERR_QUEUE_CANCELLED` for a
   * caller that is gone before its turn, and what `work` throws
   */
  run<T>(work: () => Promise<T>, caller: Caller): Promise<T> {
    if (!this.#mayWait(caller)) {
      this.#sweep()
      if (!this.#mayWait(caller)) return Promise.reject(full(this.#waiting))
    }
    return new Promise<unknown>((resolve, reject) => {
      const job: Job = {
        caller,
        work,
        resolve,
        reject,
        done: false,
        expire: () => refuse(job, late(this.options.deadlineMs)),
      }
      this.#add(job)
      this.#next()
    }) as Promise<T>
  }

  /** Resolves when nobody waits and the device rests. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellIdle.push(resolve)
      this.#next()
    })
  }

  /**
   * Whether one more could still be served in time, at the pace of late; the first always may try.
   * Half of the time is left for a pace that slows down: with a line as long as the deadline nearly
   * everybody in it would be late by a little, and the device would work for nobody.
   * Connections take turns, so nobody is kept out by how much others ask: who has little waiting is
   * served before those who have much, and what is done for many by the turn after the next.
   */
  #mayWait({ connection }: Caller): boolean {
    const { waitingMost, deadlineMs } = this.options
    const own = this.#lines.get(connection)?.length ?? 0
    if (connection === MANY && own === 0) return true
    const paceMs = Math.max(this.#meanMs, this.state.busyMs ?? 0)
    const turns = Math.min(this.#waiting, own * this.#lines.size + this.#lines.size) + 1
    const inTime = this.#waiting === 0 || turns * paceMs <= deadlineMs / 2
    return inTime && (this.#waiting < waitingMost || (own === 0 && this.#lines.size < waitingMost))
  }

  #add(job: Job): void {
    const { connection } = job.caller
    const line = this.#lines.get(connection)
    if (line) line.push(job)
    else this.#lines.set(connection, [job])
    this.#waiting += 1
    this.#deadlines.add(job)
  }

  #next(): void {
    if (this.#busySince !== null) return
    for (let job = this.#take(); job; job = this.#take()) {
      if (job.done) continue
      if (!job.caller.gone()) {
        this.#serve(job)
        return
      }
      refuse(job, cancelled())
    }
    this.#deadlines.stop()
    for (const tell of this.#tellIdle.splice(0)) tell()
  }

  /** The first of the connection whose turn it is, which then goes to the end. */
  #take(): Job | undefined {
    const many = this.#servedMany ? undefined : this.#lines.get(MANY)
    const [connection, line] = many ? [MANY, many] : (this.#lines.entries().next().value ?? [])
    if (connection === undefined || line === undefined) return undefined
    const job = line.shift()
    this.#lines.delete(connection)
    if (line.length > 0) this.#lines.set(connection, line)
    this.#waiting -= 1
    this.#servedMany = connection === MANY
    return job
  }

  #serve(job: Job): void {
    const since = this.options.clock.monotonic()
    this.#busySince = since
    const served = (error: unknown) => {
      job.done = true
      const ms = this.options.clock.monotonic() - since
      this.#meanMs = this.#meanMs === 0 ? ms : this.#meanMs + NEWEST * (ms - this.#meanMs)
      this.#busySince = null
      this.options.onServed?.(ms, error)
      // The device first: what came of its last request can be looked at while it does the next.
      this.#next()
    }
    job.work().then(
      (value) => {
        served(null)
        job.resolve(value)
      },
      (error) => {
        served(error)
        job.reject(error)
      },
    )
  }

  /** Makes room, but not for every refusal: under overload that alone would be all the work. */
  #sweep(): void {
    const now = this.options.clock.monotonic()
    if (now < this.#sweepAgainAt) return
    this.#sweepAgainAt = now + SWEEP_EVERY_MS
    this.#dropGone()
  }

  /** Takes out those whose clients have left, and those who have had their answer. */
  #dropGone(): void {
    for (const [connection, line] of this.#lines) {
      const kept = line.filter((job) => {
        if (!job.done && job.caller.gone()) refuse(job, cancelled())
        return !job.done
      })
      this.#waiting -= line.length - kept.length
      if (kept.length > 0) this.#lines.set(connection, kept)
      else this.#lines.delete(connection)
    }
  }
}

function refuse(job: Job, error: AttestationError): void {
  job.done = true
  job.reject(error)
}

export const cancelled = () => new AttestationError('ERR_QUEUE_CANCELLED', 'the client went away')
export const full = (waiting: number) =>
  new AttestationError('ERR_QUEUE_FULL', `${waiting} requests wait for the device already`)
export const late = (ms: number) =>
  new AttestationError('ERR_QUEUE_DEADLINE', `no evidence within ${ms / 1000} seconds`)
