// SPDX-License-Identifier: Apache-2.0
// Pods at random, put together of what Pods have and of what they should not.

import fc from 'fast-check'
import type { WebhookPolicy } from '../../src/webhook/decide.js'
import { all, leasePod, NAME, put } from './pods.js'

/** Confidential class → labels of its nodes. */
export const CLASSES: Record<string, readonly string[]> = {
  'kata-qemu-snp': ['katacontainers.io/kata-runtime', 'amd.feature.node.kubernetes.io/snp'],
  'kata-qemu-tdx': ['katacontainers.io/kata-runtime', 'intel.feature.node.kubernetes.io/tdx'],
  'kata-qemu-nvidia-gpu-snp': [
    'katacontainers.io/kata-runtime',
    'amd.feature.node.kubernetes.io/snp',
    'nvidia.com/cc.ready.state',
  ],
  'kata-qemu-nvidia-gpu-tdx': [
    'katacontainers.io/kata-runtime',
    'intel.feature.node.kubernetes.io/tdx',
    'nvidia.com/cc.ready.state',
  ],
}

export const policies: fc.Arbitrary<WebhookPolicy> = fc.record({
  sidecarImage: fc.constantFrom('registry.example/a@sha256:aa', 'b:1'),
  platform: fc.constantFrom('snp' as const, 'tdx' as const),
  carveResources: fc.boolean(),
  nativeSidecar: fc.boolean(),
})

export const at = (pointer: string, ...values: readonly unknown[]) =>
  fc.constantFrom(...values).map((value) => put(pointer, value))

/** What makes a Pod confidential, or looks as if. */
export const asks = fc.oneof(
  at('/spec/runtimeClassName', ...Object.keys(CLASSES), 'kata-qemu', 'runc', '', null),
  at('/metadata/annotations/akash.network~1tee', 'cpu', 'cpu-gpu', 'sgx', ''),
  at('/metadata/annotations/attestation.enabled', 'true', 'false', 'x'),
  at('/metadata/annotations/akash.network~1attestation-disabled', 'true', 'false'),
  at('/metadata/labels/akash.network', 'true', 'false'),
)

/** What Pods have, rightly or not. */
export const features = fc.oneof(
  at('/spec/containers/0/resources/limits/nvidia.com~1pgpu', '0', '1', '8'),
  at('/spec/containers/0/resources/limits/nvidia.com~1gpu', '0', '1'),
  at('/spec/containers/0/resources/limits/cpu', '50m', '2', null, '0'),
  at('/spec/containers/0/resources/requests/memory', '16Mi', '512Mi', '1Gi'),
  at('/spec/containers/0/name', NAME, 'web', '__proto__'),
  at('/spec/containers/0/ports/0/containerPort', 80, 8790, 8791),
  at(
    '/spec/containers/1',
    { name: 'b', image: 'b' },
    { name: NAME, image: 'b' },
    { name: 'b', ports: [{ hostPort: 8790 }] },
  ),
  at('/spec/initContainers', [{ name: 'i' }], [{ name: NAME }], [], null, [
    { name: 'i', restartPolicy: 'Always' },
  ]),
  at(
    '/spec/nodeSelector',
    {},
    { zone: 'a' },
    { 'katacontainers.io/kata-runtime': 'true' },
    { 'amd.feature.node.kubernetes.io/snp': 'false' },
    null,
  ),
  at('/spec/nodeName', 'n', '', null),
  at('/spec/hostNetwork', true, false),
  at('/spec/shareProcessNamespace', true, false, null),
  at(
    '/spec/volumes',
    [{ name: 'v', hostPath: { path: '/dev' } }],
    [{ name: 'v', emptyDir: {} }],
    [],
  ),
  at(
    '/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms',
    [],
    [{}],
    [
      {
        matchExpressions: [{ key: 'amd.feature.node.kubernetes.io/snp', operator: 'DoesNotExist' }],
      },
    ],
  ),
  at('/spec/restartPolicy', 'Always', 'Never'),
  at('/metadata/annotations/io.katacontainers.config.hypervisor.kernel_params', 'x'),
  at('/spec/securityContext', { runAsNonRoot: true }, null),
)

export const pods = fc
  .tuple(fc.array(asks, { maxLength: 3 }), fc.array(features, { maxLength: 5 }))
  .map(([some, more]) => {
    const pod = leasePod()
    const tries = [...some, ...more]
    for (const change of tries) {
      // Into what an earlier change made null there is no way.
      try {
        all(change)(pod)
      } catch {}
    }
    return pod
  })
