// SPDX-License-Identifier: Apache-2.0
// The application over a fake platform, asked without a network, and its answers appraised.

import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { parseEvidence } from '../../src/evidence.js'
import { type AppOptions, buildApp } from '../../src/sidecar/index.js'
import { appraise, authenticity } from '../../src/verify/index.js'
import { AT } from '../fake/amd.js'
import { pattern } from '../fake/nvidia.js'
import { type FakePlatform, type FakePlatformOptions, fakePlatform } from '../fake/platform.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { complaints } from '../verify/appraise.js'

export const SPKI = pattern(120, 0x30)
export const HPKE = Uint8Array.of(0x00, 0x20, ...pattern(32, 77))

export interface World {
  readonly app: FastifyInstance
  readonly platform: FakePlatform
  readonly clock: ManualClock
  /** What everything below the application logged, as JSON lines. */
  readonly log: string[]
}

type Options = FakePlatformOptions & Partial<Omit<AppOptions, 'platform' | 'clock' | 'keys'>>

export async function world(t: Test, options: Options = {}): Promise<World> {
  const platform = await fakePlatform(options)
  const clock = new ManualClock()
  const log: string[] = []
  const app = buildApp({
    platform,
    clock,
    keys: { tlsSpki: SPKI, hpke: HPKE },
    rawQuotes: 'allow',
    ...options,
    server: { logger: { level: 'trace', stream: { write: (line: string) => log.push(line) } } },
  })
  t.teardown(() => app.close())
  return { app, platform, clock, log }
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

type Injected = Awaited<ReturnType<FastifyInstance['inject']>>

export const ask = (app: FastifyInstance, url: string, payload: object): Promise<Injected> =>
  app.inject({ method: 'POST', url, payload })

/** What stands against the evidence of an answer; `{}` is verified. */
export async function judge(
  { platform }: World,
  body: string,
  nonce: Uint8Array,
): Promise<Record<string, string>> {
  const { guest } = platform
  const result = await appraise({
    evidence: parseEvidence(body),
    challenge: { nonce: new Uint8Array(nonce) as Bytes, channelSpki: SPKI },
    endorsements: [],
    roots: [guest.amd.ark],
    at: AT,
    policy: { ...authenticity(), gpus: 'any' },
  })
  return complaints(result)
}
