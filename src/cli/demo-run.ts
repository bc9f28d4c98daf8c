// SPDX-License-Identifier: Apache-2.0
// What the demo shows, in its order: the platform, evidence, its appraisal, and two attacks.

import { gpuNonce } from '../core/digest.js'
import { parseSnpReport } from '../core/snp.js'
import { toHex } from '../encoding.js'
import type { Code } from '../errors.js'
import type { Bind } from '../protocol.js'
import type { AttestationResult, appraise, Finding } from '../verify/index.js'
import { startRelay, swapGpu } from './demo-attacks.js'
import { appraisalTable } from './demo-table.js'
import { type DemoIo, openWorld, PRODUCT, type World } from './demo-world.js'
import { EXIT, type ExitCode } from './exit.js'
import { formatVerdict } from './format.js'
import { fetchLive, type LiveEvidence } from './live.js'

type Decide = typeof appraise

/** How many tenants ask for batched evidence at the same time. */
const TENANTS = 32

/**
 * Done when `decide` verifies every honest run and rejects both attacks for the right reason.
 *
 * @param gpus of the simulated machine
 */
export async function demo(io: DemoIo, decide: Decide, gpus: number): Promise<ExitCode> {
  const world = await openWorld(io, gpus)
  try {
    await showPlatform(world, io)
    const { raw, bound, batched } = await fetchAll(world, io)
    io.out(evidenceText(raw, bound, batched))
    const verified = await showAppraisals(world, { raw, bound, batched }, io, decide)
    const rejected = await showAttacks(world, bound, io, decide)
    const kept = verified && rejected
    io.out(`\n${kept ? KEPT : BROKEN}\n${LAST}`)
    return kept ? EXIT.done : EXIT.bug
  } finally {
    await world.close()
  }
}

const KEPT = 'Every honest run was verified, and both attacks were rejected for what they are.'
const BROKEN = 'NOT as it must be: an honest run was not verified, or an attack was not rejected.'
const LAST = `Simulated: whoever runs this holds the keys. On real hardware the vendors' pinned roots decide.
Next: "assay simulate" keeps such a sidecar running, "assay detect" says what this machine can do.
`

async function showPlatform({ machine, url }: World, io: DemoIo): Promise<void> {
  const gpus = (await machine.gpus?.collect(gpuNonce(io.random(32)))) ?? []
  const models = gpus.length > 0 ? `${gpus.length} GPU${gpus.length > 1 ? 's' : ''}` : 'no GPU'
  const architecture = gpus[0] ? ` (${gpus[0].architecture})` : ''
  io.out(`A simulated machine under roots made just now, and a real sidecar in it
  platform  AMD SEV-SNP (${PRODUCT}), ${models}${architecture}
  sidecar   ${url}, with a key and a certificate of its own
`)
}

interface Fetched {
  readonly raw: LiveEvidence
  readonly bound: LiveEvidence
  /** Of many tenants at once. */
  readonly batched: readonly LiveEvidence[]
}

async function fetchAll({ url }: World, io: DemoIo): Promise<Fetched> {
  const fetch = (aep83: boolean, bind: readonly Bind[], batch: boolean) =>
    fetchLive(url, { aep83, bind, batch, headers: {} }, io)
  const raw = await fetch(true, [], false)
  const bound = await fetch(false, ['tls'], false)
  const batched = await Promise.all(
    Array.from({ length: TENANTS }, () => fetch(false, ['tls'], true)),
  )
  return { raw, bound, batched }
}

function evidenceText(raw: LiveEvidence, bound: LiveEvidence, batched: Fetched['batched']): string {
  const level = ({ evidence }: LiveEvidence) => `VMPL ${parseSnpReport(evidence.report).vmpl}`
  const parts = `nonce${bound.evidence.gpus.length > 0 ? ', TLS key and all GPU evidence' : ' and TLS key'}`
  const reports = new Set(batched.map(({ evidence }) => toHex(evidence.report))).size
  const [first] = batched as [LiveEvidence]
  return `
Evidence, fetched over HTTPS with fresh nonces
  raw       POST /quote        ${level(raw)}  REPORT_DATA is what the caller sent, as in AEP-83
  bound     POST /v1/evidence  ${level(bound)}  REPORT_DATA is the digest of ${parts}
  batched   POST /v1/evidence  ${level(first)}  ${TENANTS} tenants at once, answered by ${reports} reports

`
}

async function showAppraisals(
  world: World,
  { raw, bound, batched }: Fetched,
  io: DemoIo,
  decide: Decide,
): Promise<boolean> {
  const judge = (live: LiveEvidence) => decide(world.question(live))
  const results = { raw: await judge(raw), bound: await judge(bound) }
  const tenants = await Promise.all(batched.map(judge))
  // The one that fared worst stands for all of them.
  const worst = tenants.find(({ result }) => result !== 'verified') ?? tenants.at(-1)
  const all = { ...results, batched: worst as AttestationResult }
  io.out('Appraisal, by a policy that pins all a tenant can know beforehand\n')
  io.out(appraisalTable(all, io.color))
  return Object.values(all).every(({ result }) => result === 'verified')
}

async function showAttacks(
  world: World,
  genuine: LiveEvidence,
  io: DemoIo,
  decide: Decide,
): Promise<boolean> {
  const relay = await startRelay(world.url, io.now())
  try {
    const relayed = await fetchLive(
      relay.url,
      { aep83: false, bind: ['tls'], batch: false, headers: {} },
      io,
    )
    io.out('\nAttack: a relay has the genuine hardware sign its own TLS key, through raw mode\n')
    const first = await showRejection(world, relayed, 'ERR_BINDING_ORACLE', io, decide)
    const swapped = await swapGpu(genuine, world.strangers)
    const what =
      genuine.evidence.gpus.length > 0
        ? 'GPU 0 swapped for one of another machine'
        : 'a GPU of another machine smuggled in'
    io.out(`\nAttack: ${what}, which answered the very same nonce\n`)
    const second = await showRejection(world, swapped, 'ERR_BINDING_REPORT_DATA', io, decide)
    return first && second
  } finally {
    await relay.close()
  }
}

/** Rejected for its own reason: an attack that fails by accident would have shown nothing. */
async function showRejection(
  world: World,
  forged: LiveEvidence,
  expected: Code,
  io: DemoIo,
  decide: Decide,
): Promise<boolean> {
  const result = await decide(world.question(forged))
  const { findings } = result
  const reason = findings.find(({ outcome, code }) => outcome === 'fail' && code === expected)
  const passed = findings.filter(({ outcome }) => outcome === 'pass').length
  io.out(`  ${formatVerdict(result, io.color)}, ${passed} of ${findings.length} checks passed\n`)
  io.out(reasonText(reason))
  return result.result === 'rejected' && reason !== undefined
}

const reasonText = (reason: Finding | undefined): string =>
  reason
    ? `  ${reason.check}: ${reason.code}: ${reason.detail}\n`
    : '  NOT for the reason expected\n'
