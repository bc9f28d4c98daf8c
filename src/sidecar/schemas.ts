// SPDX-License-Identifier: Apache-2.0
// The shapes of bodies, as JSON Schema, for `/openapi.json`.

import { BINDS, FORMATS, LIMITS, PLATFORMS, TEES } from '../protocol.js'

type Schema = Readonly<Record<string, unknown>>

const base64 = (description: string): Schema => ({
  type: 'string',
  contentEncoding: 'base64',
  description: `${description}; base64 (RFC 4648 section 4), canonical`,
})
const list = (items: Schema, description?: string): Schema => ({
  type: 'array',
  items,
  ...(description && { description }),
})
const flag = (description: string): Schema => ({ type: 'boolean', description })
const count = (description: string): Schema => ({ type: 'integer', minimum: 0, description })

/** An object, all of whose members but `optional` are required. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[]): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', required, properties }
}

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  QuoteRequest: object(
    {
      nonce: base64(`${LIMITS.nonceMost} bytes`),
      bind_tls: flag('Bind the TLS key of the sidecar as well; false when absent'),
    },
    ['bind_tls'],
  ),
  QuoteAnswer: object(
    {
      report: base64('ATTESTATION_REPORT of SNP, or a TDX quote'),
      cert_chain: base64('PEM certificates, leaf first; empty when the platform gives none'),
      tee_platform: { type: 'string', enum: PLATFORMS },
      auxblob: base64('Certificate table as the platform gave it'),
      gpu_reports: list(
        object(
          {
            device_index: count('Index of the GPU'),
            report: base64('attestation_report, cec_report and certificate_chain, joined'),
            attestation_report: base64('SPDM request and response'),
            cec_report: base64('Report of the CEC'),
            certificate_chain: base64('PEM, leaf first'),
            architecture: { type: 'string', enum: ['HOPPER', 'BLACKWELL'] },
            uuid: { type: 'string' },
          },
          ['cec_report'],
        ),
        'Absent without GPUs',
      ),
      tls_bound: flag('Whether REPORT_DATA is SHA-512 of the TLS key and the nonce'),
    },
    ['gpu_reports'],
  ),
  InfoAnswer: object(
    {
      tee_platform: { type: 'string', enum: PLATFORMS },
      protocol_version: { type: 'string' },
      gpu_available: flag('Absent when false'),
      tls_public_key: base64('DER SubjectPublicKeyInfo of the TLS key; absent over plain HTTP'),
    },
    ['gpu_available', 'tls_public_key'],
  ),
  EvidenceRequest: {
    ...object(
      {
        nonce: base64(`${LIMITS.nonceLeast} to ${LIMITS.nonceMost} bytes`),
        bind: { ...list({ type: 'string', enum: BINDS }), uniqueItems: true },
        user_data: base64(`At most ${LIMITS.userData} bytes to bind`),
        endorsements: flag('Whether to send certificates; true when absent'),
        batch: flag('Whether one report may answer many requests; false when absent'),
      },
      ['bind', 'user_data', 'endorsements', 'batch'],
    ),
    additionalProperties: false,
  },
  EvidenceAnswer: object(
    {
      format: { const: FORMATS.evidence },
      tee: { type: 'string', enum: TEES },
      report: base64('ATTESTATION_REPORT of SNP, or a TDX quote'),
      endorsements: list(base64('DER certificate'), 'Leaf first'),
      auxblob: base64('Certificate table as the platform gave it'),
      gpus: list(
        object(
          {
            index: count('Index of the GPU'),
            evidence: base64('SPDM request and response'),
            cert_chain: base64('PEM, leaf first'),
          },
          [],
        ),
      ),
      claims: object(
        {
          tls_spki: base64('DER SubjectPublicKeyInfo'),
          hpke: base64('KEM id and public key'),
          user_data: base64('As it was sent'),
        },
        ['tls_spki', 'hpke', 'user_data'],
      ),
      batch: object(
        {
          size: { type: 'integer', minimum: 1, maximum: LIMITS.treeSize },
          index: count('Place of this request in the batch'),
          claim_path: list(base64('48 bytes')),
          nonce_path: list(base64('48 bytes'), 'On GPU platforms'),
        },
        ['nonce_path'],
      ),
    },
    ['batch'],
  ),
  Problem: object(
    {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string', description: 'Stable; what to tell refusals apart by' },
      detail: { type: 'string' },
    },
    [],
  ),
}
