// SPDX-License-Identifier: Apache-2.0
// The firmware that holds a device's signing key. The boot ROM derives that key from it and writes its
// digest into the leaf certificate: this is what proves it. The report repeats the digest, so a
// difference means that certificate and report do not belong together.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { type DerReader, exactly, INTEGER, malformed, OCTET_STRING, SEQUENCE } from './der.js'
import { readOid } from './der-values.js'
import { attempt, type Finding, fail, isThere, type Problem, pass, unknown } from './result.js'
import type { Extensions } from './x509-extensions.js'

export interface Firmware {
  /** SHA-384. */
  readonly fwid: Bytes
  /** SubjectPublicKeyInfo of the device itself, DER; null in the form that has none. */
  readonly deviceKey: Bytes | null
  /** Whether the boot ROM calls the device not secure, in recovery or in debug mode. */
  readonly insecure: boolean
}

const CHECK = 'gpu.fwid'
const CODE = 'ERR_NVIDIA_FWID'

/** TCG DICE Attestation Architecture: CompositeDeviceID of RIoT, which Hopper and LS10 have. */
const COMPOSITE_DEVICE_ID = '2.23.133.5.4.1'
/** DiceTcbInfo, which Blackwell has. */
const TCB_INFO = '2.23.133.5.4.1.1'
const FWID_LEN = 48
/** Members of DiceTcbInfo by their tags: the list of FWIDs, and flags, a BIT STRING. */
const FWIDS = 0xa6
const FLAGS = 0x87
const TAG_NUMBER = 0x1f
/** Flags notSecure, recovery and debug, from the top of the first octet. notConfigured is always set. */
const INSECURE = 0b0111_0000

/** @throws {AttestationError} `ERR_NVIDIA_FWID` */
export function readFirmware(extensions: Extensions): Firmware {
  const [composite, tcbInfo] = [extensions.get(COMPOSITE_DEVICE_ID), extensions.get(TCB_INFO)]
  if (composite && !tcbInfo) return readComposite(composite)
  if (!tcbInfo || composite) throw refusal('the leaf does not name one firmware')
  const read = attempt(() => exactly(tcbInfo, readTcbInfo))
  if (!(read instanceof AttestationError)) return read
  throw refusal('the leaf names its firmware in an unknown form', { cause: read })
}

/**
 * All that NVIDIA says of this extension is how it ends. What comes before is read where it is what
 * real ones have; whether it has to be is a question of identity.
 */
function readComposite(encoding: Bytes): Firmware {
  const at = encoding.length - FWID_LEN
  if (encoding[at - 2] !== OCTET_STRING || encoding[at - 1] !== FWID_LEN) {
    throw refusal('the leaf names its firmware in an unknown form')
  }
  const deviceKey = attempt(() => exactly(encoding, readDeviceKey))
  return {
    fwid: encoding.slice(at),
    deviceKey: deviceKey instanceof AttestationError ? null : deviceKey,
    insecure: false,
  }
}

/** CompositeDeviceID: a version, the key of the device, and the FWID. */
function readDeviceKey(reader: DerReader): Bytes {
  const composite = reader.inside(SEQUENCE)
  composite.inside(INTEGER)
  const deviceKey = composite.element(SEQUENCE)
  readFwid(composite.inside(SEQUENCE))
  composite.end()
  return deviceKey
}

/** Of several layers the first is the one that holds the key. */
function readTcbInfo(reader: DerReader): Firmware {
  const info = reader.inside(SEQUENCE)
  let fwid: Bytes | null = null
  let insecure = false
  let last = 0
  for (let { tag } = info; tag !== undefined; { tag } = info) {
    const number = tag & TAG_NUMBER
    if (number < last) throw malformed('members of DiceTcbInfo out of order')
    last = number + 1
    if (tag === FWIDS) fwid = readFwids(info.inside(FWIDS))
    else if (tag === FLAGS) insecure = ((info.content(FLAGS)[1] ?? INSECURE) & INSECURE) !== 0
    else info.content(tag)
  }
  if (fwid === null) throw malformed('DiceTcbInfo without FWIDs')
  return { fwid, deviceKey: null, insecure }
}

function readFwids(list: DerReader): Bytes {
  const first = readFwid(list.inside(SEQUENCE))
  while (!list.done) readFwid(list.inside(SEQUENCE))
  return first
}

/** Whatever the hash is called: the report has a digest of this length, to be compared with it. */
function readFwid(reader: DerReader): Bytes {
  readOid(reader)
  const digest = reader.content(OCTET_STRING)
  reader.end()
  if (digest.length !== FWID_LEN) throw malformed('an FWID of another length')
  return digest
}

/** What a report says about firmware. */
export interface ReportedFirmware {
  readonly kind: 'gpu' | 'switch'
  readonly fwid: Bytes | null
  readonly driverVersion: string | null
}

/**
 * A report that names no firmware leaves nothing to compare. The key that signed it is bound to the
 * firmware in its certificate all the same, so this is no gap where the software that made the report
 * never names any: NVSwitches, and drivers before R550. From any other one it is missing.
 */
export function checkFwid(report: ReportedFirmware, firmware: Firmware | Problem): Finding {
  if (!isThere(firmware)) return fail(CHECK, firmware.code, firmware.detail)
  if (firmware.insecure) {
    return fail(
      CHECK,
      CODE,
      'the leaf says that the device is not secure, in recovery or in debug mode',
    )
  }
  const { fwid } = report
  if (fwid !== null) {
    return equalBytes(fwid, firmware.fwid)
      ? pass(CHECK, 'report and certificate name the same firmware')
      : fail(CHECK, CODE, 'report and certificate name different firmware')
  }
  return namesNone(report)
    ? pass(CHECK, `by the certificate alone: ${namesNone(report)} name no firmware`)
    : unknown(CHECK, 'ERR_FIELD_ABSENT', 'the report names no firmware, which this driver writes')
}

/** The first branch whose reports name firmware. */
const NAMING_BRANCH = 550

function namesNone({ kind, driverVersion }: ReportedFirmware): string | null {
  if (kind === 'switch') return 'reports of NVSwitches'
  const branch = Number.parseInt(driverVersion ?? '', 10)
  return branch < NAMING_BRANCH ? `reports of driver branch R${branch}` : null
}

const refusal = (detail: string, options?: ErrorOptions): AttestationError =>
  new AttestationError(CODE, detail, options)
