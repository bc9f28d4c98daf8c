// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { registration } from '../fake/kube-webhooks.js'
import { CertsWorld, DAY_MS, LIFETIME_MS, NAME } from './certs-world.js'

const PATCH = 'patch mutatingwebhookconfigurations'
const fingerprints = (all: readonly { fingerprint256: string }[]) =>
  all.map(({ fingerprint256 }) => fingerprint256)

/** A world where the job has run once. */
async function running(): Promise<CertsWorld> {
  const world = new CertsWorld()
  await world.run()
  world.kube.said.length = 0
  return world
}

t.test('certs: the first run makes a certificate that the API server trusts', async (t) => {
  const world = new CertsWorld()
  const outcome = await world.run()
  t.match(outcome, { secret: 'created', reason: 'absent', configuration: 'patched' })
  t.same(world.kube.writes, ['create secrets?dryRun', PATCH, 'create secrets'])
  t.equal(world.kube.secret?.type, 'kubernetes.io/tls')
  t.same(fingerprints(world.trusted), fingerprints(world.held))
  t.equal(world.trusted.length, 1)
  t.ok(world.serving.verify(world.held[0]?.publicKey as never))
  t.same(
    outcome.bundles.map(({ before, after }) => [before.length, after.length]),
    [[0, 1]],
  )
  t.equal(outcome.held.certificate.fingerprint256, world.serving.fingerprint256)
})

t.test('certs: where nothing is due nothing is written', async (t) => {
  const world = await running()
  world.pass(LIFETIME_MS / 2)
  const outcome = await world.run()
  t.match(outcome, { secret: 'unchanged', reason: null, configuration: 'unchanged' })
  t.same(world.kube.said, ['get mutatingwebhookconfigurations', 'get secrets'])
})

t.test('certs: renewed when a third of its lifetime is left, and the two overlap', async (t) => {
  const world = await running()
  const [old] = world.held
  const third = (LIFETIME_MS + 3_600_000) / 3
  world.pass(LIFETIME_MS - third - 1000)
  t.match(await world.run(), { secret: 'unchanged' })
  world.pass(1000)
  world.kube.said.length = 0
  t.match(await world.run(), { secret: 'renewed', reason: 'lifetime', configuration: 'patched' })
  t.same(
    world.kube.said.filter((said) => !said.startsWith('get')),
    ['update secrets?dryRun', PATCH, 'sleep', 'update secrets'],
    'first the API server is told, and given time',
  )
  t.same(world.slept, [10_000])
  t.equal(world.held[1]?.fingerprint256, old?.fingerprint256)
  t.same(fingerprints(world.trusted), fingerprints(world.held).reverse())
  world.pass(LIFETIME_MS / 3)
  t.match(await world.run(), { configuration: 'unchanged' }, 'as long as it is not expired')
  world.pass(2 * 3_600_000)
  t.match(await world.run(), { secret: 'unchanged', configuration: 'patched' })
  t.same(fingerprints(world.trusted), [world.held[0]?.fingerprint256])
  t.same(world.outages, [])
})

t.test('certs: years of runs now and then keep two authorities at most', async (t) => {
  const world = await running()
  for (let day = 0; day < 1000; day += 5) {
    world.pass(5 * DAY_MS)
    await world.run()
    t.ok(world.trusted.length <= 2)
  }
  t.equal(world.served.length, 17)
  t.same(world.outages, [])
})

t.test('certs: a wiped caBundle is restored, predecessors included', async (t) => {
  const world = await running()
  await world.run({ renew: true })
  t.equal(world.trusted.length, 2)
  const before = new Set(fingerprints(world.trusted))
  world.wipe()
  t.match(await world.run(), { secret: 'unchanged', configuration: 'patched' })
  t.same(new Set(fingerprints(world.trusted)), before)
  t.same(world.outages, [])
})

t.test('certs: wiped while a renewal is under way, it is restored by that run', async (t) => {
  for (const moment of ['sleep', 'update secrets']) {
    const world = await running()
    let wiped = false
    await world.run({ renew: true }, (when, what) => {
      if (what !== moment || when !== 'before' || wiped) return
      wiped = true
      world.wipe()
    })
    t.ok(wiped, moment)
    t.equal(world.trusted.length, 2)
    t.same(world.outages, [])
  }
})

t.test(
  'certs: without a configuration the Secret is made, and the next run completes it',
  async (t) => {
    const world = new CertsWorld(false)
    t.match(await world.run(), { secret: 'created', configuration: 'missing', bundles: [] })
    t.match(await world.run(), { secret: 'unchanged', configuration: 'missing' })
    world.kube.put(registration())
    t.match(await world.run(), { secret: 'unchanged', configuration: 'patched' })
    t.same(fingerprints(world.trusted), fingerprints(world.held))
  },
)

t.test('certs: only webhooks that call us get the bundle', async (t) => {
  const world = new CertsWorld(false)
  const service = { namespace: 'assay-system', name: 'another' }
  const hooks = [
    { clientConfig: { service } },
    { clientConfig: { service: { namespace: 'another', name: 'assay-webhook' } } },
    { clientConfig: { url: 'https://example.com/mutate' } },
  ]
  world.kube.put(registration(...hooks))
  t.match(await world.run(), { secret: 'created', configuration: 'unrelated' })
  world.kube.put(
    registration(
      ...hooks,
      { clientConfig: { url: `https://${NAME}:9443/mutate` } },
      { clientConfig: { url: 'https://[::1]:9443/mutate' } },
    ),
  )
  const { bundles } = await world.run({ names: [NAME, '::1'], renew: true })
  t.same(
    bundles.map(({ index }) => index),
    [3, 4],
  )
  const written = world.kube.configuration?.webhooks?.map(
    ({ clientConfig }) => clientConfig.caBundle,
  )
  t.same(written?.slice(0, 3), [undefined, undefined, undefined])
  t.type(written?.[3], 'string')
  t.equal(written?.[3], written?.[4])
  const none = registration()
  delete none.webhooks
  world.kube.put(none)
  t.match(await world.run({ names: [NAME, '::1'] }), { configuration: 'unrelated' })
})

t.test('certs: what others put into the bundle stays, what is no certificate goes', async (t) => {
  const other = new CertsWorld()
  await other.run()
  const foreign = other.serving.toString()
  const world = await running()
  const damaged = `${foreign}${world.trusted[0]?.toString()}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
  const caBundle = Buffer.from(damaged).toString('base64')
  const service = { namespace: 'assay-system', name: 'assay-webhook' }
  world.kube.put(registration({ clientConfig: { service, caBundle } }))
  world.pass(DAY_MS)
  t.match(await world.run(), { secret: 'unchanged', configuration: 'patched' })
  t.same(world.trusted.map(String), [foreign, world.held[0]?.toString()])
  t.match(await world.run(), { configuration: 'unchanged' })
  t.same(world.outages, [])
})

t.test(
  'certs: a certificate is renewed for a new name, a clock, and because it was asked',
  async (t) => {
    const world = await running()
    const names = [NAME, '127.0.0.1']
    t.match(await world.run({ names }), { secret: 'renewed', reason: 'names' })
    t.ok(world.serving.checkIP('127.0.0.1'))
    t.match(await world.run({ names }), { secret: 'unchanged' })
    t.match(await world.run({ names, renew: true }), { secret: 'renewed', reason: 'asked' })
    world.pass(-2 * 3_600_000)
    t.match(await world.run({ names }), { secret: 'renewed', reason: 'not-yet-valid' })
    t.ok(new Date(world.serving.validFrom) < world.now)
  },
)

t.test('certs: who renews all the time keeps a bounded number of authorities', async (t) => {
  const world = await running()
  for (let count = 0; count < 30; count++) {
    world.pass(2 * 3_600_000)
    await world.run({ renew: true })
  }
  t.equal(world.held.length, 21)
  t.equal(world.trusted.length, 21)
})

t.test('certs: pruning ends the trust in all authorities but one', async (t) => {
  const world = await running()
  t.match(await world.run({ prune: true }), { secret: 'unchanged', configuration: 'unchanged' })
  t.match(await world.run({ prune: true, renew: true }), { secret: 'renewed' })
  t.equal(world.trusted.length, 2, 'what was just renewed may still be served')
  const { certificate } = (await world.run()).held
  t.match(await world.run({ prune: true }), { secret: 'pruned', configuration: 'patched' })
  t.equal(world.serving.fingerprint256, certificate.fingerprint256)
  t.equal(world.held.length, 1)
  t.same(fingerprints(world.trusted), fingerprints(world.held))
})

t.test('certs: cert-manager is not fought with', async (t) => {
  const world = new CertsWorld(false)
  const { metadata, ...rest } = registration()
  const annotations = { 'cert-manager.io/inject-ca-from': 'assay-system/assay-webhook' }
  world.kube.put({ ...rest, metadata: { ...metadata, annotations } })
  await t.rejects(world.run(), { code: 'ERR_WEBHOOK_CONFIGURATION' })
  t.same(world.kube.writes, [])
})
