// SPDX-License-Identifier: Apache-2.0
// Pods created one after another at a rate, as long as something else happens.

import type { Answer } from './api.js'

export interface Load {
  readonly sent: number
  readonly perSecond: number
  /** Of what was not admitted, each once. */
  readonly failures: ReadonlyMap<string, number>
}

/** More wait for no answer: a machine that is slower has a lower rate, and not a queue without end. */
const WAITING_MOST = 16

/** Sends at the rate, or as fast as answers come, until `meanwhile` is done. */
export async function underLoad(
  perSecond: number,
  send: () => Promise<Answer>,
  meanwhile: () => Promise<void>,
): Promise<Load> {
  const failures = new Map<string, number>()
  const count = (what: string) => failures.set(what, (failures.get(what) ?? 0) + 1)
  const waiting = new Set<Promise<void>>()
  const start = performance.now()
  let sent = 0
  const one = async () => {
    try {
      const { status, body } = await send()
      if (status !== 201) count(`${status} ${body.message}`)
    } catch (error) {
      count((error as Error).message)
    }
  }
  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * perSecond
    for (; sent < due && waiting.size < WAITING_MOST; sent++) {
      const answered = one().finally(() => waiting.delete(answered))
      waiting.add(answered)
    }
  }, 1)
  try {
    await meanwhile()
  } finally {
    clearInterval(timer)
  }
  await Promise.all(waiting)
  const seconds = (performance.now() - start) / 1000
  return { sent, perSecond: sent / seconds, failures }
}
