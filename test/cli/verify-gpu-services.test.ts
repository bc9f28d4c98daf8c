// SPDX-License-Identifier: Apache-2.0
// Where `assay verify` gets RIMs and OCSP responses that are not at hand, and tokens of others.

import { createHash } from 'node:crypto'
import t from 'tap'
import { parseGpuReport } from '../../src/core/nvidia.js'
import type { GpuEvidence } from '../../src/evidence.js'
import { authenticity, type GpuPolicy } from '../../src/verify/index.js'
import { VirtualClock } from '../fake/clock.js'
import { base64 } from '../fake/evidence.js'
import { mintGpus } from '../fake/gpus.js'
import { type Bytes, mintDevice } from '../fake/nvidia-device.js'
import { issuerOf, mintOcsp, NOW, partsOf, readRequest } from '../fake/ocsp.js'
import { mintRimSigner, RIM_AT } from '../fake/rim.js'
import { fresh, put } from './desk.js'
import { assay, type World } from './terminal.js'

const NONCE = new Uint8Array(32).fill(0xa5)

const flagsOf = ({ evidence, certChain }: Omit<GpuEvidence, 'index'>): string[] => [
  ...['--gpu', put(evidence), '--cert-chain', put(certChain)],
]
const policyFile = (gpus: Partial<GpuPolicy>): string[] => {
  const policy = authenticity()
  return ['--policy', put({ ...policy, gpus: { ...policy.gpus, binding: 'any', ...gpus } })]
}

/** Nobody's time is up here. */
function patient(at: Date): World {
  const clock = new VirtualClock(at, () => false)
  return { now: () => at, sleep: clock.sleep }
}

async function run(argv: readonly string[], world: World = {}) {
  const { code, out, err } = await assay(['verify', ...argv, '--json'], world)
  const { findings = [] } = code < 30 ? JSON.parse(out) : {}
  const codes = findings.flatMap((one: { code: string | null }) => one.code ?? [])
  return { code, err, codes: [...new Set(codes)] }
}

t.test('verify --gpu: RIMs come from a mirror, and from the cache afterwards', async (t) => {
  const [nvidia, signer] = [await mintGpus(1), await mintRimSigner()]
  const [gpu] = (await nvidia.answer(NONCE)) as [GpuEvidence]
  const { measurements } = parseGpuReport(gpu.evidence)
  const golden = (index: number) => [
    { index, alternatives: [Buffer.from(measurements[index] as Bytes).toString('hex')] },
  ]
  const rims: Record<string, Bytes> = {
    'NV_GPU_DRIVER_GH100_580.95.05': await signer.rim({ measurements: golden(7) }),
    NV_GPU_VBIOS_SIM0_0000_882_960074001A: await signer.rim({
      ...{ version: '96.00.74.00.1A', measurements: golden(1) },
    }),
  }
  const asked: string[] = []
  const respond: typeof fetch = async (input) => {
    const { pathname, host } = new URL(String(input))
    asked.push(host)
    const id = pathname.slice('/v1/rim/'.length)
    const rim = rims[id] as Bytes
    const sha256 = createHash('sha256').update(rim).digest('hex')
    return new Response(
      JSON.stringify({ id, rim: base64(rim), sha256, request_id: '', rim_format: 'TCG' }),
    )
  }
  const argv = [
    ...flagsOf(gpu),
    ...['--roots', put(nvidia.root), '--roots', put(signer.root)],
    ...[...policyFile({ rim: 'require' }), '--cache', fresh('cache')],
    ...['--rim-url', 'http://rims.example'],
  ]
  const world = { ...patient(RIM_AT), fetch: respond }
  t.same(await run(argv, world), { code: 0, err: '', codes: [] })
  t.same(asked, ['rims.example', 'rims.example'])
  t.equal((await run([...argv, '--offline'], world)).code, 0, 'out of the cache')
  const empty = [...argv.slice(0, -4), '--cache', fresh('cache'), '--offline']
  const offline = await run(empty, world)
  t.same([offline.code, offline.codes], [20, ['ERR_RIM_MISSING']])
  t.equal(asked.length, 2)
})

t.test('verify --gpu: OCSP responses come from a mirror', async (t) => {
  const device = await mintDevice()
  const places = ['device', 'provisioner', 'identity'] as const
  const respond: typeof fetch = async (_, init = {}) => {
    const { serial } = readRequest(init.body as Uint8Array)
    const at = places.findIndex((_, place) =>
      Buffer.from(partsOf(device.chain[place + 1] as Bytes).serial).equals(serial),
    )
    const place = places[at] as (typeof places)[number]
    return new Response(await mintOcsp(device.chain[at + 1] as Bytes, issuerOf(device, place)))
  }
  const argv = [
    ...flagsOf({ evidence: device.report(), certChain: device.pem }),
    ...['--roots', put(device.root), ...policyFile({ revocation: { maximumAgeHours: 24 } })],
  ]
  const world = { ...patient(NOW), fetch: respond }
  t.equal((await run([...argv, '--ocsp-url', 'http://ocsp.example'], world)).code, 0)
  const strict = await run(argv, world)
  t.equal(strict.code, 20, 'of the responder itself the nonce is expected back')
})
