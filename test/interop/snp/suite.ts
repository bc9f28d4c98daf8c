// SPDX-License-Identifier: Apache-2.0
// What a sidecar serves on a simulated platform, before the library of Google's that verifies SNP
// evidence, which is handed our throwaway root.

import path from 'node:path'
import { MEASUREMENT_AT } from '../../../assembly/snp/layout.js'
import type { Product } from '../../../src/core/snp.js'
import { need, readVerdicts, run, type Suite } from '../suite.js'
import { type Sample, serve } from './served.js'

const go = { cwd: path.join(import.meta.dirname, 'go') }
const VERSIONS = [2, 3, 5] as const

/** FMC in the certificate. */
const TURIN = 'not an AMD KDS OID'
/** What go-sev-guest v0.15.0 cannot take, in its words; real evidence is no different. */
const UNKNOWN: Partial<Record<`${Product} ${(typeof VERSIONS)[number]}`, string>> = {
  // Version 2 names no product, and the library wants a stepping in the certificate instead.
  'Genoa 2': 'unknown product name (new stepping published?)',
  'Turin 2': TURIN,
  'Turin 3': TURIN,
  'Turin 5': TURIN,
}

export const snpGo: Suite = {
  name: 'Sidecar on a simulated platform, github.com/google/go-sev-guest (Go)',
  async run() {
    need('go is not installed', 'go', ['version'], go)
    need('modules cannot be fetched', 'go', ['mod', 'download'], go)
    const judged: object[] = []
    const served: Sample[] = []
    for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
      for (const version of VERSIONS) {
        const samples = await serve(product, version)
        const reason = UNKNOWN[`${product} ${version}`]
        if (reason === undefined) served.push(...samples)
        judged.push(...samples.map((sample) => expected(sample, reason)))
      }
    }
    judged.push(...served.flatMap((sample) => forgeries(sample, served)))
    return readVerdicts(run('go', ['run', '.'], { ...go, input: JSON.stringify(judged) }))
  },
}

function expected(sample: Sample, reason: string | undefined): object {
  if (reason === undefined) return { ...sample, expect: 'accepted' }
  const title = `${sample.title}, which the library does not know (${reason}), verified beside it`
  return { ...sample, title, expect: 'unknown', reason }
}

/** What differs in one thing from what is accepted, and so has to be refused for it. */
function forgeries(sample: Sample, all: readonly Sample[]): object[] {
  const altered = Buffer.from(sample.report, 'base64')
  altered[MEASUREMENT_AT] = (altered[MEASUREMENT_AT] as number) ^ 1
  const other = all.find(({ ark, product }) => product === sample.product && ark !== sample.ark)
  const nonce = Buffer.alloc(64, 7).toString('base64')
  const refused = (what: string, reason: string, change: Partial<Sample>) => ({
    ...sample,
    title: `${sample.title}, ${what}`,
    expect: 'refused',
    reason,
    ...change,
  })
  return [
    refused('an altered byte', 'signature', { report: altered.toString('base64') }),
    refused('another root', 'trusted roots', { ark: other?.ark as string }),
    refused('another nonce', 'REPORT_DATA', { binding: { ...sample.binding, nonce } }),
    refused('another level', 'VMPL', { vmpl: 3 }),
  ]
}
