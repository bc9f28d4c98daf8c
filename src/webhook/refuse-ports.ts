// SPDX-License-Identifier: Apache-2.0
// The sidecar's port belongs to the sidecar: whoever asks there must not reach anything else.

import { SIDECAR } from './names.js'
import type { Container } from './pod.js'
import { fieldsOf, integerOf, listOf, refusal } from './pod-read.js'

/** @throws {AttestationError} `ERR_POD_SIDECAR`, `ERR_POD_FORMAT` */
export function refusePorts(containers: readonly Container[]): void {
  for (const container of containers) {
    if (container.name !== SIDECAR.container) refuseContainer(container)
  }
}

function refuseContainer({ at, value }: Container): void {
  for (const [index, element] of listOf(value.ports, `${at}.ports`).entries()) {
    const port = fieldsOf(element, `${at}.ports[${index}]`)
    for (const field of ['containerPort', 'hostPort'] as const) {
      const where = `${at}.ports[${index}].${field}`
      if (integerOf(port[field], where) === SIDECAR.port) {
        throw refusal(
          'ERR_POD_SIDECAR',
          `${where} is ${SIDECAR.port}, where tenants expect the sidecar: take another port`,
        )
      }
    }
  }
}
