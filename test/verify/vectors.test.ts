// SPDX-License-Identifier: Apache-2.0
// Real evidence: the outcome that each manifest states, and the check that must be the reason.

import { existsSync } from 'node:fs'
import t from 'tap'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'
import { appraiseReport, complaints, withoutKey, withoutReport } from './appraise.js'

interface Manifest {
  readonly expect: string
  readonly product: string
  readonly signer: 'vcek' | 'vlek'
  readonly validityTime: string | null
}

/** When a vector without a stated time is appraised: its VCEK, where it has one, is valid then. */
const ANY_TIME = '2026-07-01T00:00:00Z'
const UNTRUSTED = { 'snp.root': 'fail ERR_CERTIFICATE_ROOT' }
const NO_CHAIN = {
  'snp.chain': 'fail ERR_CERTIFICATE_SIGNATURE',
  'snp.root': 'unknown ERR_CERTIFICATE_SIGNATURE',
}
const BAD_SIGNATURE = { 'snp.signature': 'fail ERR_SNP_SIGNATURE' }
const FORMAT = 'ERR_CERTIFICATE_FORMAT'

/** Why those that cannot pass do not, with their own root trusted where they have one. */
const REASONS: Record<string, Record<string, string>> = {
  'fake-v1-ms-sidecar': {
    ...withoutKey('ERR_ENDORSEMENT_MISSING'),
    ...withoutReport('ERR_SNP_VERSION'),
  },
  'genoa-v3-vcek-routex-fake-turin-vcek': {
    ...NO_CHAIN,
    'snp.product': 'fail ERR_SNP_PRODUCT_MISMATCH',
  },
  'genoa-v3-vcek-tinfoil-211-truncated': withoutReport('ERR_SNP_LENGTH'),
  'genoa-v3-vcek-tinfoil-220-signature-byte-flipped': BAD_SIGNATURE,
  'genoa-v3-vcek-tinfoil-221-signed-region-measurement-tampered': BAD_SIGNATURE,
  'genoa-v3-vcek-tinfoil-230-vcek-not-der': {
    'snp.endorsements': `fail ${FORMAT}`,
    ...withoutKey(FORMAT),
  },
  'genoa-v3-vcek-tinfoil-240-expired': { 'snp.validity': 'fail ERR_CERTIFICATE_VALIDITY' },
  'milan-v2-vcek-cmc-badsig': BAD_SIGNATURE,
  // Genuine in every respect, and of a guest that its host may debug.
  'milan-v2-vcek-go-sev-guest': { 'snp.debug': 'fail ERR_POLICY_DEBUG' },
  'milan-v2-vcek-lit-unmatched': BAD_SIGNATURE,
  'milan-v2-vcek-trustee-fake-new': {
    ...NO_CHAIN,
    ...BAD_SIGNATURE,
    'snp.tcb': 'fail ERR_SNP_TCB_MISMATCH',
    'snp.chip': 'fail ERR_SNP_CHIP_ID',
  },
  'milan-v2-vlek-constellation-wrong-key': BAD_SIGNATURE,
  'synthetic-genoa-v3-600-synth-debug-bit-set': { 'snp.debug': 'fail ERR_POLICY_DEBUG' },
  'synthetic-genoa-v3-601-synth-reserved-mbo-cleared': withoutReport('ERR_SNP_POLICY'),
  // Whether a guest may migrate is for a policy on guests to say; this one says 'any', visibly.
  'synthetic-genoa-v3-603-synth-migrate-ma-set': {},
  'synthetic-genoa-v3-700-vcek-hwid-mismatch': { 'snp.chip': 'fail ERR_SNP_CHIP_ID' },
  'synthetic-genoa-v3-701-vcek-bl-spl-mismatch': { 'snp.tcb': 'fail ERR_SNP_TCB_MISMATCH' },
  'synthetic-genoa-v3-703-vcek-missing-hwid-extension': { 'snp.chip': 'fail ERR_SNP_CHIP_ID' },
}

const names = vectors('snp').filter((name) => existsSync(vectorPath('snp', name, 'report.bin')))

function files(name: string, ...candidates: string[]): Uint8Array[] {
  return candidates
    .filter((file) => existsSync(vectorPath('snp', name, file)))
    .map((file) => vectorBytes('snp', name, file))
}

function run(name: string, endorsements: Uint8Array[], roots: Uint8Array[]) {
  const { validityTime } = manifest<Manifest>('snp', name)
  return appraiseReport({
    report: vectorBytes('snp', name, 'report.bin'),
    endorsements,
    roots,
    at: new Date(validityTime ?? ANY_TIME),
  })
}

function reasons(name: string): Record<string, string> {
  const { expect } = manifest<Manifest>('snp', name)
  const given = REASONS[name]
  if (given) return given
  return expect === 'parse-only' ? withoutKey('ERR_ENDORSEMENT_MISSING') : {}
}

const vek = (name: string) => files(name, 'vcek.der', 'vlek.der')
const chain = (name: string) => [
  ...vek(name),
  ...files(name, 'cert_chain.pem', 'ask.pem', 'asvk.pem', 'ark.pem'),
]
const isSynthetic = (name: string) => manifest<Manifest>('snp', name).expect.startsWith('synthetic')

t.test(
  'vectors: what is real passes or fails for its reason, from a VEK alone',
  { skip },
  async (t) => {
    for (const name of names.filter((name) => !isSynthetic(name))) {
      const result = await run(name, vek(name), [])
      t.same(complaints(result), reasons(name), name)
    }
  },
)

t.test('vectors: the rest of the chain changes nothing', { skip }, async (t) => {
  for (const name of names.filter((name) => !isSynthetic(name))) {
    const { result, claims, ...rest } = await run(name, chain(name), [])
    t.same(complaints({ result, claims, ...rest }), reasons(name), name)
    if (claims.snp.root) t.equal(claims.snp.root.origin, 'vendor', name)
    const { expect } = manifest<Manifest>('snp', name)
    if (expect === 'valid' && !REASONS[name]) t.equal(result, 'verified', name)
    if (expect === 'parse-only') t.equal(result, 'undecided', name)
    if (expect === 'invalid') t.equal(result, 'rejected', name)
  }
})

t.test(
  'vectors: a root of another generation helps nobody and harms nobody',
  { skip },
  async (t) => {
    for (const name of names) {
      const other = manifest<Manifest>('snp', name).product === 'Turin' ? 'ca-milan' : 'ca-turin'
      const foreign = vectorBytes('snp', other, 'ark.der')
      const result = await run(name, [...chain(name), foreign], [foreign])
      const expected = isSynthetic(name) ? { ...reasons(name), ...UNTRUSTED } : reasons(name)
      t.same(complaints(result), expected, name)
    }
  },
)

t.test('vectors: a synthetic root counts only when it is named', { skip }, async (t) => {
  for (const name of names.filter(isSynthetic)) {
    const root = vectorBytes('snp', name, 'ark.pem')
    const trusting = await run(name, chain(name), [root])
    t.same(complaints(trusting), reasons(name), name)
    t.equal(trusting.claims.snp.root?.origin, 'caller', name)
    const distrusting = await run(name, chain(name), [])
    t.same(complaints(distrusting), { ...reasons(name), ...UNTRUSTED }, name)
    t.equal(distrusting.claims.snp.root?.origin, 'none', name)
    t.same(complaints(await run(name, vek(name), [])), { ...reasons(name), ...NO_CHAIN }, name)
  }
})

t.test(
  'vectors: real CRLs are current only for a while, and name the first SEV-Genoa',
  { skip },
  async (t) => {
    const at = (name: string, crl: string, time: string) =>
      appraiseReport({
        report: vectorBytes('snp', name, 'report.bin'),
        endorsements: [...chain(name), vectorBytes('snp', crl, 'crl.der')],
        at: new Date(time),
      })
    const genoa = await at('genoa-v3-vcek-tinfoil', 'crl-genoa-2', '2026-01-12T16:38:56Z')
    t.same(complaints(genoa), { 'snp.revocation': 'unknown ERR_CRL_STALE' })
    t.same(genoa.claims.snp.crls[0], {
      number: 2,
      thisUpdate: '2022-10-31T13:34:46.000Z',
      nextUpdate: '2023-10-31T23:00:00.000Z',
      revoked: ['020001'],
    })
    const milan = await at('milan-v2-vcek-trustee', 'crl-milan-3', '2023-01-25T17:58:26Z')
    t.same(milan.claims.snp.crls[0]?.revoked, [])
    t.same(complaints(milan), {})
    const foreign = await at('milan-v2-vcek-trustee', 'crl-genoa-2', '2023-01-25T17:58:26Z')
    t.same(complaints(foreign), { 'snp.revocation': 'unknown ERR_ENDORSEMENT_MISSING' })
  },
)
