// SPDX-License-Identifier: Apache-2.0
// Several appraisals side by side: how many checks of each kind were made, and how many passed.

import type { AttestationResult, Finding } from '../verify/index.js'
import { formatVerdict } from './format.js'

/** What checks are about, by their names; the last takes what no other does. */
const GROUPS: readonly (readonly [title: string, checks: RegExp])[] = [
  [
    'a genuine processor: report, signature, chain, CRL, chip',
    /^snp\.(report|endorsements|chain|root|validity|revocation|vek|products?|tcb|tcb-order|chip|chip-id|csp|csp-id|signature|endorsement-key)$/,
  ],
  [
    'its firmware: TCBs, versions, mitigations, settings',
    /^snp\.(minimum-tcb|minimum-firmware|provisional-firmware|mitigations|platform-info)\b/,
  ],
  ['genuine GPUs: reports, chains, firmware, how many', /^gpus?\./],
  ['this very request: nonce, TLS key, GPUs, no oracle', /^binding\./],
  ['this very workload: measurement, HOST_DATA, guest policy', /^/],
]

/** Columns of numbers, and of the widest verdict. */
const WIDTH = 11

/** @param results by the title of their column */
export function appraisalTable(
  results: Readonly<Record<string, AttestationResult>>,
  color: boolean,
): string {
  const columns = Object.values(results)
  const indent = Math.max(...GROUPS.map(([title]) => title.length))
  const row = (title: string, cells: readonly string[]) =>
    `  ${title.padEnd(indent)}${cells.join('')}\n`
  const head = row('checks passed / made', Object.keys(results).map(cell))
  const groups = GROUPS.map(([title], group) =>
    row(
      title,
      columns.map(({ findings }) => cell(tally(findings.filter(isIn(group))))),
    ),
  )
  const verdicts = columns.map((result) => formatVerdict(result, color, WIDTH))
  return [head, ...groups, row('verdict', verdicts)].join('')
}

const cell = (text: string): string => text.padStart(WIDTH)

const tally = (findings: readonly Finding[]): string =>
  `${findings.filter(({ outcome }) => outcome === 'pass').length}/${findings.length}`

const isIn =
  (group: number) =>
  ({ check }: Finding): boolean =>
    GROUPS.findIndex(([, checks]) => checks.test(check)) === group
