// SPDX-License-Identifier: Apache-2.0
// Leases, endpoints and expectations to fill a directory with.

import type { EndpointHint, Expectations, LeaseHints, LeaseId } from '../../src/discovery/index.js'

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2n, 0x26508e6dn, 0x1ea119fan, 0x3d4233ddn, 0x2a1462b3n]

/** BIP 173 as it is written there, in big integers. */
function polymod(symbols: readonly number[]): bigint {
  let register = 1n
  for (const symbol of symbols) {
    const top = register >> 25n
    register = ((register & 0x1ffffffn) << 5n) ^ BigInt(symbol)
    for (const [bit, term] of GENERATOR.entries()) {
      if ((top >> BigInt(bit)) & 1n) register ^= term
    }
  }
  return register
}

/** The address of account `number`, as long as that of a user; one of a contract has 52 symbols. */
export function addressOf(number: number, prefix = 'akash', length = 32): string {
  const symbols = Array.from({ length }, () => 0)
  for (let at = symbols.length - 1, rest = number; rest > 0; at--, rest = Math.floor(rest / 32)) {
    symbols[at] = rest % 32
  }
  const codes = [...prefix].map((char) => char.charCodeAt(0))
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
  const checksum = polymod([...expanded, ...symbols, 0, 0, 0, 0, 0, 0]) ^ 1n
  const check = [25n, 20n, 15n, 10n, 5n, 0n].map((shift) => Number((checksum >> shift) & 31n))
  return `${prefix}1${[...symbols, ...check].map((symbol) => CHARSET[symbol]).join('')}`
}

/** Lease `number` of an owner of its own. */
export const leaseId = (number = 1, change: Partial<LeaseId> = {}): LeaseId => ({
  owner: addressOf(number),
  dseq: '1234567',
  gseq: 1,
  oseq: 1,
  ...change,
})

export const endpointHint = (change: Partial<EndpointHint> = {}): EndpointHint => ({
  service: 'web',
  replica: 'web-0',
  url: 'https://web-0.provider.example:8790/',
  kind: 'direct',
  tee: 'snp',
  gpus: 0,
  protocols: ['aep83', 'assay.evidence.v1'],
  expectations: [],
  ...change,
})

export const leaseHints = (change: Partial<LeaseHints> = {}): LeaseHints => ({
  lease: leaseId(),
  provider: addressOf(4711),
  endpoints: [endpointHint()],
  ...change,
})

export const expectations = (change: Partial<Expectations> = {}): Expectations => ({
  format: 'assay.expectations.v1',
  name: 'web 1.0',
  snp: {
    measurements: [
      { vcpus: 1, measurement: '11'.repeat(48) },
      { vcpus: 2, measurement: '22'.repeat(48) },
    ],
    hostData: ['33'.repeat(32)],
    minimumTcb: 'any',
  },
  sidecarImage: 'any',
  ...change,
})

/** A document as its author wrote it. */
export const expectationsBytes = (document: unknown = expectations()): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`)
