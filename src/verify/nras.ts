// SPDX-License-Identifier: Apache-2.0
// Tokens of NVIDIA's Remote Attestation Service: one for the whole request, which holds the digests
// of one for each device.

import { toHex } from '../encoding.js'
import { AttestationError, type Code } from '../errors.js'
import { KeyRing } from './jwk-set.js'
import { type Claims, openJws, type Signing } from './jws.js'
import { type NrasAnswer, readNrasAnswer } from './nras-answer.js'
import { checkDeviceClaims, NRAS_CLAIMS, type NrasClaimsVersion } from './nras-claims.js'
import { type Problem, problemOf } from './result.js'
import { brief, checkClaims, checkIssued, checkNonce, type Expected } from './token-claims.js'
import {
  allHeard,
  type Heard,
  hear,
  type Statement,
  type Testimony,
  type VouchedContext,
  type VouchedGpus,
} from './vouched.js'

/** The service in production. Its staging signs for hardware that nobody should rely on. */
export const NRAS_ORIGIN = 'https://nras.attestation.nvidia.com'
const BY = 'NVIDIA Remote Attestation Service'
const SIGNING: Signing = { algorithms: ['ES384'], keySets: [] }
/** RFC 9711 section 4.2.18.2, in the spelling of the service. */
const DIGEST_NAME = 'SHA-256'

/** What every token of one answer is checked with. */
interface Reading extends Expected {
  readonly ring: KeyRing
  readonly nonce: Uint8Array
}

/**
 * Appraises an answer of the service: signatures, issuer, times, nonce, the digests that hold the
 * tokens together, and what it says about each device. Never throws for what is wrong with the
 * answer, however it was made; that is a finding.
 *
 * @param answer as parsed from JSON, alone or as NVIDIA's SDKs wrap it
 * @throws {AttestationError} `ERR_ARGUMENT` for a nonce that has not 32 bytes
 */
export async function appraiseNras(answer: unknown, context: VouchedContext): Promise<VouchedGpus> {
  const heard = await hearNras(answer, context)
  return { ...allHeard([heard], context.devices), by: BY }
}

/** The same, with nothing about devices that the answer does not speak of. */
export function hearNras(answer: unknown, context: VouchedContext): Promise<Heard> {
  const { jwks, at, nonce, issuer = NRAS_ORIGIN } = context
  return hear(BY, context, async () => {
    const ring = new KeyRing(jwks)
    return readTestimony(readNrasAnswer(answer), { ring, nonce, at, issuers: [issuer] })
  })
}

async function readTestimony(answer: NrasAnswer, reading: Reading): Promise<Testimony> {
  const overall = await openJws(answer.overall, reading.ring, SIGNING)
  checkIssued(overall, reading)
  checkClaims(overall, { sub: 'NVIDIA-PLATFORM-ATTESTATION' })
  const version = versionOf(overall)
  checkNonce(overall, reading.nonce)
  await checkDigests(overall, answer.devices)
  const statements = await Promise.all(
    [...answer.devices].map(([name, token]) => readDevice(name, token, version, reading)),
  )
  return { refusal: refusalOf(overall), statements }
}

function versionOf({ 'x-nvidia-ver': said }: Claims): NrasClaimsVersion {
  const version = NRAS_CLAIMS.find((known) => known === said)
  if (version !== undefined) return version
  throw wrong('ERR_TOKEN_CLAIM', `x-nvidia-ver is ${brief(said)}, not ${NRAS_CLAIMS.join(' or ')}`)
}

/** The tokens at hand are those that the overall one was signed with, all of them and no other. */
async function checkDigests({ submods }: Claims, devices: NrasAnswer['devices']): Promise<void> {
  if (typeof submods !== 'object' || submods === null) {
    throw wrong('ERR_TOKEN_SUBMODULES', '"submods" is not an object')
  }
  const listed = Object.keys(submods)
  const missing = listed.filter((name) => !devices.has(name)).length
  const extra = [...devices.keys()].filter((name) => !listed.includes(name)).length
  if (missing + extra > 0 || devices.size === 0) {
    throw wrong(
      'ERR_TOKEN_SUBMODULES',
      `the overall token lists ${listed.length} devices: ${missing} have no token, ${extra} tokens are of no listed one`,
    )
  }
  for (const [name, token] of devices) {
    const expected = JSON.stringify(['DIGEST', [DIGEST_NAME, await sha256(token)]])
    if (JSON.stringify((submods as Claims)[name]) !== expected) {
      throw wrong('ERR_TOKEN_DIGEST', `the overall token has another digest than ${name}`)
    }
  }
}

async function sha256(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return toHex(new Uint8Array(digest))
}

async function readDevice(
  name: string,
  token: string,
  version: NrasClaimsVersion,
  reading: Reading,
): Promise<Statement> {
  try {
    const claims = await openJws(token, reading.ring, SIGNING)
    const lifetime = checkIssued(claims, reading)
    const said = checkDeviceClaims(claims, name.startsWith('GPU') ? 'gpu' : 'switch', version)
    checkNonce(claims, reading.nonce)
    return { name, said: { ...said, ...lifetime } }
  } catch (error) {
    return { name, said: problemOf(error) }
  }
}

/** The verdict stands in the overall token, and is the last that is looked at. */
function refusalOf({ 'x-nvidia-overall-att-result': result }: Claims): Problem | null {
  if (result === true) return null
  return { code: 'ERR_TOKEN_RESULT', detail: `the overall result is ${brief(result)}` }
}

const wrong = (code: Code, message: string): AttestationError => new AttestationError(code, message)
