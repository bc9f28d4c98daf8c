// SPDX-License-Identifier: Apache-2.0
// What is to be verified: a raw report, a file of evidence, or the live answer of an endpoint.

import { createPublicKey } from 'node:crypto'
import type { Command } from 'commander'
import { toBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { type EvidenceFile, type GpuEvidence, parseEvidenceFile, rawEvidence } from '../evidence.js'
import { LIMITS } from '../protocol.js'
import type { Challenge } from '../verify/index.js'
import { once, usage } from './arguments.js'
import { isDocument } from './evidence-kind.js'
import { labelOf, readInput } from './files.js'
import { type GpuFlags, readGpus } from './gpu-flags.js'
import type { Io } from './io.js'
import { fetchLive, type LiveOptions } from './live.js'
import {
  type LiveFlags,
  liveOptions,
  readNonce,
  readUserData,
  requestOf,
  URL_SCHEME,
} from './live-flags.js'

export interface SubjectFlags extends LiveFlags, GpuFlags {
  readonly snp?: string
  readonly tlsKey?: string
  readonly offline?: boolean
}

/** Evidence, what was asked for it, and what came with it. */
export interface Subject
  extends Pick<EvidenceFile, 'evidence' | 'endorsements' | 'rims' | 'ocspResponses'> {
  readonly challenge: Challenge | null
  /** The answer as JSON, verbatim. */
  readonly answer: unknown
}

const NOTHING_ADDED = { endorsements: [], rims: [], ocspResponses: [] }

/** The flags that say what is to be verified. */
export function subjectOptions(command: Command): Command {
  command
    .argument('[file|url]', 'an evidence file, a bundle or an AEP-83 answer; or a live endpoint')
    .option('--snp <file>', 'a raw AMD SEV-SNP report, or - for standard input', once('--snp'))
    .option('--nonce <base64>', 'the nonce that the evidence must carry', once('--nonce'))
    .option(
      '--tls-key <file>',
      'certificate or public key, PEM, at the other end of your TLS connection',
      once('--tls-key'),
    )
    .option(
      '--user-data <file>',
      'the user data that the evidence must bind; a live endpoint is asked to',
      once('--user-data'),
    )
  return liveOptions(command)
}

/**
 * Reads or fetches what is to be verified.
 *
 * @throws {AttestationError} `ERR_USAGE` for flags that contradict each other, and what reading or
 * fetching throws
 */
export async function readSubject(
  target: string | undefined,
  flags: SubjectFlags,
  io: Io,
): Promise<Subject> {
  if ((target === undefined) === (flags.snp === undefined)) {
    throw usage('name the evidence: a FILE, a URL, a --lease, --snp FILE or --gpu FILE')
  }
  if (target !== undefined && flags.gpu) throw usage('--gpu is for --snp or for itself')
  const live = target !== undefined && URL_SCHEME.test(target)
  if (!live) refuseLiveFlags(flags)
  const given = await readGiven(flags, io)
  if (target !== undefined) {
    return live ? fetchSubject(target, flags, given, io) : readFile(target, given, io)
  }
  const report = await readInput(flags.snp as string, io)
  return rawSubject(report, await readGpus(flags, io), given)
}

/** What the caller knows apart from the evidence. */
interface Given {
  readonly nonce: Uint8Array | null
  readonly channelSpki: Uint8Array | null
  readonly userData: Uint8Array | null
}

async function readGiven({ nonce, tlsKey, userData }: SubjectFlags, io: Io): Promise<Given> {
  return {
    nonce: readNonce(nonce),
    channelSpki: tlsKey === undefined ? null : readSpki(await readInput(tlsKey, io), tlsKey),
    userData: await readUserData(userData, io),
  }
}

/** A raw report is what AEP-83 answers in raw mode, without the answer around it. */
function rawSubject(report: Uint8Array, gpus: GpuEvidence[], given: Given): Subject {
  const answer = {
    report: toBase64(report),
    cert_chain: '',
    tee_platform: 'snp',
    auxblob: '',
    tls_bound: false,
  }
  const evidence = { ...rawEvidence('snp', report), gpus }
  return { evidence, ...NOTHING_ADDED, challenge: challengeOf(given), answer }
}

async function readFile(file: string, given: Given, io: Io): Promise<Subject> {
  const document = await readInput(file, io, LIMITS.document)
  if (!isDocument(document)) {
    const message = `${labelOf(file)} is no evidence file, which is JSON; name a raw SNP report with --snp, one of a GPU with --gpu`
    throw new AttestationError('ERR_FILE_FORMAT', message)
  }
  const { evidence, endorsements, rims, ocspResponses, answer, ...stated } =
    parseEvidenceFile(document)
  const challenge = challengeOf(given.nonce ? given : completed(given, stated))
  const note = noteOn(labelOf(file), given, stated)
  if (note) io.err(`assay: ${note}\n`)
  return { evidence, endorsements, rims, ocspResponses, challenge, answer }
}

/** What a file states is of the connection and the request which carried its nonce, and of no other. */
const completed = (given: Given, { nonce, channelSpki, userData }: Given): Given => ({
  nonce,
  channelSpki: given.channelSpki ?? (nonce && channelSpki),
  userData: given.userData ?? (nonce && userData),
})

/** What of a file counts, or not, although or because somebody else may have written it. */
function noteOn(file: string, given: Given, stated: Given): string | null {
  if (stated.nonce && !given.nonce) {
    return `the nonce is the one that ${file} states; name your own with --nonce`
  }
  const ignored = (name: 'channelSpki' | 'userData') => given.nonce && stated[name] && !given[name]
  const notes = [
    ...(ignored('channelSpki') ? [['TLS key', '--tls-key']] : []),
    ...(ignored('userData') ? [['user data', '--user-data']] : []),
  ].map(
    ([what, flag]) =>
      `the ${what} that ${file} states does not count beside --nonce; name it with ${flag}`,
  )
  return notes.length > 0 ? notes.join('\nassay: ') : null
}

async function fetchSubject(
  url: string,
  flags: SubjectFlags,
  given: Given,
  io: Io,
): Promise<Subject> {
  if (flags.offline) throw usage('--offline forbids what a URL asks for')
  if (given.channelSpki) throw usage('--tls-key is for files; a URL has a connection of its own')
  return fetchEndpoint(url, requestOf(url, flags, given), given.userData, io)
}

/** Asks for evidence; what was asked, and over which connection, is the challenge. */
export async function fetchEndpoint(
  url: string,
  asked: LiveOptions,
  userData: Uint8Array | null,
  io: Io,
): Promise<Subject> {
  const live = await fetchLive(url, asked, io)
  const { answer, evidence, nonce, channelSpki, endorsements, rims, ocspResponses } = live
  const challenge = { nonce, channelSpki, userData }
  return { evidence, endorsements, rims, ocspResponses, challenge, answer }
}

function refuseLiveFlags({ bind, batch, aep83, header }: SubjectFlags): void {
  const given = { bind, batch, aep83, header }
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) throw usage(`--${name} is for a live endpoint`)
  }
}

/** Nothing can be compared without a nonce; what else is known of the request is then of no use. */
function challengeOf(given: Given): Challenge | null {
  const { nonce, channelSpki, userData } = given
  if (nonce) return { nonce, channelSpki, userData }
  const flag = (channelSpki && '--tls-key') ?? (userData && '--user-data')
  if (flag) throw usage(`${flag} without the nonce that went with it: add --nonce`)
  return null
}

/** DER SubjectPublicKeyInfo of a certificate or of a public key. */
function readSpki(bytes: Uint8Array, file: string): Uint8Array {
  try {
    return new Uint8Array(
      createPublicKey(Buffer.from(bytes)).export({ type: 'spki', format: 'der' }),
    )
  } catch (cause) {
    const message = `${labelOf(file)} is neither a certificate nor a public key in PEM`
    throw new AttestationError('ERR_FILE_FORMAT', message, { cause })
  }
}
