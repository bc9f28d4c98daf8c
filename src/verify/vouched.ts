// SPDX-License-Identifier: Apache-2.0
// GPUs that somebody else vouches for: an attestation service looked at their evidence and signed
// what it found. Its word is repeated here under its name; nothing of the evidence is checked.

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import type { Bytes } from '../core/private-copy.js'
import { time, wrong } from './arguments.js'
import type { JwkSet } from './jwk-set.js'
import type { DeviceSaid } from './nras-claims.js'
import {
  blocked,
  type Finding,
  fail,
  isThere,
  ofDevice,
  type Problem,
  pass,
  problemOf,
} from './result.js'
import type { Lifetime } from './token-claims.js'

/** A device whose evidence was sent, by the decimal serial of its leaf certificate. */
export interface SentDevice {
  readonly index: number
  readonly ueid: string
}

/** What a token is appraised against. */
export interface VouchedContext {
  /** The issuer's keys, from the issuer. */
  readonly jwks: JwkSet
  /** As of when. */
  readonly at: Date
  /** The 32 bytes that the devices were asked to carry, and the service to expect. */
  readonly nonce: Bytes
  /** Each of them has to be vouched for, and no other; null: no evidence is at hand to compare. */
  readonly devices: readonly SentDevice[] | null
  /** As it stands in `iss`; the service's own in production unless named. */
  readonly issuer?: string
}

/** What a third party says about a device. */
export interface VouchedClaim extends DeviceSaid {
  /** Who says so. */
  readonly by: string
  /** Index of the device among the evidence; null when there was none to compare with. */
  readonly device: number | null
  /** What the third party calls it: its place in the request, and no identity. */
  readonly name: string
  /** ISO 8601. */
  readonly issuedAt: string
  readonly expiresAt: string
}

/** The word of a third party. */
export interface VouchedGpus {
  /** All of them `gpu.vouched`: one overall, and one for each device. */
  readonly findings: readonly Finding[]
  /** Empty unless the token as a whole is good. */
  readonly claims: readonly VouchedClaim[]
  /** Such as "NVIDIA Remote Attestation Service". */
  readonly by: string
}

/** What a token says about one device, or why it says nothing that counts. */
export interface Statement {
  readonly name: string
  readonly said: (DeviceSaid & Lifetime) | Problem
}

/** A token, read: why it is no good as a whole, if so, and what it says about each device. */
export interface Testimony {
  readonly refusal: Problem | null
  readonly statements: readonly Statement[]
}

/** What one token comes to by itself. */
export interface Heard extends VouchedGpus {
  readonly refusal: Problem | null
}

const CHECK = 'gpu.vouched'

/**
 * Findings and claims out of a token, those aside that are missing.
 *
 * @param read opens the token; what it throws becomes the finding
 * @throws {AttestationError} `ERR_ARGUMENT` for a nonce that no GPU can carry, or a time that is none
 */
export async function hear(
  by: string,
  { nonce, at, devices }: VouchedContext,
  read: () => Promise<Testimony>,
): Promise<Heard> {
  if (nonce.length !== REQUEST_NONCE_LEN) {
    throw wrong(`a nonce of ${REQUEST_NONCE_LEN} bytes expected`)
  }
  time(at, 'at')
  const { refusal, statements } = await read().catch(
    (error: unknown): Testimony => ({ refusal: problemOf(error), statements: [] }),
  )
  return refusal === null ? accept(by, statements, devices) : refuse(by, refusal, statements)
}

/** The findings of tokens, and one on each device that none of them vouches for. */
export function allHeard(
  heard: readonly Heard[],
  devices: readonly SentDevice[] | null,
): Pick<VouchedGpus, 'findings' | 'claims'> {
  const claims = heard.flatMap((one) => one.claims)
  const findings = heard.flatMap((one) => one.findings)
  const { refusal = null } = heard.find((one) => one.refusal !== null) ?? {}
  const by = [...new Set(heard.map((one) => one.by))].join(' and ')
  for (const { index } of devices ?? []) {
    if (claims.some(({ device }) => device === index)) continue
    const detail = `${by} does not vouch for this device`
    const finding = refusal ? blocked(CHECK, refusal) : fail(CHECK, 'ERR_TOKEN_DEVICE', detail)
    findings.push(ofDevice(index, finding))
  }
  return { findings, claims }
}

/** No device is vouched for; those that the service refused by name are named. */
function refuse(by: string, refusal: Problem, statements: readonly Statement[]): Heard {
  const findings = [fail(CHECK, refusal.code, `${by}: ${refusal.detail}`)]
  for (const { name, said } of statements) {
    if (!isThere(said)) findings.push(fail(CHECK, said.code, `${by}, ${name}: ${said.detail}`))
  }
  return { findings, claims: [], by, refusal }
}

function accept(
  by: string,
  statements: readonly Statement[],
  devices: readonly SentDevice[] | null,
): Heard {
  const overall = `a token of ${by} for ${count(statements)}, whose word this is: not checked here`
  const findings = [pass(CHECK, overall)]
  const claims: VouchedClaim[] = []
  for (const { name, said } of statements) {
    const about = isThere(said) ? deviceOf(said.ueid, statements, devices) : said
    if (isThere(said) && isThere(about)) {
      const claim = claimOf(by, name, about.device, said)
      claims.push(claim)
      const finding = pass(CHECK, sentence(claim))
      findings.push(claim.device === null ? finding : ofDevice(claim.device, finding))
    } else {
      const { code, detail } = about as Problem
      findings.push(fail(CHECK, code, `${by}, ${name}: ${detail}`))
    }
  }
  return { findings, claims, by, refusal: null }
}

const count = ({ length }: readonly Statement[]): string =>
  length === 1 ? 'one device' : `${length} devices`

/** Which of the devices whose evidence was sent has this ueid. */
function deviceOf(
  ueid: string,
  statements: readonly Statement[],
  devices: readonly SentDevice[] | null,
): { readonly device: number | null } | Problem {
  const same = statements.filter(({ said }) => isThere(said) && said.ueid === ueid)
  if (same.length > 1) return mistaken('the token speaks of one device, by its ueid, several times')
  if (devices === null) return { device: null }
  const [sent, ...others] = devices.filter((device) => device.ueid === ueid)
  if (sent === undefined) return mistaken('no evidence is of a device with its ueid')
  return others.length === 0
    ? { device: sent.index }
    : mistaken('its evidence is there several times')
}

const mistaken = (detail: string): Problem => ({ code: 'ERR_TOKEN_DEVICE', detail })

function claimOf(
  by: string,
  name: string,
  device: number | null,
  { issuedAt, expiresAt, ...said }: DeviceSaid & Lifetime,
): VouchedClaim {
  return {
    by,
    device,
    name,
    ...said,
    issuedAt: issuedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }
}

function sentence(claim: VouchedClaim): string {
  const { by, device, name, hwModel, driverVersion, firmwareVersion, warning } = claim
  const driver = driverVersion === null ? '' : `, driver ${driverVersion}`
  const what = `${hwModel}${driver}, firmware ${firmwareVersion}`
  const unseen = device === null ? '; no evidence was at hand to compare it with' : ''
  const warned = warning === null ? '' : `; its warning: ${warning}`
  return `vouched for by ${by}, not checked here: ${name}, ${what}${unseen}${warned}`
}
