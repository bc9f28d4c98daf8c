// SPDX-License-Identifier: Apache-2.0
// A directory with a state of the test's making, and a clock by hand.

import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type AppOptions, buildApp } from '../../src/directory/index.js'
import { DirectoryState } from '../../src/directory/state.js'
import { expectationsDigest, leasePath } from '../../src/discovery/index.js'
import { expectationsBytes } from '../fake/akash.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { endpoint, hints, leaseId } from './leases.js'

export const LEASE = leaseId(7)
export const LEASE_PATH = leasePath(LEASE)
export const DOCUMENT = expectationsBytes()
export const DIGEST = expectationsDigest(DOCUMENT)
export const HINTS = hints(LEASE, [endpoint({ expectations: [DIGEST] })])

export interface AppWorld {
  readonly app: FastifyInstance
  readonly state: DirectoryState
  readonly clock: ManualClock
  readonly log: string[]
  /** Whether it is ready, and connected. */
  readonly source: { ready: boolean; connected: boolean }
}

export function world(t: Test, options: Partial<AppOptions> = {}): AppWorld {
  const state = new DirectoryState()
  state.setLease(HINTS)
  state.setExpectations(new Map([[DIGEST, DOCUMENT]]))
  const clock = new ManualClock()
  const log: string[] = []
  const source = { ready: true, connected: true }
  const { server, ...others } = options
  const app = buildApp({
    state,
    clock,
    epoch: 'epoch',
    isReady: () => source.ready,
    isConnected: () => source.connected,
    server: {
      loggerInstance: pino({ level: 'trace' }, { write: (line: string) => log.push(line) }),
      ...server,
    },
    ...others,
  })
  t.teardown(() => app.close())
  return { app, state, clock, log, source }
}
