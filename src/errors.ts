// SPDX-License-Identifier: Apache-2.0
// Everything assay can say no with: one class, a closed set of codes, and the layer of each, which
// tells the caller what to do about it.

/**
 * - `request`: the call is wrong; fix it. HTTP 400, exit code 30.
 * - `evidence`, `endorsement`: what was presented is bad; stop. HTTP 422, exit code 10.
 * - `policy`: genuine, but not what was asked for; stop. HTTP 403, exit code 10.
 * - `unavailable`: something needed did not answer, so nothing was decided; retry. HTTP 503, exit code 20.
 * - `internal`: our bug. HTTP 500, exit code 1.
 */
export type Layer = 'request' | 'evidence' | 'endorsement' | 'policy' | 'unavailable' | 'internal'

/** Every code and its layer. `docs/errors.md` explains each one. */
export const CODES = {
  ERR_USAGE: 'request',
  ERR_FILE: 'request',
  ERR_FILE_SIZE: 'request',
  ERR_FILE_FORMAT: 'request',
  ERR_TERMINAL: 'request',
  ERR_ARGUMENT: 'request',
  ERR_REPORT_DATA_LENGTH: 'request',
  ERR_CLAIM_LENGTH: 'request',
  ERR_CLAIM_ORDER: 'request',
  ERR_CLAIM_UNKNOWN: 'request',
  ERR_CLAIM_NONCE: 'request',
  ERR_MERKLE_INDEX: 'request',
  ERR_DIGEST_ORDER: 'request',
  ERR_POLICY_DOCUMENT: 'request',
  ERR_ATTESTER_REFUSED: 'request',
  ERR_EAR_KEY: 'request',
  ERR_REQUEST_BODY: 'request',
  ERR_REQUEST_FIELD: 'request',
  ERR_REQUEST_NONCE: 'request',
  ERR_REQUEST_SIZE: 'request',
  ERR_REQUEST_MEDIA_TYPE: 'request',
  ERR_REQUEST_ROUTE: 'request',
  ERR_REQUEST_HTTP: 'request',
  ERR_RAW_DENIED: 'request',
  ERR_LEVEL_FLOOR: 'request',

  ERR_EVIDENCE_SIZE: 'evidence',
  ERR_EVIDENCE_UNKNOWN: 'evidence',
  ERR_EVIDENCE_FORMAT: 'evidence',
  ERR_MERKLE_PATH: 'evidence',

  ERR_SNP_LENGTH: 'evidence',
  ERR_SNP_VERSION: 'evidence',
  ERR_SNP_RESERVED: 'evidence',
  ERR_SNP_POLICY: 'evidence',
  ERR_SNP_VMPL: 'evidence',
  ERR_SNP_SIGNING_KEY: 'evidence',
  ERR_SNP_SIGNATURE_ALGORITHM: 'evidence',
  ERR_SNP_SIGNATURE_FORMAT: 'evidence',
  ERR_SNP_PRODUCT: 'evidence',
  ERR_SNP_TCB: 'evidence',
  ERR_SNP_TCB_ORDER: 'evidence',
  ERR_SNP_SIGNATURE: 'evidence',
  ERR_SNP_RESPONSE: 'evidence',
  ERR_CERT_TABLE: 'evidence',

  ERR_TDX_LENGTH: 'evidence',
  ERR_TDX_VERSION: 'evidence',
  ERR_TDX_KEY_TYPE: 'evidence',
  ERR_TDX_TEE_TYPE: 'evidence',
  ERR_TDX_RESERVED: 'evidence',
  ERR_TDX_VENDOR: 'evidence',
  ERR_TDX_BODY: 'evidence',
  ERR_TDX_SIGNATURE_DATA: 'evidence',
  ERR_TDX_CERTIFICATION_DATA: 'evidence',
  ERR_TDREPORT_LENGTH: 'evidence',
  ERR_TDREPORT_TYPE: 'evidence',
  ERR_TDREPORT_VERSION: 'evidence',
  ERR_TDREPORT_RESERVED: 'evidence',
  ERR_TDREPORT_HASH: 'evidence',

  ERR_NVIDIA_LENGTH: 'evidence',
  ERR_NVIDIA_REQUEST: 'evidence',
  ERR_NVIDIA_RESPONSE: 'evidence',
  ERR_NVIDIA_MEASUREMENTS: 'evidence',
  ERR_NVIDIA_OPAQUE: 'evidence',
  ERR_NVIDIA_TRAILING: 'evidence',
  ERR_NVIDIA_SIGNATURE: 'evidence',
  ERR_NVIDIA_FWID: 'evidence',
  ERR_NVIDIA_IDENTITY: 'evidence',

  ERR_CERTIFICATE_FORMAT: 'endorsement',
  ERR_CERTIFICATE_CHAIN: 'endorsement',
  ERR_CERTIFICATE_SIGNATURE: 'endorsement',
  ERR_CERTIFICATE_VALIDITY: 'endorsement',
  ERR_CERTIFICATE_ROOT: 'endorsement',
  ERR_CERTIFICATE_REVOKED: 'endorsement',
  ERR_CERTIFICATE_HOLD: 'endorsement',
  ERR_CRL: 'endorsement',
  ERR_OCSP: 'endorsement',
  ERR_SNP_TCB_MISMATCH: 'endorsement',
  ERR_SNP_CHIP_ID: 'endorsement',
  ERR_SNP_CSP_ID: 'endorsement',
  ERR_SNP_PRODUCT_MISMATCH: 'endorsement',
  ERR_SNP_VEK_KIND: 'endorsement',
  ERR_ENDORSER_ANSWER: 'endorsement',
  ERR_TOKEN_SHAPE: 'endorsement',
  ERR_TOKEN_ENCODING: 'endorsement',
  ERR_TOKEN_HEADER: 'endorsement',
  ERR_TOKEN_ALGORITHM: 'endorsement',
  ERR_TOKEN_KEY: 'endorsement',
  ERR_TOKEN_SIGNATURE_FORMAT: 'endorsement',
  ERR_TOKEN_SIGNATURE: 'endorsement',
  ERR_TOKEN_ISSUER: 'endorsement',
  ERR_TOKEN_VALIDITY: 'endorsement',
  ERR_TOKEN_NONCE: 'endorsement',
  ERR_TOKEN_SUBMODULES: 'endorsement',
  ERR_TOKEN_DIGEST: 'endorsement',
  ERR_TOKEN_CLAIM: 'endorsement',
  ERR_TOKEN_DEVICE: 'endorsement',
  ERR_TOKEN_RESULT: 'endorsement',

  ERR_POLICY_TEE: 'policy',
  ERR_POLICY_PRODUCT: 'policy',
  ERR_POLICY_ENDORSEMENT_KEY: 'policy',
  ERR_POLICY_CSP_ID: 'policy',
  ERR_POLICY_CHIP_ID: 'policy',
  ERR_POLICY_MEASUREMENT: 'policy',
  ERR_POLICY_HOST_DATA: 'policy',
  ERR_POLICY_FAMILY_ID: 'policy',
  ERR_POLICY_IMAGE_ID: 'policy',
  ERR_POLICY_ID_KEY: 'policy',
  ERR_POLICY_AUTHOR_KEY: 'policy',
  ERR_POLICY_GUEST_SVN: 'policy',
  ERR_POLICY_REPORT_ID: 'policy',
  ERR_POLICY_REPORT_DATA: 'policy',
  ERR_POLICY_VMPL: 'policy',
  ERR_POLICY_DEBUG: 'policy',
  ERR_POLICY_GUEST_POLICY: 'policy',
  ERR_POLICY_PLATFORM_INFO: 'policy',
  ERR_POLICY_MITIGATIONS: 'policy',
  ERR_POLICY_TCB: 'policy',
  ERR_POLICY_FIRMWARE: 'policy',
  ERR_NVIDIA_NONCE: 'policy',
  ERR_BINDING_MODE: 'policy',
  ERR_BINDING_REPORT_DATA: 'policy',
  ERR_BINDING_ORACLE: 'policy',
  ERR_BINDING_TLS_KEY: 'policy',
  ERR_BINDING_CLAIM: 'policy',

  ERR_ENDORSEMENT_MISSING: 'unavailable',
  ERR_CHIP_ID_MASKED: 'unavailable',
  ERR_FIELD_ABSENT: 'unavailable',
  ERR_CRL_STALE: 'unavailable',
  ERR_OCSP_STALE: 'unavailable',
  ERR_OCSP_REFUSED: 'unavailable',
  ERR_ATTESTER_NETWORK: 'unavailable',
  ERR_ATTESTER_TIMEOUT: 'unavailable',
  ERR_ATTESTER_STATUS: 'unavailable',
  ERR_ATTESTER_ANSWER: 'unavailable',
  ERR_ENDORSER_TIMEOUT: 'unavailable',
  ERR_ENDORSER_RATE_LIMIT: 'unavailable',
  ERR_ENDORSER_NOT_FOUND: 'unavailable',
  ERR_ENDORSER_STATUS: 'unavailable',
  ERR_ENDORSER_NETWORK: 'unavailable',
  ERR_ENDORSER_OFFLINE: 'unavailable',
  ERR_ENDORSER_ABORTED: 'unavailable',
  ERR_NONCE_MISSING: 'unavailable',
  ERR_CHANNEL_KEY_MISSING: 'unavailable',
  ERR_UNSUPPORTED: 'unavailable',
  ERR_DEVICE_ABSENT: 'unavailable',
  ERR_DEVICE_PROVIDER: 'unavailable',
  ERR_DEVICE_PERMISSION: 'unavailable',
  ERR_DEVICE_BUSY: 'unavailable',
  ERR_DEVICE_IO: 'unavailable',
  ERR_DEVICE_LOST: 'unavailable',
  ERR_DEVICE_ANSWER: 'unavailable',
  ERR_GPU_EVIDENCE: 'unavailable',
  ERR_GPU_DRIVER: 'unavailable',
  ERR_GPU_PERMISSION: 'unavailable',
  ERR_GPU_UNSUPPORTED: 'unavailable',
  ERR_GPU_MODE: 'unavailable',
  ERR_GPU_DEVTOOLS: 'unavailable',
  ERR_GPU_NOT_READY: 'unavailable',
  ERR_GPU_LOST: 'unavailable',
  ERR_QUEUE_FULL: 'unavailable',
  ERR_QUEUE_DEADLINE: 'unavailable',
  ERR_QUEUE_CANCELLED: 'unavailable',
  ERR_SHUTDOWN: 'unavailable',

  ERR_CORE_TRAP: 'internal',
  ERR_INTERNAL: 'internal',
} as const satisfies Record<string, Layer>

/** Every code that a refusal can have; docs/errors.md says what each means. */
export type Code = keyof typeof CODES

/** Every refusal of assay, told apart by `code`; `layer` says whose turn it is. */
export class AttestationError extends Error {
  override readonly name = 'AttestationError'

  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** What kind of failure this is, and so what to do about it. */
  get layer(): Layer {
    return CODES[this.code]
  }
}
