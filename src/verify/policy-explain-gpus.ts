// SPDX-License-Identifier: Apache-2.0
// The sentences on each field of a policy for GPUs, and where it is weak.

import type { GpuPolicy, Policy, VbiosFloor } from './policy.js'
import { type Sentence, sentence } from './policy-sentence.js'

type Field = keyof GpuPolicy & string

const on = <Name extends Field>(
  name: Name,
  what: string,
  say: (value: Exclude<GpuPolicy[Name], 'any'>) => string,
): Sentence<GpuPolicy> =>
  sentence(
    `gpus.${name}`,
    what,
    (gpus) => gpus[name] as Exclude<GpuPolicy[Name], 'any'> | 'any',
    say,
  )

const some = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

export const GPU_SENTENCES: readonly Sentence<GpuPolicy>[] = [
  on(
    'count',
    'how many GPUs there are',
    (count) => `There must be evidence of ${some(count, 'GPU')}.`,
  ),
  on(
    'minimumCount',
    'whether there are enough GPUs',
    (count) => `There must be evidence of at least ${some(count, 'GPU')}.`,
  ),
  on(
    'nvSwitches',
    'how many NVSwitches there are',
    (count) => `There must be evidence of ${some(count, 'NVSwitch').replace(/hs$/, 'hes')}.`,
  ),
  on('unique', 'whether one GPU stands twice', () => 'No device may stand twice.'),
  on(
    'serials',
    'which devices these are',
    (serials) => `Each device must be ${serials.join(' or ')}, by its BROM certificate.`,
  ),
  on(
    'architectures',
    'of what architecture the GPUs are',
    (architectures) => `Each GPU must be of architecture ${architectures.join(' or ')}.`,
  ),
  on('drivers', 'which driver runs', (drivers) => `The driver must be ${drivers.join(' or ')}.`),
  on(
    'minimumDriver',
    'how old the driver is',
    (version) => `The driver must be at least ${version}.`,
  ),
  on('vbios', 'which VBIOS runs', (versions) => `The VBIOS must be ${versions.join(' or ')}.`),
  on(
    'minimumVbios',
    'how old the VBIOS is',
    (rows) => `The VBIOS must be at least ${rows.map(floor).join('; ')}. Other GPUs are refused.`,
  ),
  on('protectedPcie', 'whether protected PCIe is on', (asked) =>
    asked === 'require'
      ? 'The GPUs must be in protected PCIe mode, and connected to each other by four NVSwitches.'
      : 'No GPU may be in protected PCIe mode.',
  ),
  on(
    'secureBoot',
    'whether the firmware of the GPUs is one that NVIDIA lists',
    () => 'The measurements of each GPU must be among those that NVIDIA lists.',
  ),
  on(
    'debug',
    'whether the firmware of the GPUs is for debugging',
    () => 'No GPU may run firmware that NVIDIA does not list, as debug firmware is.',
  ),
  on(
    'rim',
    'whether RIMs are at hand (those that are given are judged all the same)',
    () => 'RIMs of driver and VBIOS must be at hand, and the measurements must be theirs.',
  ),
  on(
    'vouched',
    'whether anybody else vouches for the GPUs (tokens that are given are judged all the same)',
    () => 'NVIDIA’s or Intel’s attestation service must vouch for each device, by a token.',
  ),
  on(
    'revocation',
    'whether OCSP responses are at hand (those that are given are judged all the same)',
    ({ maximumAgeHours }) =>
      `OCSP responses must be at hand that are at most ${some(maximumAgeHours, 'hour')} old.`,
  ),
  on('nonce', 'freshness of the GPUs', () => 'The GPUs must answer the nonce of the request.'),
  on(
    'binding',
    'whether the GPUs are of the same machine as the CPU: somebody else’s will do',
    () => 'The CPU must vouch for the evidence of the GPUs, which the modes raw and tls cannot.',
  ),
]

const floor = ({ architecture, version }: VbiosFloor): string => `${version} on ${architecture}`

/** Where the section on GPUs accepts more than most people would want. */
export function gpuWarnings({ gpus, binding }: Policy): string[] {
  if (gpus === undefined) return []
  const { modes } = binding
  const unbinding = (['raw', 'tls'] as const).some(
    (mode) => modes === 'any' || modes.includes(mode),
  )
  const loose = 'in the modes raw and tls nothing binds their evidence: any will do.'
  if (gpus === 'any') return unbinding ? [`gpus is "any", and ${loose}`] : []
  const found: [weak: boolean, sentence: string][] = [
    [
      gpus.count === 'any' && gpus.minimumCount === 'any',
      'gpus.count and gpus.minimumCount are "any": evidence without any GPU will do.',
    ],
    [gpus.binding === 'any' && unbinding, `gpus.binding is "any", and ${loose}`],
    [gpus.unique === 'any', 'gpus.unique is "any": one GPU may pass for several.'],
    [
      gpus.rim === 'any' &&
        gpus.vouched === 'any' &&
        gpus.secureBoot === 'any' &&
        gpus.debug === 'any',
      'gpus.rim and gpus.vouched are "any": without RIMs nobody knows what the GPUs run, debug firmware included.',
    ],
    [
      gpus.revocation === 'any',
      'gpus.revocation is "any": without OCSP nobody knows whether NVIDIA took a certificate back.',
    ],
  ]
  return found.filter(([weak]) => weak).map(([, sentence]) => sentence)
}
