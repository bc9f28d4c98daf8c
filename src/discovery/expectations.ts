// SPDX-License-Identifier: Apache-2.0
// `assay.expectations.v1`: what evidence of one workload should say, in a document that never changes,
// because its name is the SHA-256 of its bytes. It becomes policy only when a tenant says so.

import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { checkBytes } from '../core/bytes.js'
import { complaintOf } from '../document/complaint.js'
import { hex, integer, listOf, object, orAny, text } from '../document/fields.js'
import { tcbFloors } from '../document/floors.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { parseJson } from '../evidence/json.js'
import { DigestSchema } from './lease-schema.js'
import { DIRECTORY_LIMITS, DIRECTORY_PATHS } from './protocol.js'

export const EXPECTATIONS_FORMAT = 'assay.expectations.v1'

/** Its one group is the version. */
export const DRIVER_RIM_ID = /^NV_GPU_(?:CC_)?DRIVER_[A-Z0-9]{1,16}_(\d{1,4}(?:[.]\d{1,4}){1,3})$/
/** Its one group is the version without its dots. */
export const VBIOS_RIM_ID =
  /^NV_GPU_VBIOS_[A-Z0-9]{1,16}_[A-Z0-9]{1,16}_[A-Z0-9]{1,16}_([0-9A-F]{10})$/

/** More than any machine gives one guest. */
const MAX_VCPUS = 4096
const MEASUREMENT_LEN = 48
const HOST_DATA_LEN = 32
/** Only ids that name a version which a policy can ask for. */
const RIM_ID = new RegExp(`${DRIVER_RIM_ID.source}|${VBIOS_RIM_ID.source}`)

const register = (description: string) =>
  orAny(listOf(hex(MEASUREMENT_LEN)), 'list of 96 hex digits each', description)

const SnpExpectationsSchema = object({
  measurements: v.pipe(
    listOf(
      object({ vcpus: integer(1, MAX_VCPUS), measurement: hex(MEASUREMENT_LEN) }),
      ({ measurement }) => measurement,
    ),
    v.description(
      'MEASUREMENT for each number of vCPUs, which the launch digest covers; several rows where it covers their model as well.',
    ),
  ),
  hostData: orAny(
    listOf(hex(HOST_DATA_LEN)),
    'list of 64 hex digits each',
    'HOST_DATA: with Kata the SHA-256 of initdata, which names the containers.',
  ),
  minimumTcb: tcbFloors('Least REPORTED_TCB, by processor; others are not accepted.'),
})

const TdxExpectationsSchema = object({
  mrTd: v.pipe(
    listOf(hex(MEASUREMENT_LEN)),
    v.description('MRTD, the measurement of the initial memory.'),
  ),
  rtmr0: register('RTMR0: firmware and its configuration.'),
  rtmr1: register('RTMR1: boot loader and kernel.'),
  rtmr2: register('RTMR2: command line and initrd.'),
  rtmr3: register('RTMR3: what runs in the guest.'),
  mrConfigId: register('MRCONFIGID: with Kata the SHA-384 of initdata.'),
  mrOwner: register('MROWNER.'),
  mrOwnerConfig: register('MROWNERCONFIG.'),
})

const GpuExpectationsSchema = object({
  rims: v.pipe(
    listOf(text(RIM_ID, 'id of a RIM of a GPU such as "NV_GPU_DRIVER_GH100_550.90.07"')),
    v.description(
      'Ids of the RIMs of driver and VBIOS of GPUs, by which NVIDIA’s service has them; not of switches.',
    ),
  ),
})

export const ExpectationsSchema = v.pipe(
  object({
    $schema: v.exactOptional(
      v.pipe(v.string('text expected'), v.description('For editors; nothing reads it here.')),
    ),
    format: v.pipe(
      v.literal(EXPECTATIONS_FORMAT, `"${EXPECTATIONS_FORMAT}" expected`),
      v.description('Version of this format.'),
    ),
    name: v.pipe(
      text(/^[ -~]{1,100}$/, 'up to 100 printable ASCII characters'),
      v.description('For people.'),
    ),
    snp: v.exactOptional(
      v.pipe(
        SnpExpectationsSchema,
        v.description('Of SEV-SNP. Without this section no SNP evidence meets the expectations.'),
      ),
    ),
    tdx: v.exactOptional(
      v.pipe(
        TdxExpectationsSchema,
        v.description('Of TDX. Without this section no TDX evidence meets the expectations.'),
      ),
    ),
    gpus: v.exactOptional(
      v.pipe(GpuExpectationsSchema, v.description('Of GPUs. Without this section: nothing.')),
    ),
    sidecarImage: orAny(
      DigestSchema,
      '"sha256:" and 64 hex digits',
      'Digest of the image of the sidecar. No evidence says it by itself: HOST_DATA covers it, or nothing does.',
    ),
  }),
  v.check(
    ({ snp, tdx }) => snp !== undefined || tdx !== undefined,
    'a section snp or tdx expected',
  ),
  v.metadata({ anyOf: [{ required: ['snp'] }, { required: ['tdx'] }] }),
)

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

/** What evidence of one workload should say. Somebody says so; nothing here is proven. */
export type Expectations = Frozen<Omit<v.InferOutput<typeof ExpectationsSchema>, '$schema'>>
/** What SEV-SNP evidence should say. */
export type SnpExpectations = NonNullable<Expectations['snp']>

/**
 * Reads a document of expectations: strict JSON in UTF-8, and what it says checked as far as that is
 * possible without evidence.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS`, naming the first field that is wrong
 */
export function parseExpectations(bytes: Uint8Array): Expectations {
  checkBytes(bytes, 'expectations')
  if (bytes.length > DIRECTORY_LIMITS.expectations) {
    throw wrong(`at most ${DIRECTORY_LIMITS.expectations} bytes expected, got ${bytes.length}`)
  }
  const value = parseJson(bytes, 'ERR_EXPECTATIONS')
  const { success, output, issues } = v.safeParse(ExpectationsSchema, value)
  if (!success) throw wrong(complaintOf(issues, 'expectations'))
  const { $schema: _, ...expectations } = output
  return expectations
}

/** The name of a document: `sha256:` and the SHA-256 of its bytes in hex. */
export const expectationsDigest = (bytes: Uint8Array): string => `sha256:${toHex(sha256(bytes))}`

/**
 * Reads the name of a document.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS_NAME`
 */
export function checkDigest(text: string): string {
  const { success, issues } = v.safeParse(DigestSchema, text)
  if (success) return text
  throw new AttestationError('ERR_EXPECTATIONS_NAME', complaintOf(issues, 'a digest'))
}

/** Where a directory has it. */
export const expectationsPath = (digest: string): string =>
  `${DIRECTORY_PATHS.expectations}/${digest}`

const wrong = (message: string): AttestationError =>
  new AttestationError('ERR_EXPECTATIONS', `expectations: ${message}`)
