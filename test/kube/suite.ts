// SPDX-License-Identifier: Apache-2.0
// Suites whose cases share a cluster.

import type { Suite, Verdict } from '../interop/suite.js'
import { type Cluster, startCluster } from './cluster.js'

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
  try {
    await holds()
    return null
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? `${message}: ${cause.message}` : message
  }
}
