// SPDX-License-Identifier: Apache-2.0
// A log that a test reads.

import { pino } from 'pino'

export function recorded(level = 'debug') {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) })
  return { lines, log }
}
