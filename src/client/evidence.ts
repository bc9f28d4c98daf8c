// SPDX-License-Identifier: Apache-2.0
// `POST /v1/evidence` (assay evidence protocol, section 5): bound and batched evidence.

import { checkBytes, equalBytes } from '../core/bytes.js'
import { toBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { type Evidence, readEvidence } from '../evidence.js'
import { BINDS, type Bind, type EvidenceRequest, LIMITS, PATHS } from '../protocol.js'
import { type Exchanged, exchange, REACH_NAMES, type Reach } from './exchange.js'
import { checkFlag, checkNames, checkNonce, wrong } from './options.js'
import { endpoint } from './urls.js'

/** What to ask a sidecar for in bound or batch mode. */
export interface EvidenceOptions extends Reach {
  /** Fresh and random, 32 to 64 bytes. */
  readonly nonce: Uint8Array
  /** Keys of the sidecar to bind; none when not given. */
  readonly bind?: readonly Bind[]
  /** Up to 4096 bytes to bind. */
  readonly userData?: Uint8Array
  /** Whether one report may answer many requests; false when not given. */
  readonly batch?: boolean
  /** False when the certificates are at hand already. */
  readonly endorsements?: boolean
}

/** Evidence with the answer that it was read from. */
export interface FetchedEvidence extends Exchanged {
  readonly evidence: Evidence
}

const NAMES = [...REACH_NAMES, 'nonce', 'bind', 'userData', 'batch', 'endorsements'] as const

/**
 * Asks for evidence that binds what was asked for. The answer is decoded and compared with the
 * question, and not appraised: nothing in it is to be believed yet.
 *
 * @throws {AttestationError} as `fetchQuote`, and `ERR_CLAIM_LENGTH` for too much user data
 */
export async function fetchEvidence(options: EvidenceOptions): Promise<FetchedEvidence> {
  checkNames(options, NAMES)
  const body = requestOf(options)
  const exchanged = await exchange(options, endpoint(options.url, PATHS.evidence), body)
  const evidence = readEvidence(exchanged.answer, { code: 'ERR_EVIDENCE_FORMAT', within: '' })
  checkAnswer(evidence, options)
  return { ...exchanged, evidence }
}

function requestOf(options: EvidenceOptions): EvidenceRequest {
  const { nonce, bind = [], userData, batch = false, endorsements = true } = options
  checkNonce(nonce, LIMITS.nonceLeast, LIMITS.nonceMost)
  checkFlag(batch, 'batch')
  checkFlag(endorsements, 'endorsements')
  if (!Array.isArray(bind) || !bind.every((name) => BINDS.includes(name))) {
    throw wrong(`bind: a list of ${BINDS.join(' and ')} expected`)
  }
  if (userData) checkUserData(userData)
  return {
    nonce: toBase64(nonce),
    bind: BINDS.filter((name) => bind.includes(name)),
    ...(userData && { user_data: toBase64(userData) }),
    endorsements,
    batch,
  }
}

function checkUserData(userData: Uint8Array): void {
  checkBytes(userData, 'userData')
  if (userData.length <= LIMITS.userData) return
  throw new AttestationError(
    'ERR_CLAIM_LENGTH',
    `user_data of at most ${LIMITS.userData} bytes expected, got ${userData.length}`,
  )
}

/** Less than what was asked for is a downgrade, and more is not an answer to this question. */
function checkAnswer({ mode, claims }: Evidence, options: EvidenceOptions): void {
  const { bind = [], userData = null, batch = false } = options
  const asked = batch ? 'batch' : 'bound'
  if (mode !== asked) throw unasked(`${asked} evidence was asked for, and it is ${mode}`)
  for (const [name, key] of [
    ['tls', claims.tlsSpki],
    ['hpke', claims.hpke],
  ] as const) {
    if (bind.includes(name) === (key !== null)) continue
    throw unasked(`the ${name} key is bound or not, other than asked for`)
  }
  const same =
    userData && claims.userData
      ? equalBytes(userData, claims.userData)
      : userData === claims.userData
  if (!same) throw unasked('it binds other user data')
}

export const unasked = (sentence: string): AttestationError =>
  new AttestationError('ERR_ATTESTER_ANSWER', `the attester's answer: ${sentence}`)
