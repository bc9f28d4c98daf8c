// SPDX-License-Identifier: Apache-2.0
// What the appraisals of the bench are given: chips of a simulated AMD, each with certificates that
// nobody has seen before, and real ones where they are at hand.

import { existsSync } from 'node:fs'
import { rawEvidence } from 'assay'
import { type Appraisal, appraise } from 'assay/verify'
import type { Bytes } from '../src/core/private-copy.js'
import { decodeTcb } from '../src/core/snp.js'
import { derObjects } from '../src/pem.js'
import { type AmdKeys, mintAmd, mintCrl, signReport } from '../src/simulate/amd.js'
import { MODELS, mintReport } from '../test/fake/snp.js'
import { manifest, vectorBytes, vectorPath, vectors } from '../test/vectors.js'
import {
  certificateSignature,
  crlSignature,
  importRsa,
  reportSignature,
  type Signatures,
  spkiOf,
} from './webcrypto.js'

/** One appraisal, and the signatures in it. */
export interface Chip {
  readonly report: Bytes
  readonly endorsements: readonly Bytes[]
  readonly roots: readonly Bytes[]
  readonly at: Date
  readonly signatures: Signatures
}

export interface MintedChip extends Chip {
  /** The same chip with a report that it never made before. */
  readonly next: () => Promise<Chip>
}

/** A time at which everything minted here is valid. */
const AT = new Date('2026-07-01T12:00:00Z')
const NOT_BEFORE = new Date('2026-01-01T00:00:00Z')
const NEXT_UPDATE = new Date('2027-01-01T00:00:00Z')
const RSA = {
  name: 'RSA-PSS',
  hash: 'SHA-384',
  // As long as AMD's.
  modulusLength: 4096,
  publicExponent: Uint8Array.of(1, 0, 1),
}
const P384 = { name: 'ECDSA', namedCurve: 'P-384' }
/** More than `assay/verify` remembers of anything. */
const FORGET = 64

const generate = (algorithm: RsaHashedKeyGenParams | EcKeyGenParams) =>
  crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']) as Promise<CryptoKeyPair>

/** A maker of chips. Its two RSA keys stand in other certificates every time. */
export async function chipFactory(): Promise<() => Promise<MintedChip>> {
  const [ark, authority] = [await generate(RSA), await generate(RSA)]
  return async () => mintChip({ ark, authority, vek: await generate(P384) })
}

async function mintChip(keys: AmdKeys): Promise<MintedChip> {
  const tcb = decodeTcb(Uint8Array.from(MODELS.Milan.tcb), 'Milan')
  const identity = { tcb, chipId: new Uint8Array(64).fill(0xc1), cspId: '', notBefore: NOT_BEFORE }
  const { ark, authority, vek } = await mintAmd(
    { product: 'Milan', kind: 'vcek', ...identity },
    keys,
  )
  const times = { thisUpdate: NOT_BEFORE, nextUpdate: NEXT_UPDATE }
  const crl = await mintCrl({ product: 'Milan', number: 1, ...times, revoked: [] }, keys)
  const [root, middle] = [spkiOf(ark), spkiOf(authority)]
  const endorsements = [
    { ...certificateSignature(vek), issuer: middle },
    { ...certificateSignature(authority), issuer: root },
    { ...crlSignature(crl), issuer: root },
  ]
  const next = async (): Promise<Chip> => {
    const reportData = crypto.getRandomValues(new Uint8Array(64))
    const report = await signReport(mintReport({ reportData }), keys)
    return {
      report,
      endorsements: [vek, authority, ark, crl],
      roots: [ark],
      at: AT,
      signatures: { report: reportSignature(report), vek: spkiOf(vek), endorsements },
    }
  }
  return { ...(await next()), next }
}

/** Real ones that are genuine, with nothing but their VCEK or VLEK. */
export async function realChips(): Promise<Chip[]> {
  const found = await Promise.all(vectors('snp').map(realChip))
  return found.filter((chip) => chip !== null)
}

async function realChip(name: string): Promise<Chip | null> {
  const has = (file: string) => existsSync(vectorPath('snp', name, file))
  const read = (file: string) => new Uint8Array(vectorBytes('snp', name, file))
  const vekFile = ['vcek.der', 'vlek.der'].find(has)
  const authorityFile = ['ask.pem', 'asvk.pem'].find(has)
  if (!has('report.bin') || !vekFile || !authorityFile) return null
  const { validityTime } = manifest<{ validityTime: string | null }>('snp', name)
  const call = {
    report: read('report.bin'),
    endorsements: [read(vekFile)],
    roots: [],
    at: new Date(validityTime ?? AT),
  }
  const { result } = await appraise(appraisalOf(call))
  if (result !== 'verified') return null
  const [authority] = derObjects(read(authorityFile)) as [Bytes]
  const vek = call.endorsements[0] as Bytes
  // AMD's keys are part of the package, so that it imports each of them once.
  const issuer = await importRsa(spkiOf(authority))
  return {
    ...call,
    signatures: {
      report: reportSignature(call.report),
      vek: spkiOf(vek),
      endorsements: [{ ...certificateSignature(vek), issuer }],
    },
  }
}

/** The call that appraises a chip, under the built-in policy. */
export const appraisalOf = (chip: Omit<Chip, 'signatures'>): Appraisal => ({
  evidence: rawEvidence('snp', chip.report),
  challenge: null,
  endorsements: chip.endorsements,
  roots: chip.roots,
  at: chip.at,
  policy: 'authenticity',
})

let forgotten = 0

/** Shows `assay/verify` so much else that it has forgotten this chip. */
export async function forget({ report, endorsements, at }: Chip): Promise<void> {
  const others = Array.from({ length: FORGET }, () => {
    const other = new Uint8Array(endorsements[0] as Bytes)
    new DataView(other.buffer).setUint32(other.length - 4, forgotten++)
    return other
  })
  await appraise(appraisalOf({ report, endorsements: others, roots: [], at }))
}
