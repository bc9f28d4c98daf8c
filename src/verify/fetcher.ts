// SPDX-License-Identifier: Apache-2.0
// Fetches small public objects politely: one request at a time per origin, in the order in which
// they were asked for; patient where the service asks for patience; never without end.

import type { Bytes } from '../core/private-copy.js'
import type { AttestationError } from '../errors.js'
import { type Answer, ask, refuse, type Wanted } from './answer.js'
import { Abort, type Clock, rest, within } from './clock.js'
import { joined, Line } from './line.js'

export type { Wanted } from './answer.js'
export type { Clock } from './clock.js'

/** What goes on, for whoever shows it: `what` in words, times in milliseconds since 1970. */
export type Progress =
  /** Request number `attempt` is sent. */
  | { readonly state: 'fetching'; readonly what: string; readonly attempt: number }
  /** Nothing is sent until then, and then request number `attempt`. */
  | {
      readonly state: 'waiting'
      readonly what: string
      readonly attempt: number
      readonly until: number
    }
  /** The service failed; something genuine that was fetched at `fetchedAt` is used instead. */
  | {
      readonly state: 'stale'
      readonly what: string
      readonly fetchedAt: number
      readonly cause: unknown
    }
  /** It was fetched, but could not be put into the store. */
  | { readonly state: 'not-stored'; readonly what: string; readonly cause: unknown }

export interface FetcherOptions extends Clock {
  readonly fetch: typeof fetch
  /** Of one request, from its sending to the last byte of its answer; 20 seconds unless told. */
  readonly requestMs?: number
  /** Of everything for one object: its turn, pauses, tries; 5 minutes unless told. */
  readonly deadlineMs?: number
  readonly onProgress?: (progress: Progress) => void
  /** Ends everything that goes on, and whatever is asked for later. */
  readonly signal?: AbortSignal
}

export const REQUEST_MS = 20_000
export const DEADLINE_MS = 300_000
/** Requests that fail one after the other, before a failure is believed. */
const TRIES = 4
/** Pause after the first failure; each further one doubles it. */
const BACKOFF_MS = 1_000
/** Pause when told to wait, but not for how long; each further time doubles it up to the limit. */
const PATIENCE_MS = 10_000
const PATIENCE_MAX_MS = 60_000
/** However short or long a service asks us to wait. */
const PAUSE_MIN_MS = 1_000
const PAUSE_MAX_MS = 3_600_000

/** One object on its way. */
interface Errand extends Wanted {
  readonly line: Line
  /** Milliseconds since 1970. */
  readonly deadline: number
}

export class Fetcher {
  readonly #options: Required<Omit<FetcherOptions, 'signal'>>
  readonly #abort: Abort
  readonly #lines = new Map<string, Line>()
  readonly #flights = new Map<string, Promise<Bytes>>()

  constructor(options: FetcherOptions) {
    this.#options = {
      requestMs: REQUEST_MS,
      deadlineMs: DEADLINE_MS,
      onProgress: () => undefined,
      ...options,
    }
    this.#abort = new Abort(options.signal ?? new AbortController().signal)
  }

  /**
   * What stands at a URL; whoever asks for the same URL meanwhile shares the request, unless
   * something is sent along.
   *
   * @throws {AttestationError} `ERR_ENDORSER_TIMEOUT`, `ERR_ENDORSER_RATE_LIMIT`,
   * `ERR_ENDORSER_NOT_FOUND`, `ERR_ENDORSER_STATUS`, `ERR_ENDORSER_NETWORK`, `ERR_ENDORSER_ABORTED`;
   * `ERR_ENDORSER_ANSWER` when the answer is empty or too large
   */
  async get(wanted: Wanted): Promise<Bytes> {
    const { url, headers, body } = wanted
    if (headers ?? body) return this.#queue(wanted)
    return (await joined(this.#flights, url, () => this.#queue(wanted))).slice()
  }

  async #queue(wanted: Wanted): Promise<Bytes> {
    const { now, sleep, deadlineMs } = this.#options
    const line = this.#lineOf(wanted.url)
    const errand: Errand = { ...wanted, line, deadline: now() + deadlineMs }
    const { turn, leave } = line.enter()
    try {
      await within(
        { ms: deadlineMs, sleep, abort: this.#abort },
        () => turn,
        () => {
          throw timedOut(errand)
        },
      )
      return await this.#insist(errand)
    } finally {
      leave()
    }
  }

  #lineOf(url: string): Line {
    const { origin } = new URL(url)
    const line = this.#lines.get(origin) ?? new Line()
    this.#lines.set(origin, line)
    return line
  }

  async #insist(errand: Errand): Promise<Bytes> {
    const { now } = this.#options
    let bytes: Bytes | null = null
    let failures = 0
    for (let attempt = 1; bytes === null; attempt++) {
      await this.#endOfPause(errand, attempt)
      const answer = await this.#ask(errand, attempt)
      if ('bytes' in answer) bytes = answer.bytes
      else if ('pauseUntil' in answer) {
        errand.line.pausedUntil = pauseEnd(answer.pauseUntil, now(), attempt - failures - 1)
      } else {
        const again = now() + BACKOFF_MS * 2 ** failures++
        if (!answer.retry || failures === TRIES || again >= errand.deadline) throw answer.refusal
        await this.#wait(errand, attempt + 1, again)
      }
    }
    return bytes
  }

  async #endOfPause(errand: Errand, attempt: number): Promise<void> {
    const { pausedUntil } = errand.line
    if (this.#options.now() >= pausedUntil) return
    if (pausedUntil >= errand.deadline) throw rateLimited(errand)
    await this.#wait(errand, attempt, pausedUntil)
  }

  #ask(errand: Errand, attempt: number): Promise<Answer> {
    const { fetch: send, now, sleep, requestMs, onProgress } = this.#options
    onProgress({ state: 'fetching', what: errand.what, attempt })
    const ms = Math.min(requestMs, errand.deadline - now())
    return within(
      { ms, sleep, abort: this.#abort },
      (stop) => ask(send, errand, now, stop),
      () => ({ refusal: timedOut(errand), retry: true }),
    )
  }

  async #wait({ what }: Errand, attempt: number, until: number): Promise<void> {
    const { now, sleep, onProgress } = this.#options
    onProgress({ state: 'waiting', what, attempt, until })
    await rest({ ms: until - now(), sleep, abort: this.#abort })
  }
}

/** When to ask again, within bounds of our own. */
function pauseEnd(told: number | null, now: number, times: number): number {
  const ms = told === null ? Math.min(PATIENCE_MS * 2 ** times, PATIENCE_MAX_MS) : told - now
  return now + Math.min(Math.max(ms, PAUSE_MIN_MS), PAUSE_MAX_MS)
}

const timedOut = (wanted: Wanted): AttestationError =>
  refuse(wanted, 'ERR_ENDORSER_TIMEOUT', 'no complete answer in time')

const rateLimited = (errand: Errand): AttestationError => {
  const until = new Date(errand.line.pausedUntil).toISOString()
  return refuse(
    errand,
    'ERR_ENDORSER_RATE_LIMIT',
    `the service wants no request before ${until}, which is later than we may wait`,
  )
}
