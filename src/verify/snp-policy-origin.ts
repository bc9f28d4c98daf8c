// SPDX-License-Identifier: Apache-2.0
// Policy on where evidence comes from: the product, the kind of key, the provider, the chip.

import { CHIP_ID_LEN } from '../../assembly/snp/layout.js'
import { isZero } from '../core/bytes.js'
import type { Problem } from './result.js'
import {
  type Evidence,
  missing,
  type Objection,
  onEvidence,
  type Rule,
  spells,
} from './snp-policy-rules.js'

export const ORIGIN_RULES: readonly Rule[] = [
  onEvidence(
    {
      check: 'snp.products',
      code: 'ERR_POLICY_PRODUCT',
      field: ({ products }) => products,
      good: 'the product is one that the policy lists',
    },
    (products, { facts }) =>
      facts.product === null
        ? missing(facts)
        : unless(products.includes(facts.product), `the product is ${facts.product}`),
  ),
  onEvidence(
    {
      check: 'snp.endorsement-key',
      code: 'ERR_POLICY_ENDORSEMENT_KEY',
      field: ({ endorsementKey }) => endorsementKey,
      good: 'the key is of a kind that the policy lists',
    },
    (kinds, { facts }) =>
      facts.kind === null
        ? missing(facts)
        : unless(kinds.includes(facts.kind), `the key is a ${facts.kind.toUpperCase()}`),
  ),
  onEvidence(
    {
      check: 'snp.csp-id',
      code: 'ERR_POLICY_CSP_ID',
      field: ({ cspId }) => cspId,
      good: 'the provider is one that the policy lists',
    },
    (providers, { facts: { kind, cspId }, facts }) => {
      if (kind === null) return missing(facts)
      if (cspId === null) return 'the certificate names no provider'
      return unless(providers.includes(cspId), 'the provider is none that the policy lists')
    },
  ),
  onEvidence(
    {
      check: 'snp.chip-id',
      code: 'ERR_POLICY_CHIP_ID',
      field: ({ chipId }) => chipId,
      good: 'the chip is one that the policy lists',
    },
    (chips, evidence) => {
      const chip = chipOf(evidence)
      if (!(chip instanceof Uint8Array)) return chip
      const listed = chips.some((id) => names(id, chip))
      return unless(listed, 'the chip is none that the policy lists')
    },
  ),
]

const unless = (holds: boolean, objection: string): Objection => (holds ? null : objection)

/**
 * CHIP_ID, whole. The key of a VCEK is of the chip that its certificate names, whatever the report
 * shows; a VLEK is of none, and the report has to say.
 */
function chipOf({ report, facts }: Evidence): Uint8Array | Problem {
  if (facts.kind === null) return missing(facts)
  if (facts.kind === 'vcek') {
    if (facts.hwId === null) {
      return { code: 'ERR_SNP_CHIP_ID', detail: 'the certificate names no chip' }
    }
    const chip = new Uint8Array(CHIP_ID_LEN)
    chip.set(facts.hwId)
    return chip
  }
  if (!('report' in report)) return report
  const chip = report.report.chipId
  return isZero(chip) ? { code: 'ERR_CHIP_ID_MASKED', detail: 'the host masks CHIP_ID' } : chip
}

/** Ids of Turin are shorter, and zeros follow them in CHIP_ID. */
function names(id: string, chip: Uint8Array): boolean {
  const length = id.length / 2
  return spells(id, chip.subarray(0, length)) && isZero(chip.subarray(length))
}
