// SPDX-License-Identifier: Apache-2.0
// What a client of the sidecar is told about an error: status, code and one sentence.

import type { Code } from '../errors.js'
import type { Refusal } from '../service/problem.js'
import { refusalBy } from '../service/refusal.js'

/** What coming back later does not mend. */
const NO_RETRY: ReadonlySet<Code> = new Set([
  'ERR_DEVICE_LOST',
  'ERR_DEVICE_PROVIDER',
  'ERR_GPU_UNSUPPORTED',
  'ERR_GPU_MODE',
  'ERR_GPU_DEVTOOLS',
  'ERR_GPU_LOST',
])

/** Whether the device stays as it is until somebody restarts or changes the guest. */
export const isFinal = (code: Code): boolean => NO_RETRY.has(code)

/** What a client is told about `error`. Whatever is not meant for it stays in the log. */
export const refusalOf = (error: unknown): Refusal => refusalBy('sidecar', error)

/** Whether coming back later may help. */
export const isTemporary = ({ status, code }: Refusal): boolean => status === 503 && !isFinal(code)
