// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import { statusOf, TIERS, type TrustVector, trustVector } from '../../src/verify/ear-vector.js'
import {
  type WeightedCheck as Check,
  CONFIGURATION_CHECKS,
  VECTOR_CLAIMS,
  type VectorClaim,
  WEIGHTS,
} from '../../src/verify/ear-weights.js'
import {
  ALL_CHECKS,
  EVERY_CHECK,
  type Outcomes,
  resultOf,
  WHOLE_FLOOR,
  withClaims,
} from './ear-results.js'

const NOTHING: TrustVector = {
  'instance-identity': 0,
  configuration: 0,
  executables: 0,
  'file-system': 0,
  hardware: 0,
  'runtime-opaque': 0,
  'storage-opaque': 0,
  'sourced-data': 0,
}

const EVERYTHING: TrustVector = {
  ...NOTHING,
  'instance-identity': 2,
  configuration: 2,
  executables: 3,
  hardware: 2,
  'runtime-opaque': 2,
}

const FORGED: TrustVector = {
  ...NOTHING,
  'instance-identity': 99,
  configuration: 99,
  executables: 99,
  hardware: 99,
  'runtime-opaque': 99,
}

/** The vector and the status that outcomes come to. */
function earOf(outcomes: Outcomes, knobs?: Parameters<typeof resultOf>[1]) {
  const result = resultOf(outcomes, knobs)
  const vector = trustVector(result)
  return { vector, status: statusOf(result.result, vector) }
}

t.test(
  'ear vector: everything asked for and passed affirms what SNP evidence can show',
  async (t) => {
    t.same(earOf({}), { vector: EVERYTHING, status: 'affirming' })
  },
)

t.test('ear vector: a failed check says what AR4SI has for it', async (t) => {
  const table: [Check, Partial<TrustVector>][] = [
    ['snp.report', { hardware: 97 }],
    ['snp.endorsements', { hardware: 96 }],
    ['snp.root', { hardware: 97 }],
    ['snp.validity', { hardware: 96 }],
    ['snp.revocation', { hardware: 96 }],
    ['snp.vek', { hardware: 97 }],
    ['snp.product', { hardware: 97 }],
    ['snp.tcb', { hardware: 97 }],
    ['snp.chip', { hardware: 97 }],
    ['snp.products', { hardware: 96 }],
    ['snp.endorsement-key', { hardware: 96 }],
    ['snp.csp-id', { hardware: 96 }],
    ['snp.minimum-tcb.reported', { hardware: 32 }],
    ['snp.minimum-firmware.current', { hardware: 32 }],
    ['snp.mitigations.launch', { hardware: 32 }],
    ['snp.provisional-firmware', { hardware: 32 }],
    ['snp.measurement', { executables: 33 }],
    ['snp.host-data', { executables: 33 }],
    ['snp.id-key-digest', { executables: 33 }],
    ['snp.minimum-guest-svn', { executables: 32 }],
    ['snp.debug', { configuration: 96, 'runtime-opaque': 96 }],
    ['snp.guest-policy.migrate-ma', { configuration: 96, 'runtime-opaque': 96 }],
    ['snp.guest-policy.smt', { configuration: 96 }],
    ['snp.platform-info.smt-en', { configuration: 96 }],
    ['snp.chip-id', { 'instance-identity': 97 }],
    ['snp.report-data', { 'instance-identity': 97 }],
    ['binding.nonce', { 'instance-identity': 97 }],
    ['binding.oracle', { 'instance-identity': 97 }],
    ['binding.tls-key', { 'instance-identity': 97 }],
  ]
  for (const [check, against] of table) {
    const { vector, status } = earOf({ [check]: 'fail' })
    t.equal(status, 'contraindicated', check)
    for (const [claim, value] of Object.entries(against)) {
      t.equal(vector[claim as VectorClaim], value, `${check}: ${claim}`)
    }
  }
  t.same(earOf({ 'snp.signature': 'fail' }), { vector: FORGED, status: 'contraindicated' })
  t.same(earOf({ 'snp.chain': 'fail' }), { vector: FORGED, status: 'contraindicated' })
})

t.test(
  'ear vector: whichever check fails, its claims are against it and so is the whole',
  async (t) => {
    for (const check of EVERY_CHECK) {
      const checks = ALL_CHECKS.includes(check) ? ALL_CHECKS : [...ALL_CHECKS, check]
      const { vector, status } = earOf({ [check]: 'fail' }, { checks })
      t.equal(status, 'contraindicated', check)
      const claims = Object.keys(WEIGHTS[check]) as VectorClaim[]
      t.ok(claims.length > 0, `${check} speaks against something`)
      for (const claim of claims) t.ok(vector[claim] >= TIERS.warning, `${check}: ${claim}`)
    }
  },
)

t.test('ear vector: whatever is not known is not claimed', async (t) => {
  for (const check of EVERY_CHECK) {
    const checks = ALL_CHECKS.includes(check) ? ALL_CHECKS : [...ALL_CHECKS, check]
    t.same(earOf({ [check]: 'unknown' }, { checks }), { vector: NOTHING, status: 'none' }, check)
  }
  const { vector } = earOf({ 'snp.revocation': 'unknown', 'snp.measurement': 'fail' })
  t.equal(vector.hardware, 0, 'nor when another check fails')
  t.equal(vector['runtime-opaque'], 2)
})

t.test('ear vector: the worst of several failures counts', async (t) => {
  const { vector } = earOf({ 'snp.minimum-tcb.reported': 'fail', 'snp.root': 'fail' })
  t.equal(vector.hardware, 97)
  t.equal(earOf({ 'snp.measurement': 'fail', 'snp.signature': 'fail' }).vector.executables, 99)
  t.equal(earOf({ 'snp.measurement': 'fail', 'snp.host-data': 'unknown' }).vector.executables, 33)
})

t.test('ear vector: what the policy leaves open affirms nothing', async (t) => {
  const opened: [VectorClaim, readonly Check[]][] = [
    ['executables', ['snp.measurement']],
    ['hardware', ['snp.revocation']],
    ['hardware', ['snp.minimum-tcb.reported']],
    ['runtime-opaque', ['snp.debug']],
    ['runtime-opaque', ['snp.guest-policy.migrate-ma']],
    ...CONFIGURATION_CHECKS.map((check): [VectorClaim, Check[]] => ['configuration', [check]]),
  ]
  for (const [claim, checks] of opened) {
    const { vector, status } = earOf(Object.fromEntries(checks.map((check) => [check, 'any'])))
    t.equal(vector[claim], 0, `${checks} any`)
    const expected = claim === 'configuration' && vector['runtime-opaque'] ? 'affirming' : 'warning'
    t.equal(status, expected, `${checks} any`)
  }
})

t.test('ear vector: a floor with a component left open is none', async (t) => {
  const hardware = (reported: Parameters<typeof resultOf>[1] & object) =>
    earOf({}, reported).vector.hardware
  const [row] = WHOLE_FLOOR
  t.equal(hardware({ reported: [{ ...row, snp: 'any' }] }), 0)
  t.equal(hardware({ reported: [row, { ...row, product: 'Genoa', microcode: 'any' }] }), 0)
  t.equal(hardware({ reported: 'any' }), 0)
  t.equal(hardware({ reported: [row, { ...row, product: 'Genoa' }] }), 2)
  const result = resultOf()
  const { snp: _, ...policy } = result.policy
  t.equal(trustVector({ ...result, policy }).hardware, 0, 'no section on SEV-SNP')
})

t.test(
  'ear vector: an instance is recognized by its chip, its run or a key of its own',
  async (t) => {
    const identity = (...left: Check[]) => {
      const others = ALL_CHECKS.filter((check) => /chip-id|report-id|key$/.test(check))
      const outcomes = others
        .filter((check) => !left.includes(check))
        .map((check) => [check, 'any'])
      return earOf(Object.fromEntries(outcomes)).vector['instance-identity']
    }
    t.equal(identity(), 0, 'a nonce alone is of anybody')
    t.equal(identity('snp.chip-id'), 2)
    t.equal(identity('snp.report-id'), 2)
    t.equal(identity('binding.tls-key'), 2)
    t.equal(identity('binding.hpke-key'), 2)
    const open = { 'snp.chip-id': 'any', 'snp.report-id': 'any' } as const
    t.equal(earOf({ ...open, 'binding.oracle': 'any' }).vector['instance-identity'], 0)
    t.equal(earOf({ ...open, 'binding.nonce': 'any' }).vector['instance-identity'], 0)
  },
)

t.test('ear vector: nothing is affirmed of evidence that is not genuine', async (t) => {
  for (const check of ['snp.report', 'snp.root', 'snp.validity', 'snp.vek', 'snp.tcb'] as const) {
    const { vector } = earOf({ [check]: 'fail' })
    t.same({ ...vector, hardware: 0 }, NOTHING, check)
  }
  t.same(earOf({ 'snp.chip': 'any' }).vector, NOTHING, 'neither chip nor provider')
  const vlek = ALL_CHECKS.map((check) => (check === 'snp.chip' ? 'snp.csp' : check))
  t.same(earOf({}, { checks: vlek }).vector, EVERYTHING, 'a VLEK has a provider')
})

t.test('ear vector: a root that only the caller trusts affirms nothing', async (t) => {
  for (const root of ['caller', 'none', null] as const) {
    t.same(earOf({}, { root }), { vector: NOTHING, status: 'warning' }, String(root))
  }
  t.same(trustVector(withClaims(resultOf(), { snp: null })), NOTHING)
})

t.test('ear status: never better than the verdict nor than the vector', async (t) => {
  t.equal(statusOf('verified', EVERYTHING), 'affirming')
  t.equal(statusOf('verified', NOTHING), 'warning')
  t.equal(statusOf('verified', { ...EVERYTHING, configuration: 32 }), 'warning')
  t.equal(statusOf('verified', { ...EVERYTHING, configuration: 96 }), 'contraindicated')
  t.equal(statusOf('undecided', EVERYTHING), 'none')
  t.equal(statusOf('undecided', { ...NOTHING, hardware: 32 }), 'warning')
  t.equal(statusOf('undecided', { ...NOTHING, hardware: 97 }), 'contraindicated')
  t.equal(statusOf('rejected', EVERYTHING), 'contraindicated')
})

t.test('ear status: no findings at all yield more than they show', async (t) => {
  const outcome = fc.constantFrom('pass', 'fail', 'unknown', 'any')
  const outcomes = fc.dictionary(fc.constantFrom(...EVERY_CHECK), outcome, { maxKeys: 60 })
  const roots = fc.constantFrom('vendor', 'caller', 'none', null)
  fc.assert(
    fc.property(outcomes, fc.subarray([...EVERY_CHECK]), roots, (outcomes, checks, root) => {
      const result = resultOf(outcomes as Outcomes, { checks, root })
      const vector = trustVector(result)
      const status = TIERS[statusOf(result.result, vector)]
      const passed = (check: Check) =>
        result.findings.some((one) => one.check === check && one.outcome === 'pass')
      const worst = Math.max(...VECTOR_CLAIMS.map((claim) => vector[claim]))
      const bound = { verified: TIERS.affirming, undecided: TIERS.none, rejected: 96 }[
        result.result
      ]
      if (status < bound) return false
      if (status === TIERS.affirming && !(result.result === 'verified' && worst < 32)) return false
      if (worst >= 96 && status !== 96) return false
      if (vector.executables === 3 && !passed('snp.measurement')) return false
      return worst < 2 || worst >= 32 || (root === 'vendor' && passed('snp.signature'))
    }),
    { numRuns: 2000 },
  )
  t.pass('2,000 results')
})
