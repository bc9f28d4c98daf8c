// SPDX-License-Identifier: Apache-2.0
// Which device its certificates say that it is, and whether everything says the same. The serial of
// the device certificate stands for a key fused into the chip. Other names of a GPU do not do: its
// UUID is software's, and what tokens call `ueid` changes with the firmware.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import type { Anchor } from './chain.js'
import { type DerReader, exactly, SEQUENCE } from './der.js'
import { readOid, readText } from './der-values.js'
import { type Firmware, readFirmware } from './gpu-fwid.js'
import { attempt, type Finding, fail, isThere, type Problem, pass, readable } from './result.js'
import type { Certificate } from './x509.js'

export type Architecture = 'HOPPER' | 'BLACKWELL' | 'LS10'
export type DeviceKind = 'gpu' | 'switch'

/** What the certificates of the key and of the device say, once per chain. */
export interface DeviceNames {
  readonly kind: DeviceKind
  readonly architecture: Architecture
  readonly chip: string
  /** Serial of the device certificate in hex, and the PDI in it; null in another form. */
  readonly serial: string
  readonly pdi: string | null
  /** Serial of the leaf, decimal. */
  readonly ueid: string
  readonly firmware: Firmware | Problem
  /** The first thing in them that contradicts another; null when nothing does. */
  readonly contradiction: string | null
  /** What real certificates of NVIDIA have and these do not; null when nothing is missing. */
  readonly missing: string | null
}

const CHECK = 'gpu.identity'

/** The end of both names: `CN=GH100 A01 GSP FMC LF` and `CN=GH100 A01 GSP BROM`. */
const LEAF_NAME = /(?:^|, )CN=(GH\w+|GB\w+|LS_10) A\d\d [FG]SP FMC LF$/
const DEVICE_NAME = /(?:^|, )CN=(\w+) A\d\d [FG]SP BROM$/
const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map([
  ['GH', 'HOPPER'],
  ['GB', 'BLACKWELL'],
  ['LS', 'LS10'],
])
/** The serial of a device: a letter for its kind, and its PDI. */
const SERIALS: Readonly<Record<DeviceKind, RegExp>> = {
  gpu: /^41([0-9a-f]{16})$/,
  switch: /^50([0-9a-f]{16})$/,
}

const SUBJECT_ALT_NAME = '2.5.29.17'
/** The name of a device, an otherName (DMTF DSP0274): `NVIDIA:GH100:` and 8 bytes in hex. */
const DMTF_DEVICE = '1.3.6.1.4.1.412.274.1'
const DEVICE_TEXT = /^NVIDIA:(\w+):[0-9A-F]{16}$/
const CONTEXT_0 = 0xa0

/** @throws {AttestationError} `ERR_CERTIFICATE_CHAIN` when the leaf names no chip known here */
export function readNames([leaf, device]: readonly [
  Certificate,
  Certificate,
  ...unknown[],
]): DeviceNames {
  const chip = LEAF_NAME.exec(leaf.subject)?.[1]
  const architecture = ARCHITECTURES.get(chip?.slice(0, 2) ?? '')
  if (chip === undefined || architecture === undefined) {
    throw new AttestationError(
      'ERR_CERTIFICATE_CHAIN',
      'the first certificate names no chip known here',
    )
  }
  const kind = architecture === 'LS10' ? 'switch' : 'gpu'
  const pdi = SERIALS[kind].exec(device.serial)?.[1] ?? null
  const named = {
    kind,
    architecture,
    chip,
    serial: device.serial,
    pdi,
    ueid: BigInt(`0x${leaf.serial}`).toString(),
    firmware: readable(() => readFirmware(leaf.extensions)),
  } as const
  return { ...named, ...compare(named, leaf, device) }
}

type Named = Pick<DeviceNames, 'architecture' | 'chip' | 'pdi' | 'firmware'>

function compare(
  { architecture, chip, pdi, firmware }: Named,
  leaf: Certificate,
  device: Certificate,
) {
  const encoding = leaf.extensions.get(SUBJECT_ALT_NAME)
  const name = encoding && attempt(() => exactly(encoding, readDeviceName))
  const key = isThere(firmware) ? firmware.deviceKey : null
  let contradiction: string | null = null
  if (DEVICE_NAME.exec(device.subject)?.[1] !== chip) {
    contradiction = 'the device certificate does not name the chip of the leaf'
  } else if (name && (name instanceof AttestationError || name.chip !== chip)) {
    contradiction = 'the leaf names a device of another chip, or in another form'
  } else if (key && !equalBytes(key, device.spki)) {
    contradiction = 'the leaf names another key of the device than its certificate has'
  }
  let missing: string | null = null
  if (pdi === null) missing = 'serial of a device'
  else if (!name) missing = 'name of a device'
  // DiceTcbInfo, which Blackwell has instead, says nothing about the key.
  else if (!key && architecture !== 'BLACKWELL') missing = 'key of a device'
  return { contradiction, missing }
}

/** The alternative name, if it is the one that NVIDIA's leaves have. */
function readDeviceName(reader: DerReader): { readonly chip: string } {
  const names = reader.inside(SEQUENCE)
  const other = names.inside(CONTEXT_0)
  const oid = readOid(other)
  const explicit = other.inside(CONTEXT_0)
  const [, chip = ''] = DEVICE_TEXT.exec(readText(explicit)) ?? []
  for (const read of [explicit, other, names]) read.end()
  return { chip: oid === DMTF_DEVICE ? chip : '' }
}

/** What a report says about the device that made it. */
export interface Reported {
  readonly kind: DeviceKind
  /** Of an NVSwitch: its own. */
  readonly devicePdi: Bytes | null
}

/**
 * Whether certificates and report are of one device. What the certificates of a root of the caller's
 * leave out is taken as it is: they are of no device of NVIDIA's.
 */
export function checkIdentity(names: DeviceNames, report: Reported, anchor: Anchor): Finding {
  const { kind, chip, pdi, contradiction, missing } = names
  const refuse = (detail: string) => fail(CHECK, 'ERR_NVIDIA_IDENTITY', detail)
  if (report.kind !== kind) return refuse(`the report is not of the kind of device that ${chip} is`)
  if (contradiction) return refuse(contradiction)
  if (missing && anchor !== 'caller')
    return refuse(`the certificates have no ${missing} in NVIDIA's form`)
  if (report.devicePdi && pdi && toHex(report.devicePdi) !== pdi) {
    return refuse('the report is of another device than the device certificate, by its PDI')
  }
  return pass(CHECK, `certificates and report are of one ${chip}`)
}
