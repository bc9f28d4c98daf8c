// SPDX-License-Identifier: Apache-2.0
// The tokens that a caller hands in with evidence: checked as a call, and heard together, because one
// may be about the GPUs of a machine and the next about its NVSwitches.

import type { Bytes } from '../core/private-copy.js'
import { known, wrong } from './arguments.js'
import { hearIta } from './ita.js'
import type { JwkSet } from './jwk-set.js'
import { hearNras } from './nras.js'
import { allHeard, type SentDevice, type VouchedGpus } from './vouched.js'

/** Who vouches, with what, and by which keys. */
export interface Voucher {
  /** NVIDIA Remote Attestation Service, or Intel Trust Authority. */
  readonly service: 'nras' | 'ita'
  /** As parsed from the JSON that the service answered. */
  readonly answer: unknown
  /** The service's keys, from the service. */
  readonly jwks: JwkSet
  /** As it stands in `iss`; the service's own in production unless named. */
  readonly issuer?: string
}

const SERVICES = { nras: hearNras, ita: hearIta } as const
/** As many as devices that one answer can have. */
const VOUCHERS_MAX = 64

/**
 * The tokens of a call, copied.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function checkVouchers(vouchers: readonly Voucher[]): readonly Voucher[] {
  if (!Array.isArray(vouchers) || vouchers.length > VOUCHERS_MAX) {
    throw wrong(`vouchers is no list of at most ${VOUCHERS_MAX}`)
  }
  return vouchers.map((voucher: Voucher) => {
    known(voucher, ['service', 'answer', 'jwks', 'issuer'], 'vouchers')
    if (!Object.hasOwn(SERVICES, voucher.service)) throw wrong('vouchers: service is nras or ita')
    return structuredClone(voucher)
  })
}

/**
 * What the services say about the devices: each has to be vouched for by one of them.
 *
 * @param nonce the 32 bytes that the devices were asked to carry
 */
export async function appraiseVouchers(
  vouchers: readonly Voucher[],
  context: {
    readonly at: Date
    readonly nonce: Bytes
    readonly devices: readonly SentDevice[] | null
  },
): Promise<Pick<VouchedGpus, 'findings' | 'claims'>> {
  const heard = await Promise.all(
    vouchers.map(({ service, answer, ...how }) =>
      SERVICES[service](answer, { ...context, ...how }),
    ),
  )
  return allHeard(heard, context.devices)
}
