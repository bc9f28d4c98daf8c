// SPDX-License-Identifier: Apache-2.0
// What the tests of the Node transport share: one TLS identity, one answer, one question.

import { nodeTransport } from '../../src/cli/transport.js'
import { type FetchedEvidence, fetchQuote } from '../../src/client/index.js'
import { QUOTE } from '../evidence/documents.js'
import { pattern } from '../fake/nvidia.js'
import type { Served } from '../fake/server.js'
import { mintTls } from '../fake/tls.js'
import type { rejectsCode } from '../helpers.js'

export const identity = mintTls()
/** The head of an answer, to be continued or ended. */
export const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
export const BODY = JSON.stringify(QUOTE)

export type Tap = Parameters<typeof rejectsCode>[0] & { teardown(run: () => unknown): unknown }

/** A server that closes with the test. */
export async function opened(t: Tap, served: Promise<Served>): Promise<Served> {
  const one = await served
  t.teardown(() => one.close())
  return one
}

export function ask(url: string, options: object = {}): Promise<FetchedEvidence> {
  return fetchQuote({ url, transport: nodeTransport(), nonce: pattern(64, 1), ...options })
}
