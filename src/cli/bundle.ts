// SPDX-License-Identifier: Apache-2.0
// `assay bundle`: evidence and all endorsements in one file, which verifies offline years later.

import { Command } from 'commander'
import { parseSnpReport } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { encodeBundle } from '../evidence.js'
import {
  endorsementsFor,
  type GpuEndorsements,
  gpuEndorsementsFor,
  type SnpEndorser,
} from '../verify/index.js'
import { checkChallenge } from '../verify/options.js'
import { collect, once, usage } from './arguments.js'
import { endorserOptions, openEndorser } from './endorser.js'
import { readInputs } from './files.js'
import { gpuMaterialOptions, readGpuMaterial } from './gpu-flags.js'
import { type GpuServiceFlags, gpuServiceOptions, openGpuServices } from './gpu-services.js'
import type { Io } from './io.js'
import { checkCreatable, createFile } from './output.js'
import { readSubject, type Subject, type SubjectFlags, subjectOptions } from './subject.js'

interface Flags extends SubjectFlags, GpuServiceFlags {
  readonly endorsement?: readonly string[]
  readonly roots?: readonly string[]
  readonly cpuOnly?: boolean
  readonly out?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  assay bundle https://provider.example:8790 --out evidence.json
  assay bundle --snp report.bin --nonce "$NONCE" --out evidence.json
Without a network, name what vouches for the evidence: the VCEK or VLEK, its chain and the CRL
  assay bundle --snp report.bin --endorsement vcek.der --endorsement chain.pem \\
    --endorsement crl.der --out evidence.json --offline`

export function bundleCommand(io: Io): Command {
  const command = new Command('bundle').description(
    'write evidence and everything that vouches for it into one file; verifies nothing',
  )
  subjectOptions(command)
    .option('--endorsement <file>', 'certificates or CRLs, DER or PEM (repeatable)', collect)
    .option('--roots <file>', 'roots of simulated platforms (repeatable)', collect)
    .option('--cpu-only', 'leave out what vouches for GPUs, as for simulated ones there is nothing')
    .option('--out <file>', 'the bundle; an existing file is kept', once('--out'))
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
  gpuMaterialOptions(command)
  endorserOptions(command)
  return gpuServiceOptions(command).action(async (target: string | undefined, flags: Flags) => {
    const file = flags.out
    if (file === undefined) throw usage('name the bundle: --out FILE')
    await checkCreatable(file)
    const [given, roots] = await Promise.all([
      readInputs(flags.endorsement, io),
      readInputs(flags.roots, io),
    ])
    const endorser = openEndorser(flags, roots, io)
    const subject = await readSubject(target, flags, io)
    const { answer } = subject
    const challenge = checkChallenge(subject.challenge, subject.evidence.mode)
    const endorsements = await complete(subject, given, endorser)
    const ofGpus = await gpuEndorsements(subject, roots, flags, io)
    const stated = challenge ?? { nonce: null, channelSpki: null, userData: null }
    await createFile(file, encodeBundle({ answer, ...stated, endorsements, ...ofGpus }))
    const count = endorsements.length + ofGpus.rims.length + ofGpus.ocspResponses.length
    io.out(
      flags.json
        ? `${JSON.stringify({ out: file, endorsements: count })}\n`
        : `${file}: the evidence, NOT verified, and what vouches for it (endorsements: ${count})\n`,
    )
  })
}

/** A bundle without something that an appraisal needs would be a promise that is not kept. */
async function complete(
  { evidence, endorsements }: Subject,
  given: readonly Uint8Array[],
  endorser: SnpEndorser,
): Promise<readonly Uint8Array[]> {
  const beside = [...endorsements, ...given]
  if (evidence.tee !== 'snp') return beside
  const carried = [...evidence.endorsements, evidence.auxblob, ...beside]
  const report = parseSnpReport(evidence.report)
  try {
    return [...beside, ...(await endorsementsFor(report, carried, endorser))]
  } catch (cause) {
    throw withRemedy(cause, '--endorsement FILE supplies it')
  }
}

/** The same for GPUs, as far as the file that was read does not have it. */
async function gpuEndorsements(
  { evidence, rims, ocspResponses }: Subject,
  roots: readonly Uint8Array[],
  flags: Flags,
  io: Io,
): Promise<GpuEndorsements> {
  const given = await readGpuMaterial(flags, io)
  const carried = {
    rims: [...rims, ...given.rims],
    ocspResponses: [...ocspResponses, ...given.ocspResponses],
  }
  if (flags.cpuOnly || evidence.gpus.length === 0) return carried
  try {
    const services = openGpuServices(flags, roots, io)
    return await gpuEndorsementsFor(evidence.gpus, { ...carried, ...services, roots, at: io.now() })
  } catch (cause) {
    throw withRemedy(cause, '--rim and --ocsp supply it, --cpu-only leaves it out')
  }
}

/** What a service does not give may come from a file. */
function withRemedy(cause: unknown, remedy: string): unknown {
  const { code, layer, message } = cause as AttestationError
  return layer === 'unavailable'
    ? new AttestationError(code, `${message}; ${remedy}`, { cause })
    : cause
}
