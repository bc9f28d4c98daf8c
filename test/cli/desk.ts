// SPDX-License-Identifier: Apache-2.0
// What the tests of `assay verify` and `assay bundle` share: files, the flags that trust a minted
// world, and what a run came to.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fetchLive, type LiveEvidence, type LiveOptions } from '../../src/cli/live.js'
import { type AttestationResult, authenticity, type Policy } from '../../src/verify/index.js'
import { type Amd, AT } from '../fake/amd.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { assay, type Ran, type World } from './terminal.js'

export const NONCE = pattern(64, 7)
export const NONCE_FLAGS = ['--nonce', base64(NONCE)]
export const AUTHENTICITY = ['--policy', 'authenticity']
export const AT_FLAGS = ['--at', AT.toISOString()]
/** A clock at a time when everything minted is valid. */
export const NOW: World = { now: () => AT }

const dir = mkdtempSync(path.join(tmpdir(), 'assay-desk-'))
let files = 0

/** A path of nothing. */
export const fresh = (end = 'bin'): string => path.join(dir, `${files++}.${end}`)

/** A file with these bytes, text, or JSON. */
export function put(content: Uint8Array | string | object, end?: string): string {
  const name = fresh(end)
  const raw = typeof content === 'string' || content instanceof Uint8Array
  writeFileSync(name, raw ? content : JSON.stringify(content))
  return name
}

/** The root of a minted world, trusted. */
export const trust = ({ ark }: Pick<Amd, 'ark'>): string[] => ['--roots', put(ark)]

/** These objects at hand. */
export const supply = (...objects: readonly Uint8Array[]): string[] =>
  objects.flatMap((one) => ['--endorsement', put(one)])

/** The built-in policy with other values, in a file. */
export function policyFile(snp: Partial<Policy['snp']> = {}, change: Partial<Policy> = {}): string {
  const policy = authenticity()
  return put({ ...policy, name: 'changed', ...change, snp: { ...policy.snp, ...snp } })
}

/** Evidence of a sidecar as a file would hold it. */
export function fetched(url: string, options: Partial<LiveOptions> = {}): Promise<LiveEvidence> {
  const io = { random: () => NONCE, err: () => {} }
  return fetchLive(url, { aep83: false, bind: [], batch: false, headers: {}, ...options }, io)
}

export interface Judged extends Ran {
  readonly result: AttestationResult
  /** Every code of a finding, once. */
  readonly codes: readonly string[]
  /** Names of the checks that passed. */
  readonly passed: readonly string[]
}

/** `assay verify … --json` that comes to a result. */
export async function verify(argv: readonly string[], world?: World): Promise<Judged> {
  const ran = await assay(['verify', ...argv, '--json'], world)
  const result: AttestationResult = JSON.parse(ran.out)
  if (!result.findings) throw new Error(ran.err)
  const { findings } = result
  return {
    ...ran,
    result,
    codes: [...new Set(findings.flatMap(({ code }) => code ?? []))],
    passed: findings.filter(({ outcome }) => outcome === 'pass').map(({ check }) => check),
  }
}
