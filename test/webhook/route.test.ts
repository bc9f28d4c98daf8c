// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import {
  admitted,
  cpuPod,
  create,
  type Loose,
  leasePod,
  NAME,
  put,
  refuses,
  sidecars,
} from './pods.js'

t.test('route: a Pod that asks for a TEE gets the class of the platform', async (t) => {
  const asking = (annotations: object, change: (pod: Loose) => void = () => {}) =>
    leasePod((pod) => {
      pod.metadata.annotations = annotations
      change(pod)
    })
  const withGpu = (pod: Loose) => {
    pod.spec.containers[0].resources.limits['nvidia.com/pgpu'] = '2'
  }
  const noGpu = (pod: Loose) => {
    pod.spec.containers[0].resources.limits['nvidia.com/pgpu'] = '0'
  }
  for (const [platform, annotations, change, name] of [
    ['snp', { 'akash.network/tee': 'cpu' }, undefined, 'kata-qemu-snp'],
    ['tdx', { 'akash.network/tee': 'cpu' }, undefined, 'kata-qemu-tdx'],
    ['snp', { 'akash.network/tee': 'cpu-gpu' }, withGpu, 'kata-qemu-nvidia-gpu-snp'],
    ['tdx', { 'akash.network/tee': 'cpu-gpu' }, withGpu, 'kata-qemu-nvidia-gpu-tdx'],
    ['snp', { 'attestation.enabled': 'true' }, undefined, 'kata-qemu-snp'],
    ['snp', { 'attestation.enabled': 'true' }, noGpu, 'kata-qemu-snp'],
    ['tdx', { 'attestation.enabled': 'true' }, withGpu, 'kata-qemu-nvidia-gpu-tdx'],
    [
      'snp',
      { 'akash.network/tee': 'cpu', 'attestation.enabled': 'true' },
      undefined,
      'kata-qemu-snp',
    ],
  ] as const) {
    const pod = asking(annotations, change)
    const after = admitted(pod, { platform })
    const title = `${platform} ${JSON.stringify(annotations)}`
    t.equal(after.spec.runtimeClassName, name, title)
    t.equal(sidecars(after).length, 1, title)
    const empty = asking(annotations, (pod) => {
      change?.(pod)
      pod.spec.runtimeClassName = null
      pod.spec.nodeSelector = null
    })
    t.strictSame(admitted(empty, { platform }), after, `${title}: null is absent`)
  }
  const named = asking({ 'akash.network/tee': 'cpu' }, (pod) => {
    pod.spec.runtimeClassName = 'kata-qemu-tdx'
  })
  t.equal(
    admitted(named, { platform: 'snp' }).spec.runtimeClassName,
    'kata-qemu-tdx',
    'a class that the Pod names wins over the platform of the operator',
  )
})

t.test('route: who opts out gets no sidecar, and the same nodes and rules', async (t) => {
  const optedOut = (change: (pod: Loose) => void = () => {}) =>
    cpuPod((pod) => {
      pod.metadata.annotations = { 'akash.network/attestation-disabled': 'true' }
      change(pod)
    })
  const pod = optedOut()
  t.match(create(pod), { allowed: true, reason: 'opted-out' })
  const after = admitted(pod)
  t.strictSame(sidecars(after), [])
  t.strictSame(after.spec.nodeSelector, admitted(cpuPod()).spec.nodeSelector)
  t.strictSame(create(after), { allowed: true, patch: [], reason: 'opted-out', warnings: [] })
  const asks = leasePod((pod) => {
    pod.metadata.annotations = {
      'akash.network/tee': 'cpu',
      'akash.network/attestation-disabled': 'true',
    }
  })
  t.equal(admitted(asks).spec.runtimeClassName, 'kata-qemu-snp', 'the TEE is not lost with it')
  refuses(t, create(optedOut(put('/spec/hostPID', true))), 'ERR_POD_HOST')
  refuses(
    t,
    create(optedOut(put('/spec/containers/0/name', NAME))),
    'ERR_POD_SIDECAR',
    'its name is taken even so',
  )
  refuses(
    t,
    create(optedOut(put('/spec/containers/0/ports/0/containerPort', 8790))),
    'ERR_POD_SIDECAR',
    'its port is taken even so',
  )
  t.match(create(optedOut(put('/spec/restartPolicy', 'Never'))), { warnings: [] })
})

t.test('route: only "true" opts out, and another value is warned about', async (t) => {
  for (const [value, warnings] of [
    ['false', 0],
    ['True', 1],
    ['', 1],
    ['yes', 1],
  ] as const) {
    const pod = cpuPod((pod) => {
      pod.metadata.annotations = { 'akash.network/attestation-disabled': value }
    })
    const decision = create(pod)
    t.match(decision, { allowed: true, reason: 'injected' }, JSON.stringify(value))
    t.equal(decision.allowed && decision.warnings.length, warnings, JSON.stringify(value))
  }
  const off = cpuPod(put('/metadata/annotations', { 'attestation.enabled': 'false' }))
  const decision = create(off)
  t.match(decision, { allowed: true, reason: 'injected', warnings: [/attestation-disabled/] })
})

t.test('route: a Pod that is to end is warned about, unless its sidecar lets it', async (t) => {
  const job = cpuPod(put('/spec/restartPolicy', 'OnFailure'))
  t.match(create(job), { allowed: true, warnings: [/native-sidecar/] })
  t.match(create(job, { nativeSidecar: true }), { allowed: true, warnings: [] })
  const unsaid = cpuPod((pod) => void delete pod.spec.restartPolicy)
  t.match(create(unsaid), { allowed: true, warnings: [] })
})
