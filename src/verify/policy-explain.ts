// SPDX-License-Identifier: Apache-2.0
// A policy → sentences for people: what it accepts, where it is weak, and what it does not look at.

import type { Mode } from '../evidence.js'
import type { BindingPolicy, Policy, SnpPolicy } from './policy.js'
import { GPU_SENTENCES, gpuWarnings } from './policy-explain-gpus.js'
import { SNP_SENTENCES } from './policy-explain-snp.js'
import { type Sentence, sentence } from './policy-sentence.js'

/** A policy in sentences. */
export interface Explanation {
  /** What evidence must be, a sentence per field that is judged. */
  readonly accepts: readonly string[]
  /** Where the policy accepts more than most people would want. */
  readonly warnings: readonly string[]
  /** What nothing looks at, with the path of its field. */
  readonly unchecked: readonly string[]
}

const BINDING_SENTENCES: readonly Sentence<BindingPolicy>[] = [
  sentence(
    'binding.nonce',
    'freshness: evidence of yesterday passes today',
    ({ nonce }) => nonce,
    () => 'It must answer the nonce of the request.',
  ),
  sentence(
    'binding.modes',
    'how REPORT_DATA was composed',
    ({ modes }) => modes,
    (modes) => `It must be evidence of mode ${modes.join(' or ')}.`,
  ),
  sentence(
    'binding.boundVmpl',
    '',
    ({ boundVmpl }) => boundVmpl,
    (level) => `In the modes tls, bound and batch it must be of VMPL ${level}.`,
  ),
  sentence(
    'binding.legacyTlsBinding',
    '',
    ({ legacyTlsBinding }) => legacyTlsBinding,
    (legacy) =>
      legacy === 'allow'
        ? 'In the mode tls any other VMPL will do as well.'
        : 'TLS evidence of any other VMPL is refused.',
  ),
  sentence(
    'binding.tlsKey',
    'whether the connection ends in the guest: somebody in between may read it',
    ({ tlsKey }) => tlsKey,
    () => 'It must bind the TLS key of the connection.',
  ),
  sentence(
    'binding.hpkeKey',
    'whether a key for secrets is bound',
    ({ hpkeKey }) => hpkeKey,
    () => 'It must bind an HPKE key.',
  ),
  sentence(
    'binding.userData',
    'whether user data is bound',
    ({ userData }) => userData,
    () => 'It must bind user data: exactly what was sent, where the call states that.',
  ),
]

const OPEN_GPUS =
  'gpus: the GPUs themselves, whether they are genuine and what they run; in the modes bound and batch the digest G still binds their evidence to the report of the CPU'

/** What a policy accepts, in words. */
export function explain(policy: Policy): Explanation {
  const { snp, gpus, binding } = policy
  const judged = gpus !== undefined && gpus !== 'any'
  const sections = [
    ...(snp ? [tell(SNP_SENTENCES, snp)] : []),
    ...(judged ? [tell(GPU_SENTENCES, gpus)] : []),
    tell(BINDING_SENTENCES, binding),
  ]
  return {
    accepts: sections.flatMap(({ accepts }) => accepts),
    warnings: [...(snp ? warnings(snp, binding) : []), ...gpuWarnings(policy)],
    unchecked: [
      ...sections.flatMap(({ unchecked }) => unchecked),
      ...(gpus === 'any' ? [OPEN_GPUS] : []),
    ],
  }
}

/** The same as lines of text; the last part is what the policy does NOT look at. */
export function explainPolicy(policy: Policy): string[] {
  const { accepts, warnings, unchecked } = explain(policy)
  const kinds = policy.snp ? 'SEV-SNP evidence and no other' : alone(policy)
  return [
    `The policy "${policy.name}" accepts ${kinds}.`,
    ...accepts.map((sentence) => `  ${sentence}`),
    ...warnings.map((sentence) => `WARNING: ${sentence}`),
    ...(unchecked.length > 0 ? ['Nothing looks at:'] : ['Every field is judged.']),
    ...unchecked.map((what) => `  ${what}`),
  ]
}

const alone = ({ gpus }: Policy): string =>
  typeof gpus === 'object' ? 'evidence of GPUs alone, of no CPU' : 'no evidence at all'

function tell<Section>(sentences: readonly Sentence<Section>[], section: Section) {
  const accepts: string[] = []
  const unchecked: string[] = []
  for (const { path, what, say } of sentences) {
    const said = say(section)
    if (said === null) unchecked.push(`${path}: ${what}`)
    else accepts.push(said)
  }
  return { accepts, unchecked }
}

function warnings(snp: SnpPolicy, binding: BindingPolicy): string[] {
  const { vmpl, measurement, hostData, debug, revocation, minimumTcb } = snp
  const { boundVmpl, legacyTlsBinding } = binding
  const accepts = (mode: Mode) => acceptsMode(binding, mode)
  const floors = Object.values(minimumTcb)
  const found: [weak: boolean, sentence: string][] = [
    [measurement === 'any', 'measurement is "any": the workload itself is not appraised.'],
    [
      measurement !== 'any' && hostData === 'any',
      'hostData is "any": with Kata, any containers may run in the measured guest.',
    ],
    [debug === 'allow', 'debug is "allow": the host may read everything in the guest.'],
    [
      accepts('raw') && (vmpl === 'any' || vmpl.includes(boundVmpl)),
      `raw evidence of VMPL ${boundVmpl} is accepted, which is binding.boundVmpl: who may choose REPORT_DATA there can forge every binding.`,
    ],
    [
      boundVmpl === 0,
      'binding.boundVmpl is 0, where common tools let anybody choose REPORT_DATA: every binding can be forged.',
    ],
    [
      legacyTlsBinding === 'allow' && accepts('tls'),
      'legacyTlsBinding is "allow": a host in the middle can forge the TLS binding.',
    ],
    [
      revocation === 'any',
      'revocation is "any": without a CRL nobody knows whether AMD took a certificate back.',
    ],
    [
      floors.every((floor) => floor === 'any'),
      'minimumTcb is "any" throughout: firmware and microcode with known holes will do.',
    ],
    [
      floors.some((floor) => floor !== 'any' && floor.some(isVague)),
      'a row of minimumTcb has a microcode level for every stepping of a product; levels of different steppings do not compare.',
    ],
  ]
  return found.filter(([weak]) => weak).map(([, sentence]) => sentence)
}

const acceptsMode = ({ modes }: BindingPolicy, mode: Mode): boolean =>
  modes === 'any' || modes.includes(mode)

const isVague = (row: { readonly cpuid: unknown; readonly microcode: unknown }): boolean =>
  row.cpuid === 'any' && row.microcode !== 'any'
