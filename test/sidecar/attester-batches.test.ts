// SPDX-License-Identifier: Apache-2.0
// Batches on a machine whose GPUs are faster than its processor.

import t from 'tap'
import { Attester } from '../../src/sidecar/attester.js'
import type { EvidenceQuery } from '../../src/sidecar/requests.js'
import type { GpuReport } from '../../src/sidecar/surface.js'
import { mintGuest } from '../fake/guest.js'
import { pattern } from '../fake/nvidia.js'
import { ManualClock } from '../fake/sidecar-clock.js'

const NONE = new Uint8Array()
const guest = await mintGuest(2)

/** An Attester whose processor answers once it is let go, and whose GPUs answer at once. */
function machine(gpuFailures = 0) {
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const sizes: number[] = []
  let failures = gpuFailures
  const attester = new Attester({
    platform: {
      cpu: {
        ...{ name: 'fake', tee: 'snp', floor: 0, close: async () => {} },
        collect: async (reportData, vmpl) => {
          await held
          return { report: await guest.attest(reportData, vmpl), auxblob: NONE }
        },
      },
      gpus: {
        ...{ name: 'fake', close: async () => {} },
        collect: async (nonce) => {
          if (failures-- > 0) throw new Error('a GPU that fails')
          return guest.askGpus(nonce).map((gpu): GpuReport => {
            return { ...gpu, cec: null, architecture: 'HOPPER', uuid: `GPU-${gpu.index}` }
          })
        },
      },
    },
    keys: { tlsSpki: pattern(120, 1), hpke: pattern(34, 2) },
    ...{ clock: new ManualClock(), rawQuotes: 'allow', deadlineMs: 1000 },
    onBatch: (size) => sizes.push(size),
  })
  const ask = () => attester.evidence(QUERY, { connection: {}, gone: () => false })
  return { ask, letGo, sizes }
}

const QUERY: EvidenceQuery = {
  ...{ nonce: pattern(32, 1), tls: true, hpke: false, userData: null },
  ...{ endorsements: true, batch: true },
}

t.test('attester: fast GPUs do not make a batch of every request', async (t) => {
  const { ask, letGo, sizes } = machine()
  const answers: Promise<string>[] = []
  for (let request = 0; request < 9; request++) {
    answers.push(ask())
    // Whatever needs only its turn has had it by then.
    for (let turn = 0; turn < 9; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  letGo()
  await Promise.all(answers)
  t.same(sizes, [1, 1, 7], 'one at work, one that the GPUs have answered, and all others')
})

t.test('attester: a batch whose GPUs fail holds up nobody', async (t) => {
  const { ask, letGo, sizes } = machine(1)
  letGo()
  await t.rejects(ask(), /a GPU that fails/)
  t.match(await ask(), /"size":1/)
  t.same(sizes, [1])
})
