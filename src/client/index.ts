// SPDX-License-Identifier: Apache-2.0
// The public names of `assay/client`.

export {
  type DirectoryOptions,
  type FetchedExpectations,
  fetchExpectations,
  type ResolvedLease,
  type ResolveOptions,
  resolveLease,
} from './directory.js'
export { type EvidenceOptions, type FetchedEvidence, fetchEvidence } from './evidence.js'
export type { Exchanged, Reach } from './exchange.js'
export { type EndpointChoice, leaseEndpoints } from './lease-endpoints.js'
export { isPublicAddress } from './public-hosts.js'
export { fetchInfo, fetchQuote, type Info, type QuoteOptions } from './quote.js'
export { type AttesterStatus, attesterStatus } from './status.js'
export {
  fetchTransport,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from './transport.js'
export { gatewayQuoteUrl, type Lease } from './urls.js'
