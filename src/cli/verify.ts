// SPDX-License-Identifier: Apache-2.0
// `assay verify`: appraises evidence and exits with the verdict.

import { Command } from 'commander'
import {
  type AttestationResult,
  appraise,
  type GpuAttestationResult,
  type TokenAttestationResult,
} from '../verify/index.js'
import { collect, once, parseTime } from './arguments.js'
import { type EarFlags, earOptions, openEar } from './ear.js'
import { type EndorserFlags, endorserOptions, openEndorser } from './endorser.js'
import { EXIT, type ExitCode } from './exit.js'
import { readInputs } from './files.js'
import { formatResult } from './format.js'
import { type GpuFlags, gpuOptions, readGpuMaterial } from './gpu-flags.js'
import { type GpuServiceFlags, gpuServiceOptions, openGpuServices } from './gpu-services.js'
import type { Io } from './io.js'
import { type PolicyFlags, policyOf } from './policy-flags.js'
import type { Answer } from './run.js'
import { readSubject, type SubjectFlags, subjectOptions } from './subject.js'
import { isAlone, judgeGpus, refuseCpuFlags } from './verify-gpus.js'
import { areAlone, judgeTokens } from './verify-vouchers.js'
import { readVouchers, type VoucherFlags, voucherOptions } from './voucher-flags.js'

interface Flags
  extends SubjectFlags,
    PolicyFlags,
    EndorserFlags,
    EarFlags,
    GpuFlags,
    VoucherFlags,
    GpuServiceFlags {
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
      io.out(flags.json ? `${JSON.stringify(result, null, 2)}\n` : formatResult(result, io.color))
      answer(EXIT_OF_RESULT[result.result])
      // Last: a file that cannot be written keeps nobody from reading the verdict.
      if (isOfCpu(result)) await writeEar(result)
    })
}

type Result = AttestationResult | GpuAttestationResult | TokenAttestationResult

const isOfCpu = (result: Result): result is AttestationResult => result.claims.binding !== null

/** Everything that can be wrong with the call is found before anything is fetched. */
async function judge(target: string | undefined, flags: Flags, io: Io): Promise<Result> {
  const at = flags.at === undefined ? io.now() : parseTime(flags.at)
  if (areAlone(target, flags)) return judgeTokens(flags, at, io)
  const alone = isAlone(target, flags)
  if (alone) refuseCpuFlags(flags)
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
  if (alone) return judgeGpus(flags, { ...given, policy: namedOr(flags, policy) }, io)
  const endorser = openEndorser(flags, roots, io)
  const subject = await readSubject(target, flags, io)
  return appraise({
    ...given,
    evidence: subject.evidence,
    challenge: subject.challenge,
    endorsements: [...subject.endorsements, ...endorsements],
    rims: [...subject.rims, ...given.rims],
    ocspResponses: [...subject.ocspResponses, ...given.ocspResponses],
    endorser,
    policy,
  })
}

const namedOr = <Read>(flags: PolicyFlags, policy: Read): Read | 'authenticity' =>
  flags.policy === 'authenticity' ? 'authenticity' : policy
