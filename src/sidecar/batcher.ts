// SPDX-License-Identifier: Apache-2.0
// Batches form by themselves: whoever comes while the device is at work waits, and the next report
// takes all of them (assay evidence protocol, section 4).

import { TREE_SIZE_MAX } from '../../assembly/protocol.js'
import { Deadlines, type Waiting } from './deadlines.js'
import { type Caller, cancelled, full, late, type QueueOptions } from './queue.js'

interface Member<Query, Answer> extends Waiting {
  readonly query: Query
  readonly caller: Caller
  readonly resolve: (answer: () => Answer) => void
  readonly reject: (error: unknown) => void
  done: boolean
}

/** The answer to the request that stands at `index` of its batch. */
export type BatchAnswer<Answer> = (index: number) => Answer

/**
 * Waits for the device, then calls `take` once for the requests that wait by then. There may be none
 * left, and then no answer.
 */
export type BatchWork<Query, Answer> = (
  take: () => readonly Query[],
) => Promise<BatchAnswer<Answer> | null>

export class Batcher<Query, Answer> {
  readonly #deadlines: Deadlines
  #members: Member<Query, Answer>[] = []
  /** Whether a batch waits for its turn or is being made: there is one at a time. */
  #running = false

  constructor(
    private readonly options: Pick<QueueOptions, 'clock' | 'deadlineMs' | 'waitingMost'>,
    private readonly work: BatchWork<Query, Answer>,
  ) {
    this.#deadlines = new Deadlines(options.clock, options.deadlineMs)
  }

  /** How many wait for the next report. */
  get waiting(): number {
    return this.#members.length
  }

  /**
   * @throws {AttestationError} `ERR_QUEUE_FULL`, `ERR_QUEUE_DEADLINE`, `ERR_QUEUE_CANCELLED`, and
   * what the work throws
   */
  add(query: Query, caller: Caller): Promise<Answer> {
    const most = Math.min(this.options.waitingMost, TREE_SIZE_MAX)
    if (this.#members.length >= most) this.#members = this.#present()
    if (this.#members.length >= most) return Promise.reject(full(this.#members.length))
    return new Promise<() => Answer>((resolve, reject) => {
      const member: Member<Query, Answer> = {
        query,
        caller,
        resolve,
        reject,
        done: false,
        expire: () => refuse(member, late(this.options.deadlineMs)),
      }
      this.#members.push(member)
      this.#deadlines.add(member)
      if (this.#running) return
      this.#running = true
      // Whoever has asked already, but has not been read yet, comes along.
      setImmediate(() => this.#run())
    }).then((answer) => answer())
  }

  /** Lets go of the timer; for when nobody waits any more. */
  stop(): void {
    this.#deadlines.stop()
  }

  #run(): void {
    let taken: Member<Query, Answer>[] = []
    let hadTurn = false
    const take = () => {
      hadTurn = true
      taken = this.#take()
      return taken.map(({ query }) => query)
    }
    this.work(take).then(
      (answer) => {
        this.#goOn()
        for (const [index, member] of taken.entries()) {
          member.done = true
          member.resolve(() => (answer as BatchAnswer<Answer>)(index))
        }
      },
      (error) => {
        // A batch that never had its turn has taken nobody, and whoever waits is told.
        for (const member of hadTurn ? taken : this.#take()) refuse(member, error)
        this.#goOn()
      },
    )
  }

  /** The device first: it can be at work again while the answers are written and go out. */
  #goOn(): void {
    this.#running = this.#members.length > 0
    if (this.#running) this.#run()
  }

  #take(): Member<Query, Answer>[] {
    const taken = this.#present()
    this.#members = []
    return taken
  }

  /** Those who still wait, and have somebody to answer. */
  #present(): Member<Query, Answer>[] {
    for (const member of this.#members) if (member.caller.gone()) refuse(member, cancelled())
    return this.#members.filter((member) => !member.done)
  }
}

/** A second refusal changes nothing: a promise settles once. */
function refuse<Query, Answer>(member: Member<Query, Answer>, error: unknown): void {
  member.done = true
  member.reject(error)
}
