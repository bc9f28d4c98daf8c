// SPDX-License-Identifier: Apache-2.0
// The wire contract between a directory and those who ask it: paths and limits stand here and nowhere
// else.

export const DIRECTORY_PATHS = {
  leases: '/v1/leases',
  expectations: '/v1/expectations',
  stream: '/v1/stream',
  healthz: '/healthz',
  readyz: '/readyz',
  metrics: '/metrics',
  openapi: '/openapi.json',
} as const

/** Bytes of documents, characters of texts; counts of elements. */
export const DIRECTORY_LIMITS = {
  /** A whole answer about one lease. */
  lease: 0x100000,
  /** A whole document of expectations. */
  expectations: 0x10000,
  endpoints: 1024,
  url: 2048,
  protocols: 16,
  digests: 16,
  gpus: 64,
} as const
