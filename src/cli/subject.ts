// SPDX-License-Identifier: Apache-2.0
// What is to be verified: a raw report, a file of evidence, or the live answer of an endpoint.

import { createPublicKey } from 'node:crypto'
import type { Command } from 'commander'
import { isGatewayUrl } from '../client/urls.js'
import { fromBase64, toBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { type EvidenceFile, parseEvidenceFile, rawEvidence } from '../evidence.js'
import { BINDS, type Bind, LIMITS } from '../protocol.js'
import type { Challenge } from '../verify/index.js'
import { collect, once, usage } from './arguments.js'
import { isDocument } from './evidence-kind.js'
import { labelOf, readInput } from './files.js'
import type { Io } from './io.js'
import { fetchLive } from './live.js'

export interface SubjectFlags {
  readonly snp?: string
  readonly nonce?: string
  readonly tlsKey?: string
  readonly bind?: string
  readonly batch?: boolean
  readonly aep83?: boolean
  readonly header?: readonly string[]
  readonly offline?: boolean
}

/** Evidence, what was asked for it, and what came with it. */
export interface Subject extends Pick<EvidenceFile, 'evidence' | 'endorsements'> {
  readonly challenge: Challenge | null
  /** The answer as JSON, verbatim. */
  readonly answer: unknown
}

const HEX_NONCE = /^([0-9a-f]{2}){32,64}$/i
const URL_SCHEME = /^https?:\/\//i

/** The flags that say what is to be verified. */
export function subjectOptions(command: Command): Command {
  return command
    .argument('[file|url]', 'an evidence file, a bundle or an AEP-83 answer; or a live endpoint')
    .option('--snp <file>', 'a raw AMD SEV-SNP report, or - for standard input', once('--snp'))
    .option('--nonce <base64>', 'the nonce that the evidence must carry', once('--nonce'))
    .option(
      '--tls-key <file>',
      'certificate or public key, PEM, at the other end of your TLS connection',
      once('--tls-key'),
    )
    .option('--bind <keys>', 'of a live endpoint, the keys to bind: tls, hpke', once('--bind'))
    .option('--batch', 'of a live endpoint, accept one report for many requests')
    .option('--aep83', 'ask a live endpoint the AEP-83 way (POST /quote)')
    .option('--header <line>', 'send this to a live endpoint: "Name: value" (repeatable)', collect)
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
    throw usage('name the evidence: a FILE, a URL, or --snp FILE')
  }
  const live = target !== undefined && URL_SCHEME.test(target)
  if (!live) refuseLiveFlags(flags)
  const given = await readGiven(flags, io)
  if (target !== undefined) {
    return live ? fetchSubject(target, flags, given, io) : readFile(target, given, io)
  }
  return rawSubject(await readInput(flags.snp as string, io), given)
}

/** What the caller knows apart from the evidence. */
interface Given {
  readonly nonce: Uint8Array | null
  readonly channelSpki: Uint8Array | null
}

async function readGiven({ nonce, tlsKey }: SubjectFlags, io: Io): Promise<Given> {
  return {
    nonce: nonce === undefined ? null : readNonce(nonce),
    channelSpki: tlsKey === undefined ? null : readSpki(await readInput(tlsKey, io), tlsKey),
  }
}

/** Hex of a nonce reads as base64 of something longer, and would only be found to be too long. */
function readNonce(text: string): Uint8Array {
  if (HEX_NONCE.test(text)) throw usage('--nonce takes base64, and this looks like hex')
  return fromBase64(text, '--nonce')
}

/** A raw report is what AEP-83 answers in raw mode, without the answer around it. */
function rawSubject(report: Uint8Array, given: Given): Subject {
  const answer = {
    report: toBase64(report),
    cert_chain: '',
    tee_platform: 'snp',
    auxblob: '',
    tls_bound: false,
  }
  const evidence = rawEvidence('snp', report)
  return { evidence, endorsements: [], challenge: challengeOf(given), answer }
}

async function readFile(file: string, given: Given, io: Io): Promise<Subject> {
  const document = await readInput(file, io, LIMITS.document)
  if (!isDocument(document)) {
    const message = `${labelOf(file)} is no evidence file, which is JSON; name a raw SNP report with --snp`
    throw new AttestationError('ERR_FILE_FORMAT', message)
  }
  const { evidence, endorsements, answer, ...stated } = parseEvidenceFile(document)
  const challenge = challengeOf(given.nonce ? given : completed(given, stated))
  const note = noteOn(labelOf(file), given, stated)
  if (note) io.err(`assay: ${note}\n`)
  return { evidence, endorsements, challenge, answer }
}

/** A key that a file states is that of the connection which carried its nonce, and of no other. */
const completed = (given: Given, { nonce, channelSpki }: Given): Given => ({
  nonce,
  channelSpki: given.channelSpki ?? (nonce && channelSpki),
})

/** What of a file counts, or not, although or because somebody else may have written it. */
function noteOn(file: string, given: Given, stated: Given): string | null {
  if (stated.nonce && !given.nonce) {
    return `the nonce is the one that ${file} states; name your own with --nonce`
  }
  return given.nonce && stated.channelSpki && !given.channelSpki
    ? `the TLS key that ${file} states does not count beside --nonce; name it with --tls-key`
    : null
}

async function fetchSubject(
  url: string,
  flags: SubjectFlags,
  given: Given,
  io: Io,
): Promise<Subject> {
  if (flags.offline) throw usage('--offline forbids what a URL asks for')
  if (given.channelSpki) throw usage('--tls-key is for files; a URL has a connection of its own')
  const { answer, evidence, nonce, channelSpki, endorsements } = await fetchLive(
    url,
    {
      ...(given.nonce && { nonce: given.nonce }),
      aep83: flags.aep83 ?? false,
      bind: bindings(flags.bind ?? (isGatewayUrl(url) ? '' : 'tls')),
      batch: flags.batch ?? false,
      headers: Object.fromEntries((flags.header ?? []).map(header)),
    },
    io,
  )
  return { evidence, endorsements, challenge: { nonce, channelSpki }, answer }
}

function bindings(list: string): Bind[] {
  const names = list === '' || list === 'none' ? [] : list.split(',')
  for (const name of names) {
    if (!isBind(name)) throw usage(`--bind takes ${BINDS.join(', ')} or none, got ${name}`)
  }
  return names.filter(isBind)
}

const isBind = (name: string): name is Bind => (BINDS as readonly string[]).includes(name)

function header(line: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(line) ?? []
  if (name === undefined || value === undefined) throw usage('--header takes "Name: value"')
  return [name.toLowerCase(), value]
}

function refuseLiveFlags({ bind, batch, aep83, header }: SubjectFlags): void {
  const given = { bind, batch, aep83, header }
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) throw usage(`--${name} is for a live endpoint`)
  }
}

/** Nothing can be compared without a nonce; a key of the connection alone is of no use. */
function challengeOf({ nonce, channelSpki }: Given): Challenge | null {
  if (nonce) return { nonce, channelSpki }
  if (channelSpki) throw usage('--tls-key without the nonce that went with it: add --nonce')
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
