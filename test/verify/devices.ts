// SPDX-License-Identifier: Apache-2.0
// Appraises devices in tests: what is not said is as it should be.

import {
  type AppraisedDevice,
  appraiseDevice,
  type DeviceContext,
} from '../../src/verify/gpu-device.js'
import { parseCertificate } from '../../src/verify/x509.js'

type Bytes = Uint8Array<ArrayBuffer>

/** After every certificate of NVIDIA's that there is. */
export const AT = new Date('2026-11-01T00:00:00Z')

/** Appraises as of `AT`, without a nonce, caller roots or OCSP, unless told. */
export const appraise = (
  evidence: Uint8Array,
  certChain: Uint8Array,
  {
    roots = [],
    ...context
  }: Partial<Omit<DeviceContext, 'roots'>> & { roots?: readonly Bytes[] } = {},
): Promise<AppraisedDevice> =>
  appraiseDevice(
    { index: 0, evidence: new Uint8Array(evidence), certChain: new Uint8Array(certChain) },
    {
      at: AT,
      nonce: null,
      ocsp: [],
      ocspClient: null,
      ...context,
      roots: roots.map(parseCertificate),
    },
  )

/** Each finding by its check: the outcome, or the code with `?` before it when it is not known. */
export const outcomes = ({ findings }: AppraisedDevice): Record<string, string> =>
  Object.fromEntries(
    findings.map(({ check, outcome, code }) => [
      check.replace('gpu.', ''),
      outcome === 'pass' ? 'pass' : `${outcome === 'unknown' ? '?' : ''}${code}`,
    ]),
  )

/** What `outcomes` gives of a device with which all is well; without a nonce and OCSP. */
export const ALL_PASS = {
  report: 'pass',
  chain: 'pass',
  root: 'pass',
  validity: 'pass',
  identity: 'pass',
  signature: 'pass',
  fwid: 'pass',
}
