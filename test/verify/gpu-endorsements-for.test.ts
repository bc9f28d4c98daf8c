// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { appraiseGpus, authenticity, gpuEndorsementsFor } from '../../src/verify/index.js'
import { mintGpuWorld, NOW } from '../fake/gpu-world.js'
import { rejectsCode } from '../helpers.js'

const world = await mintGpuWorld()
const { gpu, roots, rimSource, ocspClient } = world
const nothing = { rims: [], ocspResponses: [] }
const sources = { rimSource, ocspClient, roots, at: NOW }
const absent = () =>
  Promise.reject(new AttestationError('ERR_ENDORSER_OFFLINE', 'not in the cache'))

t.test('GPU endorsements: all that the strictest appraisal asks for', async (t) => {
  const kept = await gpuEndorsementsFor([gpu], { ...sources, ...nothing })
  t.same([kept.rims.length, kept.ocspResponses.length], [2, 6])
  const { gpus, ...rest } = authenticity()
  const asked = { ...gpus, rim: 'require', revocation: { maximumAgeHours: 24 }, binding: 'any' }
  const { result, findings } = await appraiseGpus({
    ...{ gpus: [gpu], nonce: null, roots, at: NOW, ...kept },
    policy: { ...rest, gpus: { ...asked, nonce: 'any' } as typeof gpus },
  })
  t.equal(result, 'verified', JSON.stringify(findings.filter(({ code }) => code)))
})

t.test('GPU endorsements: what is given stays, each content once', async (t) => {
  const [rim] = world.rims as [Uint8Array]
  const given = { rims: [rim], ocspResponses: world.ocsp }
  const kept = await gpuEndorsementsFor([gpu, { ...gpu, index: 1 }], { ...sources, ...given })
  t.same([kept.rims.length, kept.ocspResponses.length], [2, 6])
})

t.test('GPU endorsements: what cannot be had is named by its code', async (t) => {
  const without = (change: object) =>
    gpuEndorsementsFor([gpu], { ...sources, ...nothing, ...change })
  await rejectsCode(t, without({ rimSource: { rim: absent } }), 'ERR_RIM_MISSING')
  await rejectsCode(t, without({ ocspClient: { status: absent } }), 'ERR_ENDORSER_OFFLINE')
  const short = { ...gpu, evidence: gpu.evidence.slice(0, 100) }
  const unread = gpuEndorsementsFor([short], { ...sources, ...nothing })
  await rejectsCode(t, unread, 'ERR_NVIDIA_LENGTH')
})
