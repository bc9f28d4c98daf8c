// SPDX-License-Identifier: Apache-2.0
// `assay demo`: a report minted under a throwaway root, decoded, verified, and three forgeries
// refused. No hardware, no network, no configuration.

import { Command } from 'commander'
import { MEASUREMENT_AT } from '../../assembly/snp/layout.js'
import { decodeTcb, parseSnpReport } from '../core/snp.js'
import { toHex } from '../encoding.js'
import type { Code } from '../errors.js'
import { rawEvidence } from '../evidence.js'
import {
  type AmdIdentity,
  type AmdKeys,
  generateAmdKeys,
  mintAmd,
  signReport,
} from '../simulate/amd.js'
import { mintReport } from '../simulate/snp-report.js'
import { type Appraisal, appraise } from '../verify/index.js'
import { EXIT, type ExitCode } from './exit.js'
import { formatFindings } from './format.js'
import type { Io } from './io.js'
import type { Answer } from './run.js'

const PRODUCT = 'Genoa'
const DAY_MS = 86_400_000

/** One machine of the simulated platform: its report, and the certificate of the key that signed. */
interface Machine {
  readonly report: Uint8Array
  readonly vek: Uint8Array
  readonly authority: Uint8Array
  readonly root: Uint8Array
}

interface Forgery {
  readonly title: string
  readonly code: Code
  readonly machine: Machine
}

export function demoCommand(io: Io, answer: Answer): Command {
  return new Command('demo')
    .description('mint a report under a throwaway root, verify it, and refuse three forgeries')
    .action(async () => {
      answer(await demo(io, appraise))
    })
}

/** Done when `decide` verifies the honest run and refuses every forgery for its own reason. */
export async function demo(
  io: Pick<Io, 'out' | 'color' | 'now'>,
  decide: typeof appraise,
): Promise<ExitCode> {
  const now = io.now()
  const keys = await generateAmdKeys()
  const honest = await machine(keys, now)
  io.out(`platform: simulated AMD SEV-SNP (${PRODUCT}), under a root made just now\n`)
  io.out(`evidence: ${summary(honest.report)}\n\n`)
  const result = await decide(appraisal(honest, honest, now))
  io.out(`the honest report: ${result.result.toUpperCase()}\n${formatFindings(result, io.color)}\n`)
  let kept = result.result === 'verified'
  for (const { title, code, machine: forged } of await forgeries(honest, keys, now)) {
    const { result: verdict, findings } = await decide(appraisal(forged, honest, now))
    const reason = findings.find((finding) => finding.code === code)
    kept &&= verdict === 'rejected' && reason !== undefined
    io.out(`${title}: ${verdict.toUpperCase()}, ${reason?.code}: ${reason?.detail}\n`)
  }
  io.out(
    '\nA genuine machine is not yet your workload: a policy that pins what runs in it decides that.\n',
  )
  return kept ? EXIT.done : EXIT.bug
}

function summary(report: Uint8Array): string {
  const { version, vmpl, measurement, reportedTcb } = parseSnpReport(report)
  const { snp, microcode } = decodeTcb(reportedTcb, PRODUCT)
  const launch = toHex(measurement).slice(0, 16)
  return `report version ${version}, VMPL ${vmpl}, SNP ${snp}, microcode ${microcode}, launch digest ${launch}…`
}

async function machine(keys: AmdKeys, now: Date): Promise<Machine> {
  const report = await signReport(mintReport({ product: PRODUCT }), keys)
  const { ark, authority, vek } = await mintAmd(identity(report, now), keys)
  return { report, vek, authority, root: ark }
}

/** The certificate that the vendor would issue for the machine of a report. */
function identity(report: Uint8Array, now: Date): AmdIdentity {
  const { reportedTcb, chipId } = parseSnpReport(report)
  return {
    product: PRODUCT,
    kind: 'vcek',
    tcb: decodeTcb(reportedTcb, PRODUCT),
    chipId,
    cspId: '',
    notBefore: new Date(now.getTime() - DAY_MS),
  }
}

async function forgeries(honest: Machine, keys: AmdKeys, now: Date): Promise<Forgery[]> {
  const altered = honest.report.slice()
  altered[MEASUREMENT_AT] = (altered[MEASUREMENT_AT] as number) ^ 1
  const elsewhere = { ...identity(honest.report, now), chipId: new Uint8Array(64).fill(0xee) }
  const { vek } = await mintAmd(elsewhere, keys)
  return [
    {
      title: 'one bit of the launch digest changed',
      code: 'ERR_SNP_SIGNATURE',
      machine: { ...honest, report: altered },
    },
    {
      title: 'the certificate of another chip',
      code: 'ERR_SNP_CHIP_ID',
      machine: { ...honest, vek },
    },
    {
      title: 'a chain of its own, consistent in itself',
      code: 'ERR_CERTIFICATE_ROOT',
      machine: await machine(await generateAmdKeys(), now),
    },
  ]
}

/** What a tenant asks, with the one root that this demo chose to trust. */
function appraisal(given: Machine, trusted: Machine, at: Date): Appraisal {
  return {
    evidence: rawEvidence('snp', given.report),
    challenge: null,
    endorsements: [given.vek, given.authority, given.root],
    roots: [trusted.root],
    policy: 'authenticity',
    at,
  }
}
