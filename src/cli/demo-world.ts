// SPDX-License-Identifier: Apache-2.0
// The stage of the demo: a simulated machine with a real sidecar in it, another machine of somebody
// else, and the policy of a tenant who knows what should run there.

import { createHash } from 'node:crypto'
import { parseSnpReport } from '../core/snp.js'
import { toHex } from '../encoding.js'
import type { Mode } from '../protocol.js'
import type { Clock } from '../service/clock.js'
import { createLog } from '../service/log.js'
import { systemClock } from '../service/system-clock.js'
import { startSidecar } from '../sidecar/sidecar.js'
import type { GpuSurface } from '../sidecar/surface.js'
import { architectureOf } from '../simulate/machine.js'
import { type Simulator, simulatePlatform } from '../simulate/platform.js'
import { mintReport, type ReportFields } from '../simulate/snp-report.js'
import {
  type Appraisal,
  type GpuPolicy,
  initPolicy,
  type Policy,
  parsePolicy,
} from '../verify/index.js'
import type { Io } from './io.js'
import type { LiveEvidence } from './live.js'

export type DemoIo = Pick<Io, 'out' | 'err' | 'color' | 'now' | 'random'>

export interface World {
  readonly machine: Simulator
  /** GPUs of another machine, at least one: genuine, and not the tenant's. */
  readonly strangers: GpuSurface
  /** Of the sidecar on the machine. */
  readonly url: string
  /** What the tenant wants to know of an answer. */
  question(live: Pick<LiveEvidence, 'evidence' | 'nonce' | 'channelSpki'>): Appraisal
  close(): Promise<void>
}

export const PRODUCT = 'Genoa'
const CHIP_ID_LEN = 64
const VERSION = 5
const BOUND_VMPL = 1
/** Slow for a security processor: while it makes one report, a batch of requests collects. */
const REPORT_LATENCY_MS = 100

export async function openWorld(io: DemoIo, gpus: number): Promise<World> {
  const clock: Clock = { ...systemClock, now: io.now }
  const fields = launch(io)
  const [machine, other] = await Promise.all([
    simulatePlatform({
      ...{ clock, product: PRODUCT, version: VERSION, gpus, fields },
      reportLatencyMs: REPORT_LATENCY_MS,
    }),
    simulatePlatform({ clock, product: PRODUCT, version: VERSION, gpus: Math.max(gpus, 1) }),
  ])
  const sidecar = await startSidecar({
    ...{ platform: machine, clock, rawQuotes: 'allow', plainHttp: false },
    log: createLog('error', { write: io.err }),
    listen: { host: '127.0.0.1', port: 0 },
  })
  const pinned = pin(fields, gpus)
  // Strangers' GPUs are of the same make: they fail for what they are, and not for their root.
  const nvidia = [machine, other].flatMap((one) => one.roots.nvidia ?? [])
  const roots = [machine.roots.snp, ...nvidia]
  return {
    machine,
    strangers: other.gpus as GpuSurface,
    url: sidecar.url,
    question: ({ evidence, nonce, channelSpki }) => ({
      evidence,
      challenge: { nonce, channelSpki },
      endorsements: [machine.crl],
      roots,
      at: io.now(),
      policy: policyFor(evidence.mode, pinned),
    }),
    close: async () => {
      await sidecar.close()
      await other.cpu.close()
      await other.gpus?.close()
    },
  }
}

/** What the tenant launched, and where: known beforehand, not read from evidence. */
const launch = ({ random }: DemoIo): ReportFields => ({
  measurement: digest('sha384', 'firmware, kernel and command line of the tenant'),
  hostData: digest('sha256', 'initdata of the tenant'),
  chipId: random(CHIP_ID_LEN),
})

const digest = (algorithm: 'sha384' | 'sha256', text: string): Uint8Array =>
  new Uint8Array(createHash(algorithm).update(text).digest())

type Pinned = Omit<Policy, 'gpus'> & { readonly gpus: GpuPolicy }

/** The strictest policy that the tenant's own reference values give, for one machine only. */
function pin(fields: ReportFields, gpus: number): Pinned {
  const expected = mintReport({ ...fields, product: PRODUCT, version: VERSION, vmpl: BOUND_VMPL })
  const report = parseSnpReport(expected)
  const policy = parsePolicy(
    initPolicy({
      ...{ name: 'demo', report, product: PRODUCT, kind: 'vcek', cspId: null, mode: 'bound' },
      binds: { tlsKey: true, hpkeKey: false, userData: false },
      verdict: null,
    }),
  )
  const { snp, ...rest } = policy as Policy & Required<Pick<Policy, 'snp'>>
  const chipId = [toHex(report.chipId)]
  return { ...rest, snp: { ...snp, chipId, vmpl: [0] }, gpus: pinGpus(gpus) }
}

/** What was rented. Nobody publishes golden measurements of GPUs that do not exist, nor revokes them. */
const pinGpus = (count: number): GpuPolicy => ({
  count,
  minimumCount: 'any',
  nvSwitches: 0,
  unique: 'require',
  serials: 'any',
  architectures: count > 0 ? [architectureOf(count)] : 'any',
  drivers: 'any',
  minimumDriver: 'any',
  vbios: 'any',
  minimumVbios: 'any',
  protectedPcie: 'forbid',
  secureBoot: 'any',
  debug: 'any',
  rim: 'any',
  vouched: 'any',
  revocation: 'any',
  nonce: 'require',
  binding: 'require',
})

/** Raw mode has no room for the TLS key and the GPUs. */
function policyFor(mode: Mode, { binding, gpus, ...rest }: Pinned): Policy {
  const bound = mode === 'raw' ? 'any' : 'require'
  return {
    ...rest,
    gpus: { ...gpus, binding: bound },
    binding: { ...binding, modes: [mode], tlsKey: bound },
  }
}
