// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { admitted, create, gpuPod, type Loose, NAME, put, refuses, sidecars } from './pods.js'

const TOKEN = {
  name: 'kube-api-access-x7k2p',
  readOnly: true,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
}
const VOLUME = { name: TOKEN.name, projected: { defaultMode: 420, sources: [] } }

/** A Pod with our sidecar, and a change to the sidecar. */
function withSidecar(change: (sidecar: Loose, pod: Loose) => void, native = false): Loose {
  const pod = admitted(gpuPod(), { nativeSidecar: native })
  pod.spec.volumes = [{ name: 'data', emptyDir: {} }, structuredClone(VOLUME)]
  change(sidecars(pod)[0], pod)
  return pod
}

t.test('ours: what the API server itself adds is accepted', async (t) => {
  for (const native of [false, true]) {
    for (const [title, change] of [
      ['nothing', () => {}],
      ['the token', put('/volumeMounts', [TOKEN])],
      ['no mounts', put('/volumeMounts', [])],
      ['AlwaysPullImages', put('/imagePullPolicy', 'Always')],
      ['a limit of the disk', put('/resources/limits/ephemeral-storage', '1Gi')],
      ['a request of the disk', put('/resources/requests/ephemeral-storage', '1Gi')],
      ['the default of proc', put('/securityContext/procMount', 'Default')],
      ['no policy of resizing', put('/resizePolicy', [])],
      [
        'the default of resizing',
        put('/resizePolicy', [
          { resourceName: 'cpu', restartPolicy: 'NotRequired' },
          { resourceName: 'memory', restartPolicy: 'NotRequired' },
        ]),
      ],
    ] as const) {
      t.match(
        create(withSidecar(change, native), { nativeSidecar: native }),
        { allowed: true, patch: [], reason: 'unchanged' },
        title,
      )
    }
  }
})

t.test('ours: anything else is a stranger', async (t) => {
  const env = (name: string) => put('/env/3', { name, value: 'x' })
  const mount = (change: object) => put('/volumeMounts', [{ ...TOKEN, ...change }])
  const volume =
    (value: object): ((sidecar: Loose, pod: Loose) => void) =>
    (sidecar, pod) => {
      sidecar.volumeMounts = [TOKEN]
      pod.spec.volumes[1] = value
    }
  for (const [title, change] of [
    ['its image', put('/image', 'evil')],
    ['its command', put('/command', ['/bin/sh'])],
    ['another argument', put('/command/1', '-c')],
    ['arguments', put('/args', ['--plain-http'])],
    ['its port', put('/ports/0/containerPort', 8791)],
    ['its port on the host', put('/ports/0/hostPort', 8790)],
    ['another port', put('/ports/1', { containerPort: 1, protocol: 'TCP' })],
    ['no ports', put('/ports', [])],
    ['where it listens', put('/env/0/value', ':1')],
    ['what it loads', env('LD_PRELOAD')],
    ['how it runs', env('NODE_OPTIONS')],
    ['an order of its environment', (sidecar: Loose) => sidecar.env.reverse()],
    ['an environment from elsewhere', put('/envFrom', [{ configMapRef: { name: 'x' } }])],
    ['its rights', put('/securityContext/privileged', false)],
    ['its user', put('/securityContext/runAsUser', 1000)],
    ['capabilities', put('/securityContext/capabilities', { drop: ['ALL'] })],
    ['an open proc', put('/securityContext/procMount', 'Unmasked')],
    ['no rights at all', put('/securityContext', null)],
    ['its memory', put('/resources/limits/memory', '1Mi')],
    ['its memory in other words', put('/resources/limits/memory', '131072Ki')],
    ['no limits', (sidecar: Loose) => delete sidecar.resources.limits],
    ['limits of nothing', put('/resources/limits', null)],
    ['pages', put('/resources/limits/hugepages-2Mi', '2Mi')],
    ['a claim', put('/resources/claims', [{ name: 'x' }])],
    ['no resources', put('/resources', null)],
    ['its probe', put('/readinessProbe/httpGet/path', '/info')],
    ['another probe', put('/livenessProbe', { exec: { command: ['true'] } })],
    ['no probe', (sidecar: Loose) => delete sidecar.readinessProbe],
    ['a hook', put('/lifecycle', { postStart: { exec: { command: ['x'] } } })],
    ['how it restarts', put('/restartPolicy', 'Never')],
    ['standard input', put('/stdin', true)],
    ['its directory', put('/workingDir', '/tmp')],
    ['when it is pulled', put('/imagePullPolicy', 'Never')],
    [
      'a prototype',
      (sidecar: Loose) =>
        Object.defineProperty(sidecar, '__proto__', { value: {}, enumerable: true }),
    ],
    [
      'a resizing that restarts',
      put('/resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }]),
    ],
    [
      'a resizing of the disk',
      put('/resizePolicy', [{ resourceName: 'disk', restartPolicy: 'NotRequired' }]),
    ],
    [
      'a resizing with more',
      put('/resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'NotRequired', x: 1 }]),
    ],
    ['a resizing of nothing', put('/resizePolicy', ['cpu'])],
    [
      'a resizing three times',
      put('/resizePolicy', Array(3).fill({ resourceName: 'cpu', restartPolicy: 'NotRequired' })),
    ],
    ['no list of resizings', put('/resizePolicy', 'x')],
    ['a mount elsewhere', mount({ mountPath: '/attestation-sidecar' })],
    ['a mount that is written', mount({ readOnly: false })],
    ['a mount of a part', mount({ subPath: 'x' })],
    ['a mount of another volume', mount({ name: 'data' })],
    ['a mount of no volume', mount({ name: 'kube-api-access-gone' })],
    ['a mount of no name', mount({ name: 1 })],
    ['two mounts', put('/volumeMounts', [TOKEN, { ...TOKEN, mountPath: '/dev' }])],
    ['no mount', put('/volumeMounts', ['x'])],
    ['no list of mounts', put('/volumeMounts', 'x')],
    ['a device', put('/volumeDevices', [{ name: 'data', devicePath: '/dev/sev-guest' }])],
    ['a token from the host', volume({ name: TOKEN.name, hostPath: { path: '/tmp' } })],
    ['a token that is two volumes', volume({ ...VOLUME, hostPath: { path: '/tmp' } })],
    ['a token that is no volume', volume({ name: TOKEN.name, projected: 'x' })],
  ] as const) {
    refuses(t, create(withSidecar(change)), 'ERR_POD_SIDECAR', title)
  }
  refuses(t, create(withSidecar((_, pod) => pod.spec.volumes.splice(1, 1, 'x'))), 'ERR_POD_FORMAT')
})

t.test('ours: the field that differs is named', async (t) => {
  const message = refuses(t, create(withSidecar(put('/image', 'evil'))), 'ERR_POD_SIDECAR')
  t.match(message, 'spec.containers[1].image')
})

t.test('ours: it stands once, in the list of the operator’s choice', async (t) => {
  const twice = withSidecar((sidecar, pod) => pod.spec.containers.push(structuredClone(sidecar)))
  refuses(t, create(twice), 'ERR_POD_SIDECAR', 'twice')
  const both = withSidecar((sidecar, pod) => {
    pod.spec.initContainers = [{ ...sidecar, restartPolicy: 'Always' }]
  })
  refuses(t, create(both), 'ERR_POD_SIDECAR', 'in both lists')
  const plain = withSidecar(() => {})
  refuses(t, create(plain, { nativeSidecar: true }), 'ERR_POD_SIDECAR', 'not as a native one')
  const native = withSidecar(() => {}, true)
  refuses(t, create(native), 'ERR_POD_SIDECAR', 'not as a plain one')
  const other = withSidecar(() => {})
  const image = { sidecarImage: 'registry.example/newer' }
  refuses(t, create(other, image), 'ERR_POD_SIDECAR', 'not with another image')
  t.equal(sidecars(other)[0].name, NAME)
})
