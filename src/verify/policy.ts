// SPDX-License-Identifier: Apache-2.0
// What an appraisal accepts, as one document. Nothing is left out: a field that is not judged says
// `'any'`, and no field has a default.

import * as v from 'valibot'
import { complaintOf } from '../document/complaint.js'
import { AttestationError } from '../errors.js'
import { parseJsonc } from './jsonc.js'
import { POLICY_FORMAT, PolicySchema } from './policy-schema.js'

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

/**
 * A policy. The section of a kind of evidence (`snp`) may be absent: all evidence of that kind is
 * refused then. Without `gpus`, evidence of GPUs leaves the result undecided.
 */
export type Policy = Frozen<Omit<v.InferOutput<typeof PolicySchema>, '$schema'>>
/** The section of a policy on SEV-SNP evidence. */
export type SnpPolicy = NonNullable<Policy['snp']>
/** The section of a policy on evidence of GPUs. */
export type GpuPolicy = Exclude<NonNullable<Policy['gpus']>, 'any'>
/** The section of a policy on what ties evidence to a request and its connection. */
export type BindingPolicy = Policy['binding']
/** Minimum of one TCB, for one processor or for all of a product. */
export type TcbFloor = Exclude<SnpPolicy['minimumTcb']['reported'], 'any'>[number]
/** Oldest VBIOS of one architecture. */
export type VbiosFloor = Exclude<GpuPolicy['minimumVbios'], 'any'>[number]
/** Minimum version of the firmware of one product. */
export type FirmwareFloor = Exclude<SnpPolicy['minimumFirmware']['current'], 'any'>[number]

/** The built-in policy that can be named. */
export type PolicyName = 'authenticity'

/** Characters of the largest document: room for thousands of chips. */
const MAX_TEXT_LEN = 1 << 20

/** Policies that were read, and that nobody can have changed since. */
const parsed = new WeakSet<object>()

const isParsed = (document: unknown): document is Policy =>
  typeof document === 'object' && document !== null && parsed.has(document)

function remembered<Read extends Policy>(policy: Read): Read {
  freeze(policy)
  parsed.add(policy)
  return policy
}

function freeze(value: object): void {
  for (const member of Object.values(value)) {
    if (typeof member === 'object') freeze(member)
  }
  Object.freeze(value)
}

/**
 * Reads a policy: JSON in which `//` comments may stand, as text or in UTF-8, or its parsed value. The
 * result is a copy, frozen and without comments; read again, it comes back as it is.
 *
 * @throws {AttestationError} `ERR_POLICY_DOCUMENT`, naming the first field that is wrong and what was
 *   expected there; also for a name that stands twice in one object
 */
export function parsePolicy(document: unknown): Policy {
  if (isParsed(document)) return document
  const text = document instanceof Uint8Array ? decode(document) : document
  const value = typeof text === 'string' ? parseText(text) : text
  const { success, output, issues } = v.safeParse(PolicySchema, value)
  if (!success) throw wrong(complaintOf(issues, 'a policy'))
  const { $schema: _, ...policy } = output
  return remembered(policy)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw wrong('UTF-8 expected')
  }
}

function parseText(text: string): unknown {
  if (text.length > MAX_TEXT_LEN) throw wrong(`at most ${MAX_TEXT_LEN} characters expected`)
  try {
    return parseJsonc(text)
  } catch (cause) {
    // Nothing else is thrown by reading text.
    throw wrong((cause as SyntaxError).message, { cause })
  }
}

const wrong = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_POLICY_DOCUMENT', `policy: ${message}`, options)

interface Authenticity extends Policy {
  readonly snp: SnpPolicy
  readonly gpus: GpuPolicy
}

const AUTHENTICITY: Authenticity = remembered({
  format: POLICY_FORMAT,
  name: 'authenticity',
  snp: {
    products: 'any',
    endorsementKey: 'any',
    cspId: 'any',
    chipId: 'any',
    maskedChipId: 'forbid',
    measurement: 'any',
    hostData: 'any',
    familyId: 'any',
    imageId: 'any',
    idKeyDigest: 'any',
    authorKeyDigest: 'any',
    minimumGuestSvn: 'any',
    reportId: 'any',
    reportIdMa: 'any',
    reportData: 'any',
    vmpl: 'any',
    debug: 'forbid',
    guestPolicy: {
      minimumAbi: 'any',
      smt: 'any',
      migrateMa: 'any',
      cxlAllow: 'any',
      singleSocket: 'any',
      memAes256Xts: 'any',
      raplDis: 'any',
      ciphertextHidingDram: 'any',
      pageSwapDisable: 'any',
    },
    platformInfo: {
      smtEn: 'any',
      tsmeEn: 'any',
      tioEn: 'any',
      eccEn: 'any',
      raplDis: 'any',
      ciphertextHidingDramEn: 'any',
      aliasCheckComplete: 'any',
      iommuWriteSafe: 'any',
    },
    mitigations: { launch: 'any', current: 'any' },
    minimumTcb: { reported: 'any', committed: 'any', launch: 'any', current: 'any' },
    minimumFirmware: { current: 'any', committed: 'any' },
    provisionalFirmware: 'any',
    revocation: 'any',
  },
  gpus: {
    count: 'any',
    minimumCount: 'any',
    nvSwitches: 'any',
    unique: 'require',
    serials: 'any',
    architectures: 'any',
    drivers: 'any',
    minimumDriver: 'any',
    vbios: 'any',
    minimumVbios: 'any',
    protectedPcie: 'any',
    secureBoot: 'any',
    debug: 'any',
    rim: 'any',
    vouched: 'any',
    revocation: 'any',
    nonce: 'any',
    binding: 'require',
  },
  binding: {
    nonce: 'any',
    modes: 'any',
    boundVmpl: 1,
    legacyTlsBinding: 'forbid',
    tlsKey: 'any',
    hpkeKey: 'any',
    userData: 'any',
  },
})

/**
 * The built-in policy: origin and integrity only. Genuine evidence of a guest that the host cannot
 * debug, whatever runs in it, and of GPUs that the guest vouches for, whatever they run.
 */
export const authenticity = (): Authenticity => AUTHENTICITY
