// SPDX-License-Identifier: Apache-2.0
// Suites whose cases share a cluster.

import type { Suite, Verdict } from '../interop/suite.js'
import { type Cluster, startCluster } from './cluster.js'

/** So that what never happens does not hold up all the rest. */
const LIMIT_MS = 120_000

/** What has to hold, and a function that throws where it does not. They run one after another. */
export type Cases = Readonly<Record<string, (cluster: Cluster) => void | Promise<void>>>

export function kubeSuite(name: string, cases: Cases): Suite {
  return {
    name: `kube: ${name}`,
    async run() {
      const cluster = await startCluster()
      try {
        const verdicts: Verdict[] = []
        for (const [title, holds] of Object.entries(cases)) {
          verdicts.push({ title, problem: await problem(() => holds(cluster)) })
        }
        return verdicts
      } finally {
        await cluster.stop()
      }
    },
  }
}

async function problem(holds: () => void | Promise<void>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${LIMIT_MS} ms`)), LIMIT_MS)
  })
  try {
    await Promise.race([holds(), late])
    return null
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? `${message}: ${cause.message}` : message
  } finally {
    clearTimeout(timer)
  }
}
