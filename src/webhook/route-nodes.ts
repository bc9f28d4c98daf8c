// SPDX-License-Identifier: Apache-2.0
// Nodes that a confidential Pod may run on: those that can attest it, and none by another way.

import { NODE_LABELS, type PlatformName, type RuntimeClass, YES } from './names.js'
import type { Pod } from './pod.js'
import { entryOf, type Fields, fieldsOf, listOf, quoted, refusal, textOf } from './pod-read.js'

const OTHER: Readonly<Record<PlatformName, PlatformName>> = { snp: 'tdx', tdx: 'snp' }

/** Labels that the node of such a Pod has (AEP-83 section 3). */
export const requiredLabels = ({ platform, gpu }: RuntimeClass): readonly string[] => [
  NODE_LABELS.kata,
  NODE_LABELS[platform],
  ...(gpu ? [NODE_LABELS.gpu] : []),
]

/**
 * The node selector with what the runtime class needs.
 *
 * @returns the one that the Pod has, when it lacks nothing
 * @throws {AttestationError} `ERR_POD_NODE`, `ERR_POD_FORMAT`
 */
export function routedSelector({ spec }: Pod, runtimeClass: RuntimeClass): unknown {
  const at = 'spec.nodeSelector'
  const selector = fieldsOf(spec.nodeSelector, at)
  const wanted: [string, string][] = []
  for (const label of requiredLabels(runtimeClass)) {
    const value = entryOf(selector, label, at)
    if (value === undefined) wanted.push([label, YES])
    else if (value !== YES) {
      throw refusal(
        'ERR_POD_NODE',
        `${at}[${quoted(label)}] is ${quoted(value)}, where ${runtimeClass.name} needs "true": leave it out`,
      )
    }
  }
  const foreign = NODE_LABELS[OTHER[runtimeClass.platform]]
  if (entryOf(selector, foreign, at) === YES) {
    throw refusal(
      'ERR_POD_NODE',
      `${at}[${quoted(foreign)}] selects nodes that cannot run ${runtimeClass.name}: leave it out`,
    )
  }
  return wanted.length === 0 ? spec.nodeSelector : { ...selector, ...Object.fromEntries(wanted) }
}

/**
 * Refuses what goes around the scheduler, and required terms that no node with the labels can meet. Terms
 * are alternatives, so each of them has to admit such nodes; preferred terms bind nobody.
 *
 * @throws {AttestationError} `ERR_POD_NODE`, `ERR_POD_FORMAT`
 */
export function refuseEscapes({ spec }: Pod, runtimeClass: RuntimeClass): void {
  const nodeName = textOf(spec.nodeName, 'spec.nodeName')
  if (nodeName !== '') {
    throw refusal(
      'ERR_POD_NODE',
      `spec.nodeName is ${quoted(nodeName)}: leave it out, for the scheduler finds a node that can attest`,
    )
  }
  const affinity = fieldsOf(spec.affinity, 'spec.affinity')
  const forNodes = fieldsOf(affinity.nodeAffinity, 'spec.affinity.nodeAffinity')
  const field = 'requiredDuringSchedulingIgnoredDuringExecution'
  const at = `spec.affinity.nodeAffinity.${field}`
  const terms = fieldsOf(forNodes[field], at).nodeSelectorTerms
  const has = new Set(requiredLabels(runtimeClass))
  const lacks = NODE_LABELS[OTHER[runtimeClass.platform]]
  for (const [index, value] of listOf(terms, `${at}.nodeSelectorTerms`).entries()) {
    const where = `${at}.nodeSelectorTerms[${index}]`
    refuseTerm(fieldsOf(value, where), where, { has, lacks, runtimeClass })
  }
}

interface Nodes {
  readonly has: ReadonlySet<string>
  readonly lacks: string
  readonly runtimeClass: RuntimeClass
}

function refuseTerm(term: Fields, where: string, { has, lacks, runtimeClass }: Nodes): void {
  const expressions = listOf(term.matchExpressions, `${where}.matchExpressions`)
  for (const [index, element] of expressions.entries()) {
    const at = `${where}.matchExpressions[${index}]`
    const expression = fieldsOf(element, at)
    const key = textOf(expression.key, `${at}.key`)
    if (!has.has(key) && key !== lacks) continue
    if (!admits(expression, at, has.has(key) ? YES : null)) {
      throw refusal(
        'ERR_POD_NODE',
        `${at} about ${quoted(key)} shuts out the nodes that can run ${runtimeClass.name}: leave it out`,
      )
    }
  }
}

/** Whether a node whose label is `label`, null when it has none, meets the expression. */
function admits(expression: Fields, at: string, label: string | null): boolean {
  const operator = textOf(expression.operator, `${at}.operator`)
  const values = listOf(expression.values, `${at}.values`)
  switch (operator) {
    case 'In':
      return label !== null && values.includes(label)
    case 'NotIn':
      return label === null || !values.includes(label)
    case 'Exists':
      return label !== null
    case 'DoesNotExist':
      return label === null
    // Gt and Lt are about integers, and no other operator is met by anything.
    default:
      return false
  }
}
