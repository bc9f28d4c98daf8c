// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { failure } from '../fake/kube-webhooks.js'
import { CertsWorld, Killed, LIFETIME_MS, type Step } from './certs-world.js'

const CONFIGURATIONS = 'mutatingwebhookconfigurations'

/** Ends a run at its nth step, counted before and after each request and each sleep. */
function killer(at: number): { readonly step: Step; readonly alive: () => boolean } {
  let steps = 0
  return {
    step: () => {
      if (steps++ >= at) throw new Killed()
    },
    alive: () => steps <= at,
  }
}

/** Kills a run at every point; `begin` makes the world in which it is due to change something. */
async function killedEverywhere(
  t: Test,
  begin: () => Promise<CertsWorld>,
  change: Parameters<CertsWorld['run']>[0] = {},
): Promise<void> {
  let at = 0
  for (; ; at++) {
    const world = await begin()
    const { step, alive } = killer(at)
    const killed = await world.run(change, step).catch((error) => error)
    if (alive()) break
    t.ok(killed instanceof Killed, `killed at ${at}`)
    const { held } = await world.run(change)
    t.equal(held.certificate.serialNumber, world.serving.serialNumber)
    t.match(await world.run(), { secret: 'unchanged', configuration: 'unchanged' }, 'completed')
    world.pass(2 * 3_600_000)
    await world.run()
    t.same(
      new Set(world.trusted.map(String)),
      new Set(world.held.map(String)),
      'nothing is left over',
    )
    t.same(world.outages, [])
  }
  t.ok(at > 10)
}

t.test('certs: killed anywhere in the first run, the next completes it', async (t) => {
  await killedEverywhere(t, async () => new CertsWorld())
})

t.test('certs: killed anywhere in a renewal, the next run completes it', async (t) => {
  await killedEverywhere(t, async () => {
    const world = new CertsWorld()
    await world.run()
    world.pass(LIFETIME_MS * 0.7)
    return world
  })
})

t.test('certs: killed anywhere while pruning, the next run completes it', async (t) => {
  const begin = async () => {
    const world = new CertsWorld()
    await world.run()
    await world.run({ renew: true })
    return world
  }
  let at = 0
  for (; ; at++) {
    const world = await begin()
    const { step, alive } = killer(at)
    await world.run({ prune: true }, step).catch((error) => t.ok(error instanceof Killed))
    if (alive()) break
    await world.run({ prune: true })
    t.equal(world.held.length, 1)
    t.equal(world.trusted.length, 1)
  }
  t.ok(at > 8)
})

t.test('certs: killed again and again, not much is left in the bundle', async (t) => {
  const world = new CertsWorld()
  await world.run()
  world.pass(LIFETIME_MS * 0.7)
  for (let hour = 0; hour < 20; hour++) {
    world.pass(3_600_000)
    await world
      .run({}, (when, what) => {
        if (when === 'before' && what === 'update secrets') throw new Killed()
      })
      .catch((error) => t.ok(error instanceof Killed))
    t.ok(world.trusted.length <= 3, `${world.trusted.length}`)
  }
  t.same(world.outages, [])
})

/** Runs at once in one world, their requests in any order. */
async function race(
  scheduler: fc.Scheduler,
  world: CertsWorld,
  runs: readonly { readonly renew?: boolean; readonly killAt?: number }[],
): Promise<void> {
  const started = runs.map(({ renew = false, killAt = Number.POSITIVE_INFINITY }) => {
    const { step } = killer(killAt)
    return world
      .run({ renew }, async (when, what) => {
        await step(when, what)
        if (when === 'before') await scheduler.schedule(Promise.resolve(), what)
      })
      .catch((error) => {
        if (!(error instanceof Killed)) throw error
      })
  })
  await scheduler.waitFor(Promise.all(started))
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const sound = (world: CertsWorld): boolean =>
  world.outages.length === 0 &&
  world.trusted.length === world.held.length &&
  world.held.every((one) => world.trusted.map(String).includes(one.toString()))

t.test('certs: first runs at once end in one authority, in any order', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 3 }), async (scheduler, count) => {
      const world = new CertsWorld()
      await race(
        scheduler,
        world,
        Array.from({ length: count }, () => ({})),
      )
      return sound(world) && world.held.length === 1 && world.served.length === 1
    }),
    { numRuns: 25 },
  )
  t.pass('in every order tried')
})

t.test('certs: renewals at once are one renewal, in any order', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const world = new CertsWorld()
      await world.run()
      world.pass(LIFETIME_MS * 0.7)
      await race(scheduler, world, [{}, {}, { renew: true }])
      return sound(world) && world.held.length <= 3
    }),
    { numRuns: 25 },
  )
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const world = new CertsWorld()
      await world.run()
      world.pass(LIFETIME_MS * 0.7)
      await race(scheduler, world, [{}, {}, {}])
      return sound(world) && world.held.length === 2 && world.served.length === 2
    }),
    { numRuns: 25 },
  )
  t.pass('in every order tried')
})

t.test('certs: runs at once, some of them killed, never cause an outage', async (t) => {
  const fate = fc.record({
    renew: fc.boolean(),
    killAt: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Number.POSITIVE_INFINITY)),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fate, { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      async (scheduler, fates, first) => {
        const world = new CertsWorld()
        if (!first) await world.run()
        await race(scheduler, world, fates)
        await world.run()
        world.pass(2 * 3_600_000)
        await world.run()
        return sound(world)
      },
    ),
    { numRuns: 25 },
  )
  t.pass('in every order tried')
})

t.test(
  'certs: who reads the Secret, and is held up for hours, drops nothing that is in use',
  async (t) => {
    const world = new CertsWorld()
    await world.run()
    world.wipe()
    let beaten = false
    await world.run({}, async (when, what) => {
      // Everything has been read, and the patch that restores the bundle is on its way.
      if (when !== 'before' || what !== `patch ${CONFIGURATIONS}` || beaten) return
      beaten = true
      await world.run({ renew: true })
      world.pass(5 * 3_600_000)
    })
    t.ok(beaten)
    t.ok(sound(world))
    t.equal(world.held.length, 2)
  },
)

t.test('certs: what was in flight when it was seen is not old when that is acted on', async (t) => {
  const world = new CertsWorld()
  await world.run()
  const [told, goOn] = [gate(), gate()]
  const renewing = world.run({ renew: true }, async (when, what) => {
    if (when !== 'before' || what !== 'update secrets') return
    told.open()
    await goOn.opened
  })
  await told.opened
  await world.run({}, async (when, what) => {
    if (when !== 'after' || what !== 'get secrets') return
    goOn.open()
    await renewing
    world.pass(5 * 3_600_000)
  })
  t.ok(sound(world))
  t.equal(world.held.length, 2)
})

t.test('certs: a Secret that is taken away at the end is made again', async (t) => {
  const world = new CertsWorld()
  let taken = false
  const { secret } = await world.run({}, (when, what) => {
    if (when !== 'after' || what !== 'create secrets' || taken) return
    taken = true
    world.kube.remove(world.kube.secret)
  })
  t.ok(taken)
  t.equal(secret, 'created')
  t.equal(world.served.length, 1, 'it is the same certificate')
  t.same(world.outages, [])
})

t.test('certs: an answer that is lost is no second certificate', async (t) => {
  for (const lost of ['create secrets', `patch ${CONFIGURATIONS}`]) {
    const world = new CertsWorld()
    let count = 0
    world.kube.fault = (said, asked) => {
      if (said !== lost || count++ > 0) return null
      const { fault } = world.kube
      world.kube.fault = () => null
      world.kube.handle(asked)
      world.kube.fault = fault
      return failure(504, 'Timeout', 'the request timed out')
    }
    t.match(await world.run(), { secret: 'created', configuration: 'patched' }, lost)
    t.ok(count > 0)
    t.equal(world.served.length, 1)
    t.ok(sound(world))
  }
})

t.test('certs: a busy API server is asked again, with pauses, and not forever', async (t) => {
  const world = new CertsWorld()
  let left = 3
  world.kube.fault = () => (left-- > 0 ? failure(429, 'TooManyRequests', 'slow down') : null)
  t.match(await world.run(), { secret: 'created' })
  t.same(world.slept, [100, 200, 400])
  world.kube.fault = () => failure(500, 'InternalError', 'etcd has no leader')
  world.slept.length = 0
  await t.rejects(world.run(), { code: 'ERR_KUBERNETES_UNAVAILABLE' })
  t.same(world.slept, [100, 200, 400, 800, 1600, 3000, 3000])
  world.kube.fault = () => failure(409, 'Conflict', 'the object has been modified')
  await t.rejects(world.run({ renew: true }), { code: 'ERR_KUBERNETES_CONFLICT' })
})

t.test('certs: an attempt that took long is followed by another authority', async (t) => {
  const world = new CertsWorld()
  let first = true
  world.kube.fault = (said) => {
    if (said !== 'create secrets' || !first) return null
    first = false
    world.pass(11 * 60_000)
    return failure(500, 'InternalError', 'etcd has no leader')
  }
  const [before] = world.trusted
  await world.run()
  t.notOk(first)
  t.not(world.trusted[0]?.subject, before?.subject)
  t.equal(world.trusted.length, 1, 'and the other one is taken away')
  t.ok(sound(world))
})

t.test('certs: what is not permitted is not begun', async (t) => {
  for (const forbidden of ['create secrets', `patch ${CONFIGURATIONS}`]) {
    const world = new CertsWorld()
    world.kube.forbidden.add(forbidden)
    await t.rejects(world.run(), { code: 'ERR_KUBERNETES_FORBIDDEN' }, forbidden)
    t.equal(world.kube.secret, undefined)
    t.equal(world.trusted.length, 0)
    t.same(world.slept, [], 'nor tried again')
  }
})
