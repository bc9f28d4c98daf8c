// SPDX-License-Identifier: Apache-2.0
// A strict policy to start from: as much as one piece of evidence meets. It is only as good as that
// evidence, and says so.

import type { Product, SnpReport } from '../core/snp.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { AttestationError } from '../errors.js'
import type { Mode } from '../evidence.js'
import type { VekKind } from './names.js'
import { type BindingPolicy, type Policy, parsePolicy, type SnpPolicy } from './policy.js'
import { pinFloors } from './policy-init-floors.js'
import { type GpuSeed, pinGpus } from './policy-init-gpus.js'
import { pinGuest, pinOrigin, pinSwitches } from './policy-init-snp.js'
import { POLICY_FORMAT } from './policy-schema.js'
import { policyText } from './policy-text.js'
import type { Verdict } from './result.js'

/** The evidence that a policy starts from, and what is known of it. */
export interface PolicySeed {
  /** Name of the policy: up to 100 printable ASCII characters. */
  readonly name: string
  readonly report: SnpReport
  /** As the chain of the key proves them; null where nothing does. */
  readonly product: Product | null
  readonly kind: VekKind | null
  readonly cspId: string | null
  readonly mode: Mode
  /** What the evidence binds besides the nonce. */
  readonly binds: {
    readonly tlsKey: boolean
    readonly hpkeKey: boolean
    readonly userData: boolean
  }
  /** GPUs and NVSwitches whose evidence comes with it; none unless stated. */
  readonly gpus?: readonly GpuSeed[]
  /** What an appraisal of it came to; null when nobody appraised it. */
  readonly verdict: Verdict | null
}

/** Keeps a value, with a note on the field that it is for. */
export type Pin = <const Value>(path: string, value: Value, note: string) => Value

/** No CRL of AMD's is older than a year, give or take. */
const CRL_AGE_DAYS = 370
/** Level of bound evidence where none was seen (evidence protocol, section 2). */
const BOUND_VMPL = 1

/**
 * A commented policy that asks for as much as the evidence meets, for people to check and loosen:
 * JSON text that `parsePolicy` reads. What changes from one launch to the next is left open.
 *
 * @throws {AttestationError} `ERR_POLICY_VMPL` when the host asked for the report, which then says
 *   nothing about who runs in the guest; `ERR_POLICY_DOCUMENT` for a name that no policy may have
 */
export function initPolicy(seed: PolicySeed): string {
  if (seed.report.vmpl > VMPL_MAX) {
    throw new AttestationError(
      'ERR_POLICY_VMPL',
      'the host asked for this report; a policy starts from one that the guest asked for',
    )
  }
  const notes = new Map<string, string>()
  const pin: Pin = (path, value, note) => {
    notes.set(path, note)
    return value
  }
  const policy: Policy = {
    format: POLICY_FORMAT,
    name: seed.name,
    snp: pinSnp(seed, pin),
    ...(seed.gpus && seed.gpus.length > 0 && { gpus: pinGpus(seed.gpus, seed.mode, pin) }),
    binding: pinBinding(seed, pin),
  }
  const head = [TITLE, trust(seed.verdict), USE]
  const text = policyText(policy, head, notes)
  parsePolicy(text)
  return text
}

const TITLE =
  'A policy that pins what one piece of evidence showed. Each field is a value that evidence must meet, or "any", and then nothing looks at it.'
const USE =
  'Before you rely on it: compare what is pinned with values from a source that the provider does not control, and decide on each "any". "assay policy explain" says in sentences what it accepts.'

function trust(verdict: Verdict | null): string {
  if (verdict === 'verified') {
    return 'The evidence was VERIFIED as genuine. That says nothing about whether the workload is yours.'
  }
  return verdict === null
    ? 'NOTHING WAS VERIFIED: whoever handed you the evidence may have made it up, and with it every value below.'
    : `The evidence was ${verdict.toUpperCase()}: whoever handed it to you may have made it up, and with it every value below.`
}

function pinSnp(seed: PolicySeed, pin: Pin): SnpPolicy {
  return {
    ...pinOrigin(seed, pin),
    ...pinGuest(seed, pin),
    ...pinSwitches(seed.report, pin),
    ...pinFloors(seed, pin),
    revocation: pin(
      'snp.revocation',
      { maximumAgeDays: CRL_AGE_DAYS },
      'Not seen. A year and some days, so that there always is a CRL that will do.',
    ),
  }
}

function pinBinding({ mode, binds, report }: PolicySeed, pin: Pin): BindingPolicy {
  const key = (path: string, seen: boolean) =>
    pin(path, seen ? 'require' : 'any', `Seen: ${seen ? 'bound' : 'not bound'}.`)
  return {
    nonce: 'require',
    modes: pin('binding.modes', [mode], `Seen: ${mode}.`),
    boundVmpl: pinBoundVmpl(mode, report.vmpl, pin),
    legacyTlsBinding: 'forbid',
    tlsKey: key('binding.tlsKey', binds.tlsKey),
    hpkeKey: key('binding.hpkeKey', binds.hpkeKey),
    userData: key('binding.userData', binds.userData),
  }
}

/** Levels that serve caller-chosen REPORT_DATA can be none of bound evidence. */
function pinBoundVmpl(mode: Mode, vmpl: number, pin: Pin): number {
  const path = 'binding.boundVmpl'
  if (mode === 'raw') {
    const level = vmpl === BOUND_VMPL ? BOUND_VMPL + 1 : BOUND_VMPL
    return pin(path, level, 'Not seen in raw mode; another level than that of raw evidence.')
  }
  return vmpl > 0
    ? pin(path, vmpl, `Seen: ${vmpl}.`)
    : pin(path, BOUND_VMPL, 'Seen: 0. Not pinned: caller-chosen REPORT_DATA comes from there.')
}
