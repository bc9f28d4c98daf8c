// SPDX-License-Identifier: Apache-2.0
// The appraisal of one GPU's or NVSwitch's evidence as of a time, without any policy.

import type { GpuReport, OpaqueData } from '../core/nvidia.js'
import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import type { GpuEvidence } from '../evidence.js'
import { type DeviceChain, openChain } from './gpu-chain.js'
import { type Case, findingsOf } from './gpu-findings.js'
import type { Architecture } from './gpu-identity.js'
import { type DeviceReport, readReport } from './gpu-report.js'
import { DEVICE_ROOT, nvidiaAnchor } from './nvidia-roots.js'
import type { OcspClient } from './ocsp-client.js'
import { type Finding, isThere, ofDevice, readable } from './result.js'
import type { Certificate } from './x509.js'

export type { Architecture } from './gpu-identity.js'

/** What it is judged by. */
export interface DeviceContext {
  readonly at: Date
  /** Roots that the caller trusts besides NVIDIA's. */
  readonly roots: readonly Certificate[]
  /** The 32 bytes that the device must have been asked with; null when nobody knows them. */
  readonly nonce: Bytes | null
  /** OCSP responses at hand, DER, of whatever certificates. */
  readonly ocsp: readonly Bytes[]
  /** Asked for the statuses that no response at hand tells; null: nobody is asked. */
  readonly ocspClient: OcspClient | null
}

/** A device whose report and certificates can be read. Nothing of it is proven where a check fails. */
export interface Device {
  readonly index: number
  readonly report: GpuReport
  /** What the report says in its fields: read once, because a report decodes them at every access. */
  readonly opaqueData: OpaqueData
  /** Leaf first, the root last: five. */
  readonly chain: readonly Certificate[]
  readonly kind: 'gpu' | 'switch'
  readonly architecture: Architecture
  /** As the leaf certificate names it: `GH100`, `GB100`, `LS_10`. */
  readonly chip: string
  /** Serial of the device certificate in hex: the one name that no firmware changes. */
  readonly serial: string
  /** The last 8 bytes of that serial in hex, by which NVLink knows the device; null in another form. */
  readonly pdi: string | null
  /** What tokens call the device, decimal. It changes with the firmware. */
  readonly ueid: string
  /** SHA-384, hex, of the firmware that holds the key, as the leaf certificate says. */
  readonly fwid: string | null
  /** Null of an NVSwitch, which has none. */
  readonly driverVersion: string | null
  /** VBIOS of a GPU, BIOS of an NVSwitch. */
  readonly vbiosVersion: string
}

export interface AppraisedDevice {
  readonly findings: readonly Finding[]
  /** Null when report or certificates cannot be read. */
  readonly device: Device | null
  /** The oldest `thisUpdate` of the OCSP responses that called the certificates good; else null. */
  readonly revocationAsOf: Date | null
}

/** A device that can be read already, while its appraisal goes on. */
export interface DeviceAtWork extends Pick<AppraisedDevice, 'device'> {
  readonly appraised: Promise<AppraisedDevice>
}

/** Every check of one device: structure, chain, root, dates, revocation, identity, signature, nonce. */
export const appraiseDevice = (
  evidence: GpuEvidence,
  context: DeviceContext,
): Promise<AppraisedDevice> => startDevice(evidence, context).appraised

/** The same, for those who have other work to do with the device meanwhile. */
export function startDevice(evidence: GpuEvidence, context: DeviceContext): DeviceAtWork {
  const { index, certChain } = evidence
  const report = readable(() => readReport(evidence.evidence))
  const chain = readable(() => openChain(certChain))
  const root = isThere(chain) ? chain.certificates[4] : null
  const anchor = root ? nvidiaAnchor(root, DEVICE_ROOT, context.roots) : 'none'
  const c: Case = { chain, report, anchor, context }
  // Signatures are verified in other threads, and what follows here need not wait for them.
  const judged = findingsOf(c)
  const device = isThere(chain) && isThere(report) ? deviceOf(index, chain, report) : null
  return { device, appraised: finish(index, device, judged) }
}

async function finish(
  index: number,
  device: Device | null,
  judged: ReturnType<typeof findingsOf>,
): Promise<AppraisedDevice> {
  const { findings, revocationAsOf } = await judged
  return { findings: findings.map((finding) => ofDevice(index, finding)), device, revocationAsOf }
}

function deviceOf(index: number, chain: DeviceChain, read: DeviceReport): Device {
  const { certificates, kind, architecture, chip, serial, pdi, ueid, firmware } = chain
  return {
    index,
    report: read.report,
    opaqueData: read.data,
    chain: certificates,
    kind,
    architecture,
    chip,
    serial,
    pdi,
    ueid,
    fwid: isThere(firmware) ? toHex(firmware.fwid) : null,
    driverVersion: read.data.driverVersion,
    vbiosVersion: read.vbiosVersion,
  }
}
