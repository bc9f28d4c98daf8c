// SPDX-License-Identifier: Apache-2.0
// The wire contract between an Attester and those who ask it: AEP-83 section 4 and the assay evidence
// protocol, section 5. Names, paths and limits stand here and nowhere else.

/** Where a sidecar listens (AEP-83). */
export const PORT = 8790

export const PATHS = {
  quote: '/quote',
  info: '/info',
  healthz: '/healthz',
  evidence: '/v1/evidence',
  metrics: '/metrics',
  openapi: '/openapi.json',
} as const

export const MEDIA_TYPES = {
  json: 'application/json',
  /** Errors of `/v1/*` (RFC 9457). */
  problem: 'application/problem+json',
  /** Errors of AEP-83. */
  text: 'text/plain',
} as const

/** What `format` says in a document of ours. */
export const FORMATS = {
  evidence: 'assay.evidence.v1',
  bundle: 'assay.bundle.v1',
} as const
/** No `format` of anybody else starts like this. */
export const FORMAT_PREFIX = 'assay.'

export const TEES = ['snp', 'tdx'] as const
export type Tee = (typeof TEES)[number]

/** How REPORT_DATA is composed: protocol sections 1, 3 and 4. */
export const MODES = ['raw', 'tls', 'bound', 'batch'] as const
export type Mode = (typeof MODES)[number]

/** AEP-83's `tee_platform`. */
export const PLATFORMS = ['snp', 'tdx', 'snp-gpu', 'tdx-gpu'] as const
export type Platform = (typeof PLATFORMS)[number]
export const TEE_OF_PLATFORM: Readonly<Record<Platform, Tee>> = {
  snp: 'snp',
  tdx: 'tdx',
  'snp-gpu': 'snp',
  'tdx-gpu': 'tdx',
}
export const hasGpus = (platform: Platform): boolean => platform.endsWith('-gpu')

/** Keys of the sidecar that bound and batch mode can bind. */
export const BINDS = ['tls', 'hpke'] as const
export type Bind = (typeof BINDS)[number]

/** AEP-83's `protocol_version`; both forms of GPU evidence carry it. */
export const AEP83_PROTOCOL_VERSION = '4'

/** Lengths in bytes, of decoded values; counts of elements. */
export const LIMITS = {
  /** A nonce of AEP-83 has exactly this many, and of ours at most. */
  nonceMost: 64,
  nonceLeast: 32,
  userData: 4096,
  report: 0x4000,
  endorsement: 0x10000,
  endorsements: 64,
  /** Several for each device: one answer may hold as many as `gpus` says. */
  ocspResponses: 512,
  auxblob: 0x10000,
  gpus: 64,
  gpuEvidence: 0x10000,
  gpuCertChain: 0x10000,
  spki: 4096,
  /** A KEM id and at least one byte of key. */
  hpkeLeast: 3,
  hpke: 4096,
  hash: 48,
  treeSize: 0x10000,
  /** Steps from the deepest leaf of the largest tree. */
  pathSteps: 16,
  quoteBody: 4096,
  evidenceBody: 8192,
  /** A whole answer or bundle. */
  document: 0x400000,
} as const

/** Body of `POST /quote`. */
export interface QuoteRequest {
  readonly nonce: string
  readonly bind_tls?: boolean
}

/** One device of a `/quote` answer: the joined form alone, or with its parts beside it. */
export interface QuoteGpuReport {
  readonly device_index: number
  readonly report: string
  readonly attestation_report?: string
  readonly cec_report?: string
  readonly certificate_chain?: string
}

export interface QuoteAnswer {
  readonly report: string
  readonly cert_chain: string
  readonly tee_platform: Platform
  readonly auxblob: string
  readonly gpu_reports?: readonly QuoteGpuReport[]
  readonly tls_bound: boolean
}

export interface InfoAnswer {
  readonly tee_platform: Platform
  readonly protocol_version: string
  readonly gpu_available?: boolean
  /** Absent over plain HTTP. */
  readonly tls_public_key?: string
}

/** Body of `POST /v1/evidence`. */
export interface EvidenceRequest {
  readonly nonce: string
  readonly bind?: readonly Bind[]
  readonly user_data?: string
  readonly endorsements?: boolean
  readonly batch?: boolean
}

export interface EvidenceAnswer {
  readonly format: typeof FORMATS.evidence
  readonly tee: Tee
  readonly report: string
  readonly endorsements: readonly string[]
  readonly auxblob: string
  readonly gpus: readonly {
    readonly index: number
    readonly evidence: string
    readonly cert_chain: string
  }[]
  readonly claims: {
    readonly tls_spki?: string
    readonly hpke?: string
    readonly user_data?: string
  }
  readonly batch?: {
    readonly size: number
    readonly index: number
    readonly claim_path: readonly string[]
    readonly nonce_path?: readonly string[]
  }
}
