// SPDX-License-Identifier: Apache-2.0
// Findings → lines for people; what holds for several devices, or for the same reason, stands once.

import type { Finding } from '../verify/index.js'

type Outcome = Finding['outcome']

const MARK: Record<Outcome, string> = { pass: 'pass', fail: 'FAIL', unknown: '????' }
export const COLOR: Record<Outcome, number> = { pass: 32, fail: 31, unknown: 33 }

export const paint = (text: string, color: number, on: boolean): string =>
  on ? `\x1b[${color}m${text}\x1b[0m` : text

/** Findings that differ in nothing but the device. */
interface Line extends Pick<Finding, 'check' | 'outcome' | 'code' | 'detail'> {
  readonly devices: readonly number[]
}

/** The checks of an appraisal, one line each; a reason that several share stands once. */
export function formatFindings(
  { findings }: { readonly findings: readonly Finding[] },
  color: boolean,
): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const severalDevices = new Set(findings.flatMap(({ device }) => device ?? [])).size > 1
  const lines = gathered(findings)
  return lines
    .map((line, at) => {
      const before = lines[at - 1]
      const same = line.code !== null && line.code === before?.code && line.detail === before.detail
      const detail = same ? 'as above' : line.detail
      const whose = severalDevices ? spell(line.devices) : ''
      return `${formatLine({ ...line, detail: `${whose}${detail}` }, width, color)}\n`
    })
    .join('')
}

function gathered(findings: readonly Finding[]): Line[] {
  const lines: Line[] = []
  for (const { check, outcome, code, detail, device } of findings) {
    const last = lines.at(-1)
    const devices = device === undefined ? [] : [device]
    const isSame =
      last &&
      ([last.check, last.outcome, last.code, last.detail] as unknown[]).every(
        (part, at) => part === [check, outcome, code, detail][at],
      )
    if (isSame && device !== undefined) {
      lines[lines.length - 1] = { ...last, devices: [...last.devices, device] }
    } else {
      lines.push({ check, outcome, code, detail, devices })
    }
  }
  return lines
}

/** `devices 0-3, 7: `. */
function spell(devices: readonly number[]): string {
  const runs: [first: number, last: number][] = []
  for (const device of devices) {
    const run = runs.at(-1)
    if (run && run[1] === device - 1) run[1] = device
    else runs.push([device, device])
  }
  const spelled = runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
  if (spelled.length === 0) return ''
  return `device${devices.length > 1 ? 's' : ''} ${spelled.join(', ')}: `
}

function formatLine(
  { check, outcome, code, detail }: Omit<Line, 'devices'>,
  width: number,
  color: boolean,
) {
  const mark = paint(MARK[outcome], COLOR[outcome], color)
  return `  ${mark}  ${check.padEnd(width)}  ${code ? `${code}: ` : ''}${detail}`
}
