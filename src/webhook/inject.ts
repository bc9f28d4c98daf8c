// SPDX-License-Identifier: Apache-2.0
// The sidecar's container, and where it goes. Every field that the API server would fill in is written
// out, so that what is read back is what was put in.

import type { V1Container } from '@kubernetes/client-node'
import { type RuntimeClass, SIDECAR, SIDECAR_RESOURCES } from './names.js'
import { type Fields, listOf } from './pod-read.js'

export interface SidecarChoice {
  readonly sidecarImage: string
  /** As an init container that stays: it runs before the workload does and ends after it. */
  readonly nativeSidecar: boolean
}

/** As AEP-83 section 4 and the Akash provider name it. */
export function sidecarContainer(
  { sidecarImage, nativeSidecar }: SidecarChoice,
  { gpu }: RuntimeClass,
): Fields {
  const { requests, limits } = SIDECAR_RESOURCES[gpu ? 'cpu-gpu' : 'cpu']
  return {
    name: SIDECAR.container,
    image: sidecarImage,
    imagePullPolicy: 'IfNotPresent',
    command: [SIDECAR.command],
    ports: [{ name: SIDECAR.portName, containerPort: SIDECAR.port, protocol: 'TCP' }],
    env: [
      { name: SIDECAR.listenVariable, value: `:${SIDECAR.port}` },
      ...(gpu
        ? [
            { name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' },
            { name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'utility' },
          ]
        : []),
    ],
    resources: { requests: { ...requests }, limits: { ...limits } },
    // The last one because a Pod that says runAsNonRoot would otherwise keep its own sidecar from starting.
    securityContext: { privileged: true, runAsUser: 0, runAsNonRoot: false },
    readinessProbe: {
      httpGet: { path: SIDECAR.healthPath, port: SIDECAR.port, scheme: 'HTTPS' },
      // A tenth of a core, which a burst of handshakes may use up.
      timeoutSeconds: 5,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...(nativeSidecar && { restartPolicy: 'Always' }),
  } satisfies V1Container
}

/** The list that the sidecar stands in. */
export const sidecarList = ({ nativeSidecar }: SidecarChoice) =>
  nativeSidecar ? 'initContainers' : 'containers'

/** `spec` with the sidecar: last of the containers, so that the workload stays the default one, or first of those that come before. */
export function withSidecar(spec: Fields, choice: SidecarChoice, container: Fields): Fields {
  const list = sidecarList(choice)
  const others = listOf(spec[list], `spec.${list}`)
  return {
    ...spec,
    [list]: choice.nativeSidecar ? [container, ...others] : [...others, container],
  }
}
