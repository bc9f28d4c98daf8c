// SPDX-License-Identifier: Apache-2.0
// Results and decoded evidence → text for people.

import type { AttestationResult, Finding } from '../verify/index.js'

type Outcome = Finding['outcome']

const MARK: Record<Outcome, string> = { pass: 'pass', fail: 'FAIL', unknown: '????' }
const COLOR: Record<Outcome, number> = { pass: 32, fail: 31, unknown: 33 }
const HEADLINE: Record<AttestationResult['result'], string> = {
  verified: 'VERIFIED',
  rejected: 'REJECTED',
  undecided: 'UNDECIDED',
}

const paint = (text: string, color: number, on: boolean): string =>
  on ? `\x1b[${color}m${text}\x1b[0m` : text

/** An appraisal: what was decided, on which checks, and what nobody looked at. */
export function formatResult(result: AttestationResult, color: boolean): string {
  const missing = result.findings.some(({ code }) => code === 'ERR_ENDORSEMENT_MISSING')
  const lines = [
    `${HEADLINE[result.result]} (origin and integrity only; the workload itself was not appraised)`,
    '',
    formatFindings(result, color),
    ...(missing ? ['to decide, supply what is missing with --endorsement FILE'] : []),
    `not checked, because the policy accepts any: ${anyFields(result.policy).join(', ')}`,
    `appraised as of ${result.evaluatedAt}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The checks of an appraisal, one line each. */
export function formatFindings({ findings }: AttestationResult, color: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return findings.map((finding) => `${formatFinding(finding, width, color)}\n`).join('')
}

function formatFinding({ check, outcome, code, detail }: Finding, width: number, color: boolean) {
  const mark = paint(MARK[outcome], COLOR[outcome], color)
  return `  ${mark}  ${check.padEnd(width)}  ${code ? `${code}: ` : ''}${detail}`
}

function anyFields(policy: object, prefix = ''): string[] {
  return Object.entries(policy).flatMap(([name, value]) => {
    if (value === 'any') return [prefix + name]
    return value !== null && typeof value === 'object' ? anyFields(value, `${prefix}${name}.`) : []
  })
}

/** Decoded evidence as indented `name  value` lines; nested objects indent. */
export function formatFields(fields: object, indent = '  '): string {
  const entries = Object.entries(fields)
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => formatField(name, value, width, indent)).join('')
}

function formatField(name: string, value: unknown, width: number, indent: string): string {
  const line = (text: string) => `${indent}${name.padEnd(width)}  ${text}\n`
  if (value === null) return line('-')
  if (typeof value !== 'object') return line(shortened(String(value)))
  if (Array.isArray(value) && value.every((one) => typeof one === 'number')) {
    return line(value.length > 0 ? value.join(' ') : 'none')
  }
  return `${indent}${name}\n${formatFields(value, `${indent}  `)}`
}

/** The longest text shown whole: two of the longest digests. */
const MAX_TEXT_LEN = 256

function shortened(text: string): string {
  if (text.length <= MAX_TEXT_LEN && !text.includes('\n')) return text
  const [start] = text.slice(0, MAX_TEXT_LEN / 4).split('\n')
  return `${start}… (${text.length} characters, whole with --json)`
}
