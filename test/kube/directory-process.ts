// SPDX-License-Identifier: Apache-2.0
// The directory as a Pod runs it, in a process of its own: with the token and the authority of a
// ServiceAccount, over HTTP, and with a line to the test beside it.

import { insideCluster } from '../../src/directory/kube-access.js'
import { kubeSettings } from '../../src/directory/kube-settings.js'
import { KubeSource } from '../../src/directory/kube-source.js'
import { serve } from '../../src/directory/service.js'
import { readSettings } from '../../src/directory/settings.js'
import type { Source } from '../../src/directory/source.js'
import type { DirectoryState } from '../../src/directory/state.js'
import { createLog } from '../../src/service/log.js'
import { systemClock } from '../../src/service/system-clock.js'

/** What the process says of itself. */
export interface Standing {
  readonly digest: string
  readonly leases: number
  readonly endpoints: number
  readonly connected: boolean
  /** Bytes. */
  readonly rss: number
}

export interface Said {
  readonly listening?: string
  readonly standing?: Standing
  readonly log?: string
  /** A lease of the owner in PROBED has changed, at this time of day in milliseconds. */
  readonly changed?: {
    readonly path: string
    readonly at: number
    /** Replicas that it now has hints of. */
    readonly replicas: readonly string[]
  }
}

const say = (what: Said): void => {
  process.send?.(what)
}

const { MOUNT, GATEWAY = '', PROBED } = process.env
const settings = readSettings(['--source=kube', '--listen=127.0.0.1:0', '--rate-limit=0'])
const log = createLog('info', {
  write: (line: string) => {
    const { url, source } = JSON.parse(line)
    say({ log: line, ...(source && { listening: url }) })
  },
})
const kube = new KubeSource({
  access: insideCluster(process.env, MOUNT),
  settings: kubeSettings({ nodeHost: null, gateway: GATEWAY, expectations: null }),
  clock: systemClock,
  random: Math.random,
  log,
})

function replicasOf(state: DirectoryState, path: string): string[] {
  const { endpoints = [] } = JSON.parse(state.lease(path)?.text ?? '{}')
  return endpoints.map(({ replica }: { replica: string }) => replica)
}

function watched(state: DirectoryState): void {
  state.onChange(({ key: path, owner }) => {
    const at = performance.timeOrigin + performance.now()
    if (owner === PROBED) say({ changed: { path, at, replicas: replicasOf(state, path) } })
  })
  process.on('message', () => {
    const { leases, endpoints } = state.counts
    const { rss } = process.memoryUsage()
    const { connected } = kube
    say({ standing: { digest: state.digest(), leases, endpoints, connected, rss } })
  })
}

const source: Source = {
  start: (state) => {
    watched(state)
    return kube.start(state)
  },
  get connected() {
    return kube.connected
  },
  close: () => kube.close(),
}
const stop = new AbortController()
process.once('disconnect', () => stop.abort())
serve({ settings, clock: systemClock, log, source, stop: stop.signal }).then(
  () => process.exit(),
  (error) => {
    say({ log: `${error.stack}` })
    process.exit(1)
  },
)
