// SPDX-License-Identifier: Apache-2.0
// docs/webhook-differences.md has a row for every difference to the Akash provider's webhook, and for no other.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import type { Code } from '../../src/errors.js'
import { decide, type PodRequest, type WebhookPolicy } from '../../src/webhook/decide.js'
import { goWebhook } from '../oracle/go-webhook.js'
import {
  admitted,
  all,
  applied,
  cpuPod,
  creation,
  gpuPod,
  type Loose,
  leasePod,
  NAME,
  POLICY,
  put,
  update,
} from './pods.js'

const TABLE = readFileSync(
  path.resolve(import.meta.dirname, '../../docs/webhook-differences.md'),
  'utf8',
)

/** Row → the code that it says we refuse with; null where both admit. */
const ROWS = new Map(
  [...TABLE.matchAll(/^\| `([a-z-]+)` \|(.*)$/gm)].map(([, row, cells]) => [
    row as string,
    /`(ERR_\w+)`/.exec(cells as string)?.[1] ?? null,
  ]),
)

const TERMS =
  '/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms'
const SNP = 'amd.feature.node.kubernetes.io/snp'
const annotated = (annotations: object) => put('/metadata/annotations', annotations)
const OPT_OUT = { 'akash.network/attestation-disabled': 'true' }
const running = admitted(cpuPod())
const changed = (change: (pod: Loose) => void) => {
  const pod = structuredClone(running)
  change(pod)
  return pod
}

type Case = readonly [row: string, request: PodRequest, policy?: Partial<WebhookPolicy>]

const REFUSED: readonly Case[] = [
  ['name-taken', creation(cpuPod(put('/spec/containers/0/name', NAME)))],
  ['name-elsewhere', creation(cpuPod(put('/spec/initContainers', [{ name: NAME }])))],
  [
    'sidecar-altered',
    creation(changed(put('/spec/containers/1/env/1', { name: 'A', value: 'b' }))),
  ],
  ['port-taken', creation(cpuPod(put('/spec/containers/0/ports/0/containerPort', 8790)))],
  [
    'opted-out-name',
    creation(cpuPod(all(annotated(OPT_OUT), put('/spec/containers/0/name', NAME)))),
  ],
  ['node-by-name', creation(cpuPod(put('/spec/nodeName', 'n')))],
  ['selector-contradicts', creation(cpuPod(put('/spec/nodeSelector', { [SNP]: 'false' })))],
  [
    'affinity-contradicts',
    creation(cpuPod(put(TERMS, [{ matchExpressions: [{ key: SNP, operator: 'DoesNotExist' }] }]))),
  ],
  ['host-namespaces', creation(cpuPod(put('/spec/hostPID', true)))],
  ['host-devices', creation(cpuPod(put('/spec/volumes', [{ hostPath: { path: '/dev' } }])))],
  [
    'kata-annotations',
    creation(cpuPod(annotated({ 'io.katacontainers.config.hypervisor.kernel_params': 'x' }))),
  ],
  ['windows', creation(cpuPod(put('/spec/os', { name: 'windows' })))],
  [
    'gpu-of-the-host',
    creation(gpuPod(put('/spec/containers/0/resources/limits/nvidia.com~1gpu', '1'))),
  ],
  [
    'gpu-unattested',
    creation(cpuPod(put('/spec/containers/0/resources/limits/nvidia.com~1pgpu', '1'))),
  ],
  ['device-claims', creation(cpuPod(put('/spec/resourceClaims', [{ name: 'x' }])))],
  ['tee-unknown', creation(leasePod(annotated({ 'akash.network/tee': 'sgx' })))],
  [
    'tee-and-class',
    creation(
      leasePod(
        all(annotated({ 'akash.network/tee': 'cpu' }), put('/spec/runtimeClassName', 'runc')),
      ),
    ),
  ],
  ['not-a-pod', creation(cpuPod(put('/spec/hostPID', 'yes')))],
  ['update', update(running, changed(put('/spec/containers/1/image', 'x')))],
  [
    'ephemeral',
    update(
      running,
      changed(put('/spec/ephemeralContainers', [{ name: NAME }])),
      'ephemeralcontainers',
    ),
  ],
  [
    'too-small',
    creation(cpuPod(put('/spec/containers/0/resources/limits/cpu', '50m'))),
    { carveResources: true },
  ],
]

/** Which row explains a path that differs between what they admit and what we do. */
const explains = (pointer: string, optedOut: boolean, wished: boolean): string | null => {
  if (wished && pointer === '/spec/runtimeClassName') return 'class-by-wish'
  if (pointer.startsWith('/spec/nodeSelector'))
    return optedOut ? 'opted-out-nodes' : 'node-selector'
  if (/^\/spec\/containers\/\d+\/readinessProbe$/.test(pointer)) return 'probe'
  if (/^\/spec\/containers\/\d+\/securityContext\/runAsNonRoot$/.test(pointer)) return 'non-root'
  if (/^\/spec\/containers\/\d+\/terminationMessage(Path|Policy)$/.test(pointer)) return 'defaults'
  if (/^\/spec\/containers\/0\/resources\/(limits|requests)\/(cpu|memory)$/.test(pointer))
    return 'carving'
  if (pointer === '/spec/initContainers') return 'native'
  return null
}

const ADMITTED: readonly (readonly [request: PodRequest, policy: Partial<WebhookPolicy>])[] = [
  ...['kata-qemu-snp', 'kata-qemu-tdx'].map(
    (name) => [creation(cpuPod(put('/spec/runtimeClassName', name))), {}] as const,
  ),
  ...['kata-qemu-nvidia-gpu-snp', 'kata-qemu-nvidia-gpu-tdx'].map(
    (name) => [creation(gpuPod(put('/spec/runtimeClassName', name))), {}] as const,
  ),
  [creation(leasePod()), {}],
  [creation(leasePod(put('/spec/runtimeClassName', 'kata-qemu'))), {}],
  [creation(cpuPod(put('/metadata/labels', {}))), {}],
  [creation(cpuPod(annotated(OPT_OUT))), {}],
  [creation(cpuPod(annotated({ 'akash.network/attestation-disabled': 'yes' }))), {}],
  [creation(leasePod(annotated({ 'akash.network/tee': 'cpu' }))), {}],
  [creation(cpuPod()), { nativeSidecar: true }],
  [creation(cpuPod()), { carveResources: true }],
  [creation(running), {}],
  [update(running, changed(put('/metadata/labels/x', 'y'))), {}],
]

/** JSON pointers of what two values differ in: the outermost that are in one of them only, or are no objects. */
function differing(a: unknown, b: unknown, at = ''): string[] {
  if (isDeepStrictEqual(a, b)) return []
  const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return [at]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
    differing(a[name], b[name], `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  )
}

/** Without the sidecars, which stand in different lists. */
function apart(pod: Loose): Loose {
  const copy = structuredClone(pod)
  for (const list of ['containers', 'initContainers']) {
    copy.spec[list] = (copy.spec[list] ?? []).filter((one: Loose) => one.name !== NAME)
  }
  return copy
}

t.test('differences: each Pod that only we refuse has its row, with our code', async (t) => {
  for (const [row, request, policy] of REFUSED) {
    const theirs = goWebhook(request.operation, request.pod as Loose, POLICY.sidecarImage)
    t.ok(theirs, `${row}: they refuse nothing`)
    const decision = decide(request, { ...POLICY, ...policy })
    t.equal(decision.allowed, false, `${row}: we do`)
    const code: Code | null = decision.allowed ? null : decision.code
    t.equal(ROWS.get(row), code, `${row}: and the table says so`)
  }
})

t.test('differences: what both admit differs as the table says, and in nothing else', async (t) => {
  const found = new Set<string>()
  for (const [request, policy] of ADMITTED) {
    const pod = request.pod as Loose
    const decision = decide(request, { ...POLICY, ...policy })
    if (!decision.allowed) {
      t.fail(decision.message)
      continue
    }
    const ours = applied(pod, decision.patch)
    const theirs = goWebhook(request.operation, pod, POLICY.sidecarImage) as Loose
    const annotations = pod.metadata.annotations ?? {}
    const optedOut =
      OPT_OUT['akash.network/attestation-disabled'] ===
      annotations[Object.keys(OPT_OUT)[0] as string]
    const wished = annotations['akash.network/tee'] !== undefined
    // A sidecar in another list, or where they have none because they gave the Pod no class, is one difference.
    const moved = policy.nativeSidecar || wished
    if (moved) found.add(policy.nativeSidecar ? 'native' : 'class-by-wish')
    const pointers = moved ? differing(apart(theirs), apart(ours)) : differing(theirs, ours)
    for (const pointer of pointers) {
      const row = explains(pointer, optedOut, wished)
      t.ok(row !== null && ROWS.get(row) === null, `${pointer} is of a row: ${row}`)
      found.add(row as string)
    }
  }
  const admittedRows = [...ROWS].filter(([, code]) => code === null).map(([row]) => row)
  t.same([...found].sort(), admittedRows.sort(), 'no row is without a Pod')
})

t.test('differences: each row is about a Pod here', async (t) => {
  const refusedRows = [...ROWS].filter(([, code]) => code !== null).map(([row]) => row)
  t.same(REFUSED.map(([row]) => row).sort(), refusedRows.sort())
  t.equal(ROWS.size, [...TABLE.matchAll(/^\| `[a-z-]+` \|/gm)].length, 'and none is there twice')
})
