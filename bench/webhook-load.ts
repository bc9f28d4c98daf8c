// SPDX-License-Identifier: Apache-2.0
// Reviews as an API server sends them: so many each second whatever has been answered, over a pool of
// connections that are kept, or each over one of its own. As a program, it takes one `ReviewLoad` from
// its parent process and answers with what came back.

import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:https'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { type Times, times } from './load-tally.js'

export interface ReviewLoad {
  readonly port: number
  /** PEM: who has signed the certificate. */
  readonly ca: string
  readonly servername: string
  readonly bodies: readonly ReviewBody[]
  /** Reviews per second. */
  readonly rate: number
  readonly seconds: number
  /** Answers to what was due in the first so many seconds are not timed. */
  readonly warmUp: number
  /** Every so many reviews, one has a connection of its own; 0 for none. */
  readonly fresh: number
}

/** A review around its uid, and what its answer must say. */
export interface ReviewBody {
  readonly before: string
  readonly after: string
  readonly expected: 'patch' | 'pass' | 'refuse'
}

export interface Reviewed {
  readonly sent: number
  /** From when a review was due to the end of its answer, in milliseconds. */
  readonly times: Times
  /** Admissions that were not what they should be, by what was wrong. */
  readonly failed: Readonly<Record<string, number>>
  /** Certificates that were shown. */
  readonly certificates: number
}

/** Connections at most; what is due while all are in use waits, and its time runs. */
const KEPT = 64

class Sender {
  readonly #latencies: number[] = []
  readonly #failed: Record<string, number> = {}
  readonly #shown = new Set<string>()
  readonly #kept: Agent
  #sent = 0
  #answered = 0

  constructor(private readonly load: ReviewLoad) {
    const { ca, servername } = load
    this.#kept = new Agent({ keepAlive: true, maxSockets: KEPT, ca, servername })
  }

  async run(): Promise<Reviewed> {
    const { rate, seconds, warmUp } = this.load
    const start = performance.now()
    const all = (warmUp + seconds) * rate
    while (this.#sent < all) {
      const now = performance.now()
      for (;;) {
        const due = start + (this.#sent * 1000) / rate
        if (due > now || this.#sent >= all) break
        this.#send(due, due >= start + warmUp * 1000)
      }
      await pause(1)
    }
    while (this.#answered < this.#sent) await pause(1)
    this.#kept.destroy()
    return {
      sent: this.#sent,
      times: times(this.#latencies, seconds),
      failed: this.#failed,
      certificates: this.#shown.size,
    }
  }

  #send(due: number, timed: boolean): void {
    const { bodies, fresh, port } = this.load
    const { before, after, expected } = bodies[this.#sent % bodies.length] as ReviewBody
    const isFresh = fresh > 0 && this.#sent % fresh === 0
    this.#sent++
    const uid = randomUUID()
    const end = (fault: string | null) => {
      this.#answered++
      if (fault !== null) this.#failed[fault] = (this.#failed[fault] ?? 0) + 1
      else if (timed) this.#latencies.push(performance.now() - due)
    }
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: '/mutate?timeout=5s',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        agent: isFresh ? this.#own() : this.#kept,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('error', ({ message }) => end(message))
        response.on('end', () => end(fault(response.statusCode, text, uid, expected)))
      },
    )
    asked.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    if (isFresh) {
      asked.once('socket', (socket) =>
        socket.once('secureConnect', () => this.#show(socket as unknown as Shown)),
      )
    }
    asked.end(before + uid + after)
  }

  /** One connection, one handshake. */
  #own(): Agent {
    const { ca, servername } = this.load
    return new Agent({ keepAlive: false, maxCachedSessions: 0, ca, servername })
  }

  #show(socket: Shown): void {
    this.#shown.add(socket.getPeerX509Certificate()?.serialNumber ?? '')
  }
}

interface Shown {
  getPeerX509Certificate(): { readonly serialNumber: string } | undefined
}

/** What is wrong with an answer, or null. */
function fault(
  status: number | undefined,
  text: string,
  uid: string,
  expected: ReviewBody['expected'],
): string | null {
  if (status !== 200) return `status ${status}`
  const { response } = JSON.parse(text)
  if (response.uid !== uid) return 'the uid of another one'
  const was = response.patch ? 'patch' : response.allowed ? 'pass' : 'refuse'
  return was === expected ? null : `${was} in place of ${expected}`
}

process.once('message', async (load: ReviewLoad) => {
  const reviewed = await new Sender(load).run()
  process.send?.(reviewed, () => process.disconnect())
})
