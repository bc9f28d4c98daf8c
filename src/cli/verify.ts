// SPDX-License-Identifier: Apache-2.0
// `assay verify`: appraises evidence and exits with the verdict.

import { Command } from 'commander'
import { REPORT_DATA_LEN } from '../../assembly/snp/layout.js'
import { fromBase64, fromHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { type AttestationResult, appraiseSnp } from '../verify/index.js'
import { collect, once, parseTime } from './arguments.js'
import { EXIT, type ExitCode } from './exit.js'
import { readInput } from './files.js'
import { formatResult } from './format.js'
import type { Io } from './io.js'
import type { Answer } from './run.js'

interface Options {
  readonly snp?: string
  readonly policy?: string
  readonly nonce?: string
  readonly reportData?: string
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

export function verifyCommand(io: Io, answer: Answer): Command {
  return new Command('verify')
    .description('appraise evidence: exit 0 verified, 10 rejected, 20 undecided, 30 bad call')
    .option('--snp <file>', 'an AMD SEV-SNP report, or - for standard input', once('--snp'))
    .option(
      '--policy <name>',
      'what to accept: "authenticity" checks origin and integrity only',
      once('--policy'),
    )
    .option('--endorsement <file>', 'certificates or CRLs, DER or PEM (repeatable)', collect)
    .option('--roots <file>', 'roots to trust besides the vendor ones (repeatable)', collect)
    .option('--nonce <base64>', 'the 64-byte nonce that REPORT_DATA must be', once('--nonce'))
    .option('--report-data <hex>', 'the 64 bytes that REPORT_DATA must be', once('--report-data'))
    .option('--at <time>', 'appraise as of this ISO-8601 time instead of now', once('--at'))
    .option('--offline', 'never touch the network (nothing here does yet)')
    .option('--json', 'print the result as one JSON document')
    .action(async (options: Options) => {
      const result = await appraiseSnp(await request(options, io))
      io.out(options.json ? `${JSON.stringify(result, null, 2)}\n` : formatResult(result, io.color))
      answer(EXIT_OF_RESULT[result.result])
    })
}

/** Everything that can be wrong with the call is found before anything is appraised. */
async function request(options: Options, io: Io): Promise<Parameters<typeof appraiseSnp>[0]> {
  if (options.snp === undefined) throw usage('name the evidence: --snp FILE')
  if (options.policy === undefined) {
    throw usage('nothing is decided without a policy: --policy authenticity')
  }
  if (options.policy !== 'authenticity') {
    throw usage(`"authenticity" is the only policy of this version, got ${options.policy}`)
  }
  const at = options.at === undefined ? io.now() : parseTime(options.at)
  const reportData = expectedReportData(options)
  const read = (files: readonly string[] = []) =>
    Promise.all(files.map((file) => readInput(file, io)))
  return {
    report: await readInput(options.snp, io),
    endorsements: await read(options.endorsement),
    roots: await read(options.roots),
    at,
    policy: options.policy,
    ...(reportData && { reportData }),
  }
}

function expectedReportData({ nonce, reportData }: Options): Uint8Array | undefined {
  if (nonce !== undefined && reportData !== undefined) {
    throw usage('--nonce and --report-data exclude each other')
  }
  if (nonce !== undefined) return sized('--nonce', fromBase64(nonce, '--nonce'))
  if (reportData === undefined) return undefined
  return sized('--report-data', fromHex(reportData, '--report-data'))
}

/** Raw mode puts the nonce into REPORT_DATA as it is. */
function sized(flag: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === REPORT_DATA_LEN) return bytes
  const lengths = `${REPORT_DATA_LEN} bytes expected, got ${bytes.length}`
  throw new AttestationError('ERR_REPORT_DATA_LENGTH', `${flag}: ${lengths}`)
}

const usage = (message: string): AttestationError => new AttestationError('ERR_USAGE', message)
