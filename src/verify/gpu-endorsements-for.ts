// SPDX-License-Identifier: Apache-2.0
// Everything that vouches for the GPUs of one answer besides their certificates, to be kept with it for
// later.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError, CODES } from '../errors.js'
import type { GpuEvidence } from '../evidence.js'
import { appraiseGpus, type GpuAppraisal } from './appraise-gpus.js'
import type { GpuMaterial } from './gpu-options.js'
import { authenticity, type GpuPolicy, type Policy } from './policy.js'

/** What an appraisal of GPUs needs at hand, in the forms of `GpuMaterial`. */
export interface GpuEndorsements {
  readonly rims: readonly Uint8Array[]
  readonly ocspResponses: readonly Uint8Array[]
}

type Given = Pick<GpuAppraisal, 'at' | 'roots'> &
  Required<Pick<GpuMaterial, 'rims' | 'ocspResponses' | 'rimSource' | 'ocspClient'>>

/** The most that a policy can ask services about. */
const DEMANDING: Partial<GpuPolicy> = {
  rim: 'require',
  revocation: { maximumAgeHours: 744 },
  nonce: 'any',
  binding: 'any',
}

/**
 * What is given and what the strictest appraisal asks `rimSource` and `ocspClient` for: the RIMs of
 * driver and VBIOS, and OCSP responses about every certificate, those of the RIMs included.
 *
 * @throws {AttestationError} the first thing that cannot be had, or a report that cannot be read
 */
export async function gpuEndorsementsFor(
  gpus: readonly GpuEvidence[],
  given: Given,
): Promise<GpuEndorsements> {
  const rims = new Collection(given.rims)
  const ocspResponses = new Collection(given.ocspResponses)
  const { rimSource, ocspClient } = given
  const { findings } = await appraiseGpus({
    ...given,
    gpus,
    nonce: null,
    policy: demanding(),
    rimSource: { rim: async (wanted) => rims.add(await rimSource.rim(wanted)) },
    ocspClient: {
      status: async (...asked) => {
        const response = await ocspClient.status(...asked)
        ocspResponses.add([response])
        return response
      },
    },
  })
  const missing = findings.find(
    ({ check, outcome, code }) =>
      (outcome === 'unknown' && CODES[code] === 'unavailable') ||
      (outcome === 'fail' && check === 'gpu.report'),
  )
  if (missing?.code) throw new AttestationError(missing.code, missing.detail)
  return { rims: rims.all, ocspResponses: ocspResponses.all }
}

function demanding(): Policy {
  const policy = authenticity()
  return { ...policy, gpus: { ...policy.gpus, ...DEMANDING } }
}

/** Each content once: devices of one kind share most of it. */
class Collection {
  readonly all: Uint8Array[]

  constructor(given: readonly Uint8Array[]) {
    this.all = [...given]
  }

  add(found: readonly Bytes[]): readonly Bytes[] {
    for (const one of found) {
      if (!this.all.some((other) => equalBytes(one, other))) this.all.push(one)
    }
    return found
  }
}
