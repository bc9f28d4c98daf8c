// SPDX-License-Identifier: Apache-2.0
// Layer of a failure → exit code. Written once.

import type { Layer } from '../errors.js'

export const EXIT = {
  done: 0,
  bug: 1,
  refused: 10,
  undecided: 20,
  usage: 30,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_OF_LAYER: Record<Layer, ExitCode> = {
  request: EXIT.usage,
  evidence: EXIT.refused,
  endorsement: EXIT.refused,
  policy: EXIT.refused,
  unavailable: EXIT.undecided,
  internal: EXIT.bug,
}
