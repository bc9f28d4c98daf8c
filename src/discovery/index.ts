// SPDX-License-Identifier: Apache-2.0
// What a directory and those who ask it have in common.

export { isAddress } from './address.js'
export {
  checkDigest,
  EXPECTATIONS_FORMAT,
  type Expectations,
  expectationsDigest,
  expectationsPath,
  parseExpectations,
  type SnpExpectations,
} from './expectations.js'
export { JSON_SCHEMAS } from './json-schemas.js'
export {
  checkLeaseHints,
  type EndpointHint,
  type LeaseHints,
  type LeaseId,
  leaseKey,
  leasePath,
  parseLeaseHints,
  parseLeaseId,
} from './lease.js'
export { compareEndpoints } from './lease-schema.js'
export { DIRECTORY_LIMITS, DIRECTORY_PATHS } from './protocol.js'
