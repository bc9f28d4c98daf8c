// SPDX-License-Identifier: Apache-2.0
// Tokens of Intel Trust Authority: what they say about a GPU. What they say about a CPU is not read.

import { AttestationError, type Code } from '../errors.js'
import { checkItaClaims } from './ita-claims.js'
import { KeyRing } from './jwk-set.js'
import { type Claims, openJws, type Signing } from './jws.js'
import { checkIssued, checkNonce } from './token-claims.js'
import { allHeard, type Heard, hear, type VouchedContext, type VouchedGpus } from './vouched.js'

/** The portal of each region, in production; it is where the keys are. */
export const ITA_PORTALS = [
  'https://portal.trustauthority.intel.com',
  'https://portal.eu.trustauthority.intel.com',
] as const
/** Tokens before version 2.0.0 name the issuer in words. */
const ISSUERS: readonly string[] = [...ITA_PORTALS, 'Intel Trust Authority']
const BY = 'Intel Trust Authority'

/**
 * Appraises a token of Intel Trust Authority: signature, issuer, times, nonce, and what it says about
 * the GPU. A token speaks of one GPU at most. Never throws for what is wrong with the token; that is a
 * finding.
 *
 * @param answer as parsed from JSON: `{ "token": … }`, or the token itself
 * @param context the nonce is the one that the GPU was asked to carry, not the service's own
 * @throws {AttestationError} `ERR_ARGUMENT` for a nonce that has not 32 bytes
 */
export async function appraiseIta(answer: unknown, context: VouchedContext): Promise<VouchedGpus> {
  const heard = await hearIta(answer, context)
  return { ...allHeard([heard], context.devices), by: BY }
}

/** The same, with nothing about devices that the token does not speak of. */
export function hearIta(answer: unknown, context: VouchedContext): Promise<Heard> {
  const { jwks, at, nonce, issuer } = context
  const issuers = issuer === undefined ? ISSUERS : [issuer]
  return hear(BY, context, async () => {
    const ring = new KeyRing(jwks)
    const claims = await openJws(tokenOf(answer), ring, signingOf(issuers))
    const lifetime = checkIssued(claims, { at, issuers })
    checkPolicies(claims)
    const gpu = gpuOf(claims)
    checkNonce(gpu, nonce)
    const said = { ...checkItaClaims(gpu), ...lifetime }
    return { refusal: null, statements: [{ name: 'GPU', said }] }
  })
}

/** Every header names the key set of the portal; it is compared, and not asked. */
const signingOf = (issuers: readonly string[]): Signing => ({
  algorithms: ['PS384', 'RS256'],
  keySets: issuers.map((issuer) => `${issuer}/certs`),
})

function tokenOf(answer: unknown): string {
  const token = typeof answer === 'string' ? answer : (answer as { token?: unknown } | null)?.token
  if (typeof token === 'string') return token
  throw wrong('ERR_TOKEN_SHAPE', 'an object with a "token" expected')
}

/** Without `policy_must_match` the service signs also for evidence that a policy has refused. */
function checkPolicies({ policy_ids_unmatched: unmatched = [] }: Claims): void {
  if (unmatched === null || (Array.isArray(unmatched) && unmatched.length === 0)) return
  throw wrong('ERR_TOKEN_RESULT', 'a policy that the service was asked to apply does not match')
}

/** The claims of the GPU stand beside those of the CPU. */
function gpuOf({ nvgpu }: Claims): Claims {
  if (typeof nvgpu === 'object' && nvgpu !== null && !Array.isArray(nvgpu)) return nvgpu as Claims
  throw wrong('ERR_TOKEN_SUBMODULES', 'the token has no section "nvgpu" about one GPU')
}

const wrong = (code: Code, message: string): AttestationError => new AttestationError(code, message)
