// SPDX-License-Identifier: Apache-2.0
// Results and decoded evidence → text for people.

import type {
  AttestationResult,
  Finding,
  GpuAttestationResult,
  TokenAttestationResult,
} from '../verify/index.js'
import { COLOR, formatFindings, paint } from './format-findings.js'

type Result = AttestationResult | GpuAttestationResult | TokenAttestationResult

type Outcome = Finding['outcome']

const HEADLINE: Record<AttestationResult['result'], string> = {
  verified: 'VERIFIED',
  rejected: 'REJECTED',
  undecided: 'UNDECIDED',
}

/** What can be done about a check that could not be made, by its name and code. */
const HINTS: readonly (readonly [gaps: RegExp, hint: string])[] = [
  [
    /^snp\S* ERR_(ENDORSEMENT_MISSING|ENDORSER_\w+|CHIP_ID_MASKED|CRL_STALE)$/,
    'supply what is missing with --endorsement FILE',
  ],
  [
    / ERR_RIM_\w+$|^gpu\.(rim\.\w+|measurements) ERR_ENDORSER_\w+$/,
    'supply the RIMs of driver and VBIOS with --rim FILE',
  ],
  [/ ERR_OCSP_\w+$|^gpu\.revocation ERR_ENDORSER_\w+$/, 'supply OCSP responses with --ocsp FILE'],
  [/ ERR_GPU_UNJUDGED$/, 'add a section "gpus" to the policy'],
  [/ ERR_TOKEN_MISSING$/, 'name what somebody else says of the GPUs with --nras or --ita'],
  [/ ERR_ENDORSER_OFFLINE$/, 'let it be fetched, without --offline'],
  [/ ERR_ENDORSER_(TIMEOUT|RATE_LIMIT|STATUS|NETWORK)$/, 'try again later'],
  [/ ERR_NONCE_MISSING$/, 'say with --nonce what the evidence was asked for with'],
  [/ ERR_CHANNEL_KEY_MISSING$/, 'name the key of your TLS connection with --tls-key FILE'],
]

/** Whether the word of a root that is no vendor's counts anywhere. */
const isForeign = ({ claims: { snp, gpus } }: Result): boolean =>
  [snp?.root, ...gpus.map(({ root }) => root)].some((root) => root?.origin === 'caller')

/** Nobody should overlook whose word the whole verdict rests on. */
const FOREIGN = 'the root is NOT that of the vendor: it is trusted because --roots names it'

const VERDICT_COLOR: Record<AttestationResult['result'], number> = {
  verified: COLOR.pass,
  rejected: COLOR.fail,
  undecided: COLOR.unknown,
}

/** A verdict in one word, aligned to the right. */
export const formatVerdict = (
  { result }: Pick<AttestationResult, 'result'>,
  color: boolean,
  width = 0,
): string => paint(HEADLINE[result].padStart(width), VERDICT_COLOR[result], color)

/** An appraisal: what was decided, on which checks, and what nobody looked at. */
export function formatResult(result: Result, color: boolean): string {
  const { policy, claims } = result
  const { snp = {}, gpus = {}, binding } = policy
  const seen =
    claims.gpus.length > 0 || result.findings.some(({ check }) => check.startsWith('gpu'))
  const unjudged = [
    ...(claims.binding ? openFields(snp, 'snp') : []),
    ...(gpus === 'any' ? ['  gpus: the GPUs themselves'] : seen ? openFields(gpus, 'gpus') : []),
    ...(claims.binding ? openFields(binding, 'binding') : []),
  ]
  const lines = [
    `${HEADLINE[result.result]}${scope(result)}`,
    ...(isForeign(result) ? [FOREIGN] : []),
    '',
    formatFindings(result, color),
    tally(result),
    ...hints(result),
    `policy: ${policy.name}`,
    ...(unjudged.length > 0
      ? ['not checked, because the policy accepts any:', ...unjudged]
      : ['the policy leaves nothing unchecked']),
    `appraised as of ${result.evaluatedAt}`,
  ]
  return `${lines.join('\n')}\n`
}

/** What kept a long list from being a verdict of "verified", by name. */
function tally({ findings }: Result): string {
  const checksOf = (outcome: Outcome) =>
    findings.filter((one) => one.outcome === outcome).map(({ check }) => check)
  const named = (checks: readonly string[], what: string) =>
    checks.length > 0 ? `; ${checks.length} ${what}: ${[...new Set(checks)].join(', ')}` : ''
  return (
    `${checksOf('pass').length} of ${findings.length} checks passed` +
    named(checksOf('fail'), 'failed') +
    named(checksOf('unknown'), 'could not be made')
  )
}

/** Of no use where evidence is rejected: nothing that is supplied changes that. */
function hints({ result, findings }: Result): string[] {
  if (result !== 'undecided') return []
  const useful = HINTS.filter(([gaps]) =>
    findings.some(
      ({ check, outcome, code }) => outcome !== 'pass' && gaps.test(`${check} ${code}`),
    ),
  )
  return useful.map(([, hint]) => `to decide: ${hint}`)
}

/** How much of the workload the policy pins: nobody should read more into a verdict. */
function scope({ claims, policy: { snp } }: Result): string {
  if ('vouched' in claims) return ' (the word of somebody else; assay has seen NO evidence)'
  if (!claims.binding) return ' (GPUs by themselves: NOTHING ties them to a machine)'
  if (snp && snp.measurement === 'any') {
    return ' (origin and integrity only; the workload itself was not appraised)'
  }
  return snp && snp.hostData === 'any'
    ? ' (the launch measurement is pinned; HOST_DATA, which names what runs inside, was not appraised)'
    : ''
}

/** What the policy accepts whatever it is, and what it permits though it weakens, by section. */
function openFields(section: object, path: string): string[] {
  const members = Object.entries(section)
  const open = members.filter(([name, value]) => isOpen(value) && !isForced(name, section))
  const below = members.flatMap(([name, value]) =>
    value !== null && typeof value === 'object' ? openFields(value, `${path}.${name}`) : [],
  )
  return open.length > 0 ? [`  ${path}: ${open.map(([name]) => name).join(', ')}`, ...below] : below
}

const isOpen = (value: unknown): boolean => value === 'any' || value === 'allow'

/** Only Turin has an FMC; rows of other products can say nothing else of it. */
const isForced = (name: string, row: { readonly product?: unknown }): boolean =>
  name === 'fmc' && row.product !== 'Turin'

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
  if (text.length <= MAX_TEXT_LEN && !text.includes('\n')) return visible(text)
  const [start] = text.slice(0, MAX_TEXT_LEN / 4).split('\n')
  return `${visible(start as string)}… (${text.length} characters, whole with --json)`
}

/** Evidence is shown to people: what it has for terminals to obey is spelled out. */
const visible = (text: string): string =>
  text.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`,
  )
