// SPDX-License-Identifier: Apache-2.0
// Takes the sidecar's share out of the workload, so that the Pod as a whole stays within its lease.

import { type Amounts, LEAST_RESOURCES, type RuntimeClass, SIDECAR_RESOURCES } from './names.js'
import { formatCpu, formatMemory, parseQuantity } from './pod-quantity.js'
import { type Fields, fieldsOf, refusal } from './pod-read.js'

type Resource = keyof Amounts
const RESOURCES: readonly Resource[] = ['cpu', 'memory']

const FORMATS: Readonly<Record<Resource, (amount: bigint) => string>> = {
  cpu: formatCpu,
  memory: formatMemory,
}

/**
 * The containers, the first of them made smaller by what the sidecar gets. What is not limited was not
 * leased, and what is not requested is not reserved: both stay so.
 *
 * @param containers at least one
 * @throws {AttestationError} `ERR_POD_RESOURCES` where too little would be left, `ERR_POD_FORMAT`
 */
export function carved(containers: readonly Fields[], runtimeClass: RuntimeClass): Fields[] {
  const at = 'spec.containers[0].resources'
  const [primary, ...others] = containers as readonly [Fields, ...Fields[]]
  const resources = fieldsOf(primary.resources, at)
  const share = SIDECAR_RESOURCES[runtimeClass.gpu ? 'cpu-gpu' : 'cpu']
  const limits = reduced(resources.limits, share.limits, `${at}.limits`)
  const requests = reduced(resources.requests, share.requests, `${at}.requests`)
  const parts = {
    ...(limits && { limits }),
    ...(requests && { requests: limits ? within(requests, limits, at) : requests }),
  }
  if (Object.keys(parts).length === 0) return [...containers]
  return [{ ...primary, resources: { ...resources, ...parts } }, ...others]
}

/** Null where there is nothing to take from. */
function reduced(value: unknown, share: Amounts, at: string): Fields | null {
  const amounts = fieldsOf(value, at)
  const smaller: [Resource, string][] = []
  for (const resource of RESOURCES) {
    const amount = amountOf(amounts, resource, at)
    if (amount <= 0n) continue
    const taken = parseQuantity(share[resource], at)
    const least = taken + parseQuantity(LEAST_RESOURCES[resource], at)
    if (amount < least) {
      const { [resource]: format } = FORMATS
      throw refusal(
        'ERR_POD_RESOURCES',
        `${at}.${resource} is ${format(amount)}, and the sidecar takes ${share[resource]} of it: make it at least ${format(least)}`,
      )
    }
    smaller.push([resource, FORMATS[resource](amount - taken)])
  }
  return smaller.length === 0 ? null : { ...amounts, ...Object.fromEntries(smaller) }
}

/** Requests may not exceed limits, of which the sidecar has the larger share. */
function within(requests: Fields, limits: Fields, at: string): Fields {
  const lower = RESOURCES.filter((resource) => {
    const limit = amountOf(limits, resource, `${at}.limits`)
    return limit > 0n && amountOf(requests, resource, `${at}.requests`) > limit
  })
  return {
    ...requests,
    ...Object.fromEntries(lower.map((resource) => [resource, limits[resource]])),
  }
}

const amountOf = (amounts: Fields, resource: Resource, at: string): bigint =>
  amounts[resource] === undefined ? 0n : parseQuantity(amounts[resource], `${at}.${resource}`)
