// SPDX-License-Identifier: Apache-2.0
// `assay verify`: appraises evidence and exits with the verdict.

import { Command } from 'commander'
import {
  type Appraisal,
  type AttestationResult,
  appraise,
  type GpuAttestationResult,
  type TokenAttestationResult,
} from '../verify/index.js'
import { collect, once, parseTime } from './arguments.js'
import { type EarFlags, earOptions, openEar } from './ear.js'
import { type EndorserFlags, endorserOptions, openEndorser } from './endorser.js'
import { EXIT, type ExitCode } from './exit.js'
import {
  alternativesOf,
  checkExpectationFlags,
  type ExpectationFlags,
  expectationOptions,
  judgeAny,
  refuseExpectations,
} from './expectation-flags.js'
import { readInputs } from './files.js'
import { formatResult } from './format.js'
import { formatLease } from './format-lease.js'
import { type GpuFlags, gpuOptions, readGpuMaterial } from './gpu-flags.js'
import { type GpuServiceFlags, gpuServiceOptions, openGpuServices } from './gpu-services.js'
import type { Io } from './io.js'
import { leaseOptions, refuseLeaseFlags } from './lease-flags.js'
import { type PolicyFlags, policyOf } from './policy-flags.js'
import type { Answer } from './runner.js'
import { readSubject, type Subject, type SubjectFlags, subjectOptions } from './subject.js'
import { isAlone, judgeGpus, refuseCpuFlags } from './verify-gpus.js'
import { type JudgeSubject, judgeLease, type LeaseResult, refuseStrangers } from './verify-lease.js'
import { areAlone, judgeTokens } from './verify-vouchers.js'
import { readVouchers, type VoucherFlags, voucherOptions } from './voucher-flags.js'

interface Flags
  extends SubjectFlags,
    PolicyFlags,
    EndorserFlags,
    EarFlags,
    GpuFlags,
    VoucherFlags,
    GpuServiceFlags,
    ExpectationFlags {
  readonly endorsement?: readonly string[]
  readonly roots?: readonly string[]
  readonly at?: string
  readonly json?: boolean
}

const EXIT_OF_RESULT: Record<AttestationResult['result'], ExitCode> = {
  verified: EXIT.done,
  rejected: EXIT.refused,
  undecided: EXIT.undecided,
}

const EXAMPLES = `
Examples:
  assay verify --snp report.bin --endorsement vcek.der --policy authenticity
  assay verify --snp report.bin --nonce "$NONCE" --policy policy.jsonc
  assay verify https://provider.example:8790 --policy policy.jsonc
  assay verify evidence.json --policy policy.jsonc --offline --at 2026-11-21
  assay verify --lease akash1…/1234/1/1 --directory https://directory.example --policy policy.jsonc
  assay verify --gpu report.bin --cert-chain chain.pem --rim rims/ --nonce "$NONCE" --policy policy.jsonc`

export function verifyCommand(version: string, io: Io, answer: Answer): Command {
  const command = new Command('verify').description(
    'appraise evidence: exit 0 verified, 10 rejected, 20 undecided, 30 bad call',
  )
  subjectOptions(command)
    .option(
      '--policy <file|name>',
      'what to accept: a policy document, or "authenticity" for origin and integrity only',
      once('--policy'),
    )
    .option('--report-data <hex>', 'the 64 bytes that REPORT_DATA must be', once('--report-data'))
    .option('--endorsement <file>', 'certificates or CRLs, DER or PEM (repeatable)', collect)
    .option('--roots <file>', 'roots to trust besides the vendor ones (repeatable)', collect)
    .option('--at <time>', 'appraise as of this ISO-8601 time instead of now', once('--at'))
  leaseOptions(command)
  expectationOptions(command)
  gpuOptions(command)
  voucherOptions(command)
  endorserOptions(command)
  gpuServiceOptions(command)
  earOptions(command)
  return command
    .option('--json', 'print the result as one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string | undefined, flags: Flags) => {
      const writeEar = await openEar(flags, version, io)
      const result = await judge(target, flags, io)
      io.out(flags.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result, io.color))
      answer(EXIT_OF_RESULT[result.result])
      // Last: a file that cannot be written keeps nobody from reading the verdict.
      if (isOfCpu(result)) await writeEar(result)
    })
}

type Result = AttestationResult | GpuAttestationResult | TokenAttestationResult | LeaseResult

const isOfCpu = (result: Result): result is AttestationResult =>
  'claims' in result && result.claims.binding !== null

const textOf = (result: Result, color: boolean): string =>
  'endpoints' in result ? formatLease(result, color) : formatResult(result, color)

/** What is to be judged, once no flag is left that nothing would read. */
function kindOf(target: string | undefined, flags: Flags): 'lease' | 'tokens' | 'gpus' | 'one' {
  checkExpectationFlags(flags)
  if (flags.lease !== undefined) {
    refuseStrangers(target, flags)
    return 'lease'
  }
  refuseLeaseFlags(flags)
  const kind = areAlone(target, flags) ? 'tokens' : isAlone(target, flags) ? 'gpus' : 'one'
  if (kind !== 'one') refuseExpectations(flags)
  if (kind === 'gpus') refuseCpuFlags(flags)
  return kind
}

/** Everything that can be wrong with the call is found before anything is fetched. */
async function judge(target: string | undefined, flags: Flags, io: Io): Promise<Result> {
  const at = flags.at === undefined ? io.now() : parseTime(flags.at)
  const kind = kindOf(target, flags)
  if (kind === 'tokens') return judgeTokens(flags, at, io)
  const policy = await policyOf(flags, io)
  const [endorsements, roots, material, vouchers] = await Promise.all([
    readInputs(flags.endorsement, io),
    readInputs(flags.roots, io),
    readGpuMaterial(flags, io),
    readVouchers(flags, io),
  ])
  const services = openGpuServices(flags, roots, io)
  const given = { ...material, ...services, vouchers, roots, at }
  // By its name: for GPUs by themselves the built-in policy asks for no binding.
  if (kind === 'gpus') return judgeGpus(flags, { ...given, policy: namedOr(flags, policy) }, io)
  const endorser = openEndorser(flags, roots, io)
  const judgeSubject = judgeWith({ ...given, endorsements, endorser })
  if (kind === 'lease') return judgeLease(flags, { policy, at, judge: judgeSubject }, io)
  const alternatives = await alternativesOf(policy, flags, io)
  const subject = await readSubject(target, flags, io)
  const { appraisal } = await judgeAny(alternatives, (by) => judgeSubject(subject, by))
  return appraisal
}

type Given = Omit<Appraisal, keyof Subject | 'policy'> &
  Required<Pick<Appraisal, 'endorsements' | 'rims' | 'ocspResponses'>>

/** Judges by what the caller gave, and by what came with the evidence. */
const judgeWith =
  (given: Given): JudgeSubject =>
  ({ evidence, challenge, endorsements, rims, ocspResponses }, policy) =>
    appraise({
      ...given,
      evidence,
      challenge,
      endorsements: [...endorsements, ...given.endorsements],
      rims: [...rims, ...given.rims],
      ocspResponses: [...ocspResponses, ...given.ocspResponses],
      policy,
    })

const namedOr = <Read>(flags: PolicyFlags, policy: Read): Read | 'authenticity' =>
  flags.policy === 'authenticity' ? 'authenticity' : policy
