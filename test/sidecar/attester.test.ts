// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { Attester } from '../../src/sidecar/attester.js'
import type { EvidenceQuery } from '../../src/sidecar/requests.js'
import { pattern } from '../fake/nvidia.js'
import { type FakePlatformOptions, fakePlatform } from '../fake/platform.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { rejectsCode } from '../helpers.js'

const QUERY: EvidenceQuery = {
  nonce: pattern(32, 1),
  tls: true,
  hpke: false,
  userData: null,
  endorsements: true,
  batch: true,
}
const WAITING_MOST = 20

const here = () => ({ connection: {}, gone: () => false })
/** Whatever needs only its turn has had it by then. */
const settled = async () => {
  for (let turn = 0; turn < 9; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function machine(options: FakePlatformOptions) {
  const platform = await fakePlatform(options)
  const sizes: number[] = []
  const clock = new ManualClock()
  const attester = new Attester({
    platform,
    keys: { tlsSpki: pattern(120, 1), hpke: pattern(34, 2) },
    clock,
    rawQuotes: 'allow',
    waitingMost: WAITING_MOST,
    deadlineMs: 1000,
    onBatch: (size) => sizes.push(size),
  })
  return { attester, clock, platform, sizes }
}

/** Something that is held until it is let go, and not held again. */
function held() {
  let letGo = () => {}
  const passed = new Promise<void>((resolve) => {
    letGo = resolve
  })
  return { pass: () => passed, letGo: () => letGo() }
}

t.test('attester: fast GPUs do not make a batch of every request', async (t) => {
  const { pass, letGo } = held()
  const { attester, sizes } = await machine({ gpus: 2, before: pass })
  const answers: Promise<unknown>[] = []
  for (let request = 0; request < 9; request++) {
    answers.push(attester.evidence(QUERY, here()))
    await settled()
  }
  letGo()
  await Promise.all(answers)
  t.same(sizes, [1, 8], 'one at work, and all others')
})

t.test('attester: a batch whose GPUs fail holds up nobody', async (t) => {
  let failures = 1
  const { attester, sizes } = await machine({
    gpus: 2,
    beforeGpus: () => {
      if (failures-- > 0) throw new Error('a GPU that fails')
    },
  })
  await t.rejects(attester.evidence(QUERY, here()), /a GPU that fails/)
  t.match((await attester.evidence(QUERY, here())).own, /"size":1/)
  t.same(sizes, [1])
})

t.test(
  'attester: as many may wait as there is room for, for a report and for a batch',
  async (t) => {
    const { pass, letGo } = held()
    const { attester } = await machine({ before: pass })
    const first = attester.evidence(QUERY, here())
    await settled()
    const waiting = Array.from({ length: WAITING_MOST }, () => attester.evidence(QUERY, here()))
    await rejectsCode(t, attester.evidence(QUERY, here()), 'ERR_QUEUE_FULL')
    letGo()
    t.equal((await Promise.all([first, ...waiting])).length, WAITING_MOST + 1)
  },
)

t.test('attester: for a batch of which nobody is left no device is asked', async (t) => {
  for (const gpus of [0, 1]) {
    const { pass, letGo } = held()
    const { attester, platform, sizes } = await machine({
      gpus,
      ...(gpus ? { beforeGpus: pass } : { before: pass }),
    })
    const before = attester.quote({ nonce: pattern(64, 1), bindTls: false }, here())
    await settled()
    let left = false
    const batch = attester.evidence(QUERY, { connection: {}, gone: () => left })
    await settled()
    left = true
    letGo()
    await rejectsCode(t, batch, 'ERR_QUEUE_CANCELLED')
    await before
    await attester.close()
    t.equal(platform.asked.length, 1)
    t.equal(platform.gpuNonces.length, gpus)
    t.same(sizes, [])
  }
})

t.test('attester: both devices of a request share one deadline', async (t) => {
  for (const batch of [false, true]) {
    const [gpu, cpu] = [held(), held()]
    const { attester, clock, platform } = await machine({
      gpus: 1,
      beforeGpus: gpu.pass,
      before: cpu.pass,
    })
    const answer = attester.evidence({ ...QUERY, batch }, here())
    await settled()
    clock.advance(900)
    gpu.letGo()
    await settled()
    t.equal(platform.asked.length, 1, 'the processor is at work')
    clock.advance(103)
    await rejectsCode(t, answer, 'ERR_QUEUE_DEADLINE')
    cpu.letGo()
    await attester.close()
    t.equal(clock.pending, 0)
  }
})

t.test('attester: what is too late after the GPUs never reaches the processor', async (t) => {
  const gpu = held()
  const { attester, clock, platform } = await machine({ gpus: 1, beforeGpus: gpu.pass })
  const answer = attester.quote({ nonce: pattern(64, 1), bindTls: true }, here())
  await settled()
  clock.advance(1002)
  await rejectsCode(t, answer, 'ERR_QUEUE_DEADLINE')
  gpu.letGo()
  await attester.close()
  t.equal(platform.asked.length, 0)
})

t.test('attester: without a key to the firmware no GPU is asked either', async (t) => {
  const { attester, platform } = await machine({
    gpus: 1,
    before: () => {
      throw new AttestationError('ERR_DEVICE_LOST', 'ENOTTY')
    },
  })
  for (const batch of [false, true, false]) {
    await rejectsCode(t, attester.evidence({ ...QUERY, batch }, here()), 'ERR_DEVICE_LOST')
  }
  t.equal(platform.gpuNonces.length, 1)
})
