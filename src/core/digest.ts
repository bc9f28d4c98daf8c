// SPDX-License-Identifier: Apache-2.0
// What ties GPU evidence to the CPU report: the nonce put to every GPU, and the digest G.

// Browsers offer SHA-256 only as a promise, and the core holds no 32-bit SHA-2 for one short hash
// per request.
import { sha256 } from '@noble/hashes/sha2.js'
import * as protocol from '../../assembly/protocol.js'
import { AttestationError } from '../errors.js'
import { checkBytes, checkU32 } from './bytes.js'
import { type Core, call, settle } from './core.js'
import type { Bytes } from './private-copy.js'
import { sha384 } from './sha2.js'

/** One device's evidence, exactly as served, certificate chain not included. */
export interface DeviceEvidence {
  readonly index: number
  readonly evidence: Uint8Array
}

const NONCE_LABEL = new TextEncoder().encode('assay/gpu-nonce/v1\0')

/**
 * The nonce put to each GPU (assay evidence protocol, section 3): 32 bytes of SHA-256 over a label
 * and `root`, which is the tenant's nonce in bound mode and the nonce-tree root in batch mode.
 *
 * @throws {AttestationError} `ERR_REPORT_DATA_LENGTH` for a root of less than 32 or more than 64 bytes
 */
export function gpuNonce(root: Uint8Array): Bytes {
  checkBytes(root, 'root')
  const { NONCE_LEN_MIN: min, NONCE_LEN_MAX: max } = protocol
  if (root.length < min || root.length > max) {
    throw new AttestationError(
      'ERR_REPORT_DATA_LENGTH',
      `nonce or tree root of ${min} to ${max} bytes expected, got ${root.length}`,
    )
  }
  const message = new Uint8Array(NONCE_LABEL.length + root.length)
  message.set(NONCE_LABEL)
  message.set(root, NONCE_LABEL.length)
  return sha256(message)
}

/**
 * The digest G (section 3), 48 bytes, over every device's evidence, of any length each.
 *
 * @throws {AttestationError} `ERR_DIGEST_ORDER` unless the indices strictly ascend;
 * `ERR_EVIDENCE_SIZE` for more devices than the core takes
 */
export function gpuEvidenceDigest(devices: readonly DeviceEvidence[]): Bytes {
  const own = Array.from(devices, ({ index, evidence }) => {
    checkU32(index, 'device index')
    checkBytes(evidence, 'evidence')
    checkU32(evidence.length, 'evidence length')
    return { index, evidence }
  })
  const length = own.reduce((sum, { evidence }) => sum + protocol.ROW_LEN + evidence.length, 0)
  return call((c) => {
    const room = c.input.length - protocol.ROWS_AT
    return length <= room ? atOnce(c, own) : oneByOne(c, own, room)
  })
}

/** Everything in one window: one crossing for all hashes. */
function atOnce(c: Core, devices: readonly DeviceEvidence[]): Bytes {
  const rows = new DataView(c.input.buffer, c.input.byteOffset + protocol.ROWS_AT)
  let at = protocol.ROWS_AT + devices.length * protocol.ROW_LEN
  for (const [row, device] of devices.entries()) {
    putRow(rows, row, device)
    c.input.set(device.evidence, at)
    at += device.evidence.length
  }
  settle(c, c.x.digestEvidence(devices.length))
  return c.output.slice(0, protocol.HASH_LEN)
}

/** Hashing takes the window, so the rows gather outside it first. */
function oneByOne(c: Core, devices: readonly DeviceEvidence[], room: number): Bytes {
  const rows = new Uint8Array(devices.length * protocol.ROW_LEN)
  if (rows.length > room) {
    const most = Math.floor(room / protocol.ROW_LEN)
    throw new AttestationError(
      'ERR_EVIDENCE_SIZE',
      `at most ${most} devices expected, got ${devices.length}`,
    )
  }
  const view = new DataView(rows.buffer)
  for (const [row, device] of devices.entries()) {
    putRow(view, row, device)
    rows.set(sha384(device.evidence), row * protocol.ROW_LEN + protocol.ROW_DIGEST_AT)
  }
  c.input.set(rows, protocol.ROWS_AT)
  settle(c, c.x.digestRows(devices.length))
  return c.output.slice(0, protocol.HASH_LEN)
}

function putRow(rows: DataView, row: number, { index, evidence }: DeviceEvidence): void {
  rows.setUint32(row * protocol.ROW_LEN + protocol.ROW_INDEX_AT, index)
  rows.setUint32(row * protocol.ROW_LEN + protocol.ROW_LENGTH_AT, evidence.length)
}
