// SPDX-License-Identifier: Apache-2.0
// Traffic that deserves no evidence: what each of these clients is owed is an answer that is no 200,
// or the end of its connection, in time.

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'

export interface Attacks {
  /** How often each was tried. */
  readonly tried: Readonly<Record<string, number>>
  /** Of all of them, how many got neither an answer nor an end. */
  readonly unanswered: number
}

/** Longer than any limit of the sidecar. */
const PATIENCE_MS = 60_000
const BETWEEN_MS = 20
const AT_ONCE = 4

const post = (path: string, type: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const JSON_TYPE = 'application/json'
const nonce = (length: number): string => `{"nonce":"${randomBytes(length).toString('base64')}"}`

/** What is sent first. A connection that is left as it is after that is the server's to end. */
const ATTACKS: Readonly<Record<string, () => string>> = {
  'not json': () => post('/v1/evidence', JSON_TYPE, '{"nonce":'),
  'wrong type': () => post('/v1/evidence', 'text/html', nonce(32)),
  'short nonce': () => post('/v1/evidence', JSON_TYPE, nonce(31)),
  'short quote nonce': () => post('/quote', JSON_TYPE, nonce(63)),
  'large body': () => post('/v1/evidence', JSON_TYPE, nonce(9000)),
  'larger than said': () => `${post('/quote', JSON_TYPE, nonce(64))}${'x'.repeat(100)}`,
  'no such path': () => 'GET /etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n',
  'wrong method': () => 'DELETE /quote HTTP/1.1\r\nhost: x\r\n\r\n',
  'no http': () => randomBytes(200).toString('latin1'),
  'large header': () => `GET /info HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  'many at once': () => post('/quote', JSON_TYPE, nonce(64)).repeat(200),
  'half a head': () => 'POST /quote HTTP/1.1\r\nhost: x\r\n',
  'half a body': () => post('/quote', JSON_TYPE, nonce(64)).slice(0, -10),
}
/** Those who hang up at once, with a request under way or without. */
const RUNAWAYS: Readonly<Record<string, () => string>> = {
  silent: () => '',
  'gone after asking': () => post('/quote', JSON_TYPE, nonce(64)),
  'gone after asking often': () => post('/quote', JSON_TYPE, nonce(64)).repeat(60),
}

/** Until `stop`. */
export async function hostile(port: number, stop: AbortSignal): Promise<Attacks> {
  const tried: Record<string, number> = {}
  let unanswered = 0
  const slow: Promise<void>[] = []
  const all = [...Object.entries(ATTACKS), ...Object.entries(RUNAWAYS)]
  const one = async (name: string, text: string) => {
    tried[name] = (tried[name] ?? 0) + 1
    if (!(await attack(port, text, name in RUNAWAYS))) unanswered += 1
  }
  const attacker = async (first: number) => {
    for (let i = first; !stop.aborted; i++) {
      const [name, text] = all[i % all.length] as (typeof all)[number]
      const done = one(name, text())
      // Those that wait for a time-out are not waited for.
      if (name.startsWith('half')) slow.push(done)
      else await done
      await pause(BETWEEN_MS)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => attacker(i * AT_ONCE)))
  await Promise.all(slow)
  return { tried, unanswered }
}

/** Whether there was an answer or an end. */
function attack(port: number, text: string, runs: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false }
    const socket: TLSSocket = connect(options, () => {
      socket.write(text, 'latin1')
      if (runs) socket.destroy()
    })
    const settle = (answered: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(() => settle(false), PATIENCE_MS)
    socket.once('data', () => settle(true))
    socket.once('error', () => settle(true))
    socket.once('close', () => settle(true))
  })
}
