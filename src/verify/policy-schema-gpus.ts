// SPDX-License-Identifier: Apache-2.0
// The section of a policy on evidence of GPUs: what the devices must be, each and together.

import * as v from 'valibot'
import { integer, listOf, object, orAny, text, word } from '../document/fields.js'

/** As many devices as one answer can have. */
const MAX_DEVICES = 64
/** A month: NVIDIA's OCSP responses are good for a day. */
const MAX_AGE_HOURS = 744

const ARCHITECTURES = ['HOPPER', 'BLACKWELL'] as const

const require = (description: string) => word(['require', 'any'], description)
const devices = (least: number, description: string) =>
  orAny(integer(least, MAX_DEVICES), `integer from ${least} to ${MAX_DEVICES}`, description)

const architecture = v.picklist(ARCHITECTURES, '"HOPPER" or "BLACKWELL" expected')
const driver = text(/^\d{1,4}(?:[.]\d{1,4}){1,3}$/, 'version such as "570.124.06"')
const vbios = text(/^[0-9A-F]{2}(?:[.][0-9A-F]{2}){4}$/, 'version such as "96.00.9F.00.01"')

export const GpuPolicySchema = object({
  count: devices(0, 'How many GPUs there must be evidence of, no more and no less.'),
  minimumCount: devices(1, 'How many GPUs there must be evidence of at least.'),
  nvSwitches: devices(0, 'How many NVSwitches there must be evidence of, no more and no less.'),
  unique: require('No device stands twice: the serial of its BROM certificate tells it, which no firmware changes.'),
  serials: orAny(
    listOf(text(/^(?:[0-9a-f]{2}){1,20}$/, 'lower-case hex of up to 20 bytes')),
    'list of serials in lower-case hex',
    'Devices: the serial of the BROM certificate, which a GPU keeps for life.',
  ),
  architectures: orAny(
    listOf(architecture),
    'list of architectures',
    'Architectures of the GPUs, by their certificates.',
  ),
  drivers: orAny(
    listOf(driver),
    'list of versions',
    'Versions of the driver, spelled as in the report.',
  ),
  minimumDriver: orAny(
    driver,
    'version such as "570.124.06"',
    'Oldest driver. Branches get their fixes apart: a list in drivers says more.',
  ),
  vbios: orAny(
    listOf(vbios),
    'list of versions',
    'Versions of the VBIOS of the GPUs; switches have a BIOS of their own.',
  ),
  minimumVbios: orAny(
    listOf(object({ architecture, version: vbios }), (row) => row.architecture),
    'list of rows',
    'Oldest VBIOS of each architecture. Versions of different architectures do not compare.',
  ),
  protectedPcie: word(
    ['require', 'forbid', 'any'],
    'Protected PCIe: eight GPUs and four NVSwitches in one guest, joined by NVLink in the clear. "require" has their connections judged by their certificates.',
  ),
  secureBoot: require('The firmware is what NVIDIA signed for: every measurement that a RIM lists is one of its values.'),
  debug: word(
    ['forbid', 'any'],
    'Debug firmware, whose measurements no RIM lists. DevTools mode has no field in a report: it shows only here.',
  ),
  rim: require('RIMs of driver and VBIOS, NVIDIA’s golden measurements. With "any" the measurements are judged only if RIMs are given.'),
  vouched: require('Somebody else vouches for every device: a token of NVIDIA’s or Intel’s attestation service. It is their word; assay checks that it is theirs.'),
  revocation: orAny(
    object({
      maximumAgeHours: v.pipe(
        integer(1, MAX_AGE_HOURS),
        v.description('Hours since thisUpdate. NVIDIA’s responses are good for 24.'),
      ),
    }),
    'object with maximumAgeHours',
    'Age of the OCSP responses for the certificates of a device; those of RIMs must be called good too. With "any" responses are judged only if given.',
  ),
  nonce: require('The GPUs were asked with the nonce that this request calls for.'),
  binding: require('REPORT_DATA of the CPU binds the evidence of the GPUs. The modes raw and tls of AEP-83 bind a nonce only, which the GPU of another machine can answer.'),
})
