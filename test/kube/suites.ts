// SPDX-License-Identifier: Apache-2.0
// All suites that need a cluster.

import type { Suite } from '../interop/suite.js'
import { smoke } from './smoke.js'

export const kubeSuites: readonly Suite[] = [smoke]
