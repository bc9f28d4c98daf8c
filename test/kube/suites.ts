// SPDX-License-Identifier: Apache-2.0
// All suites that need a cluster.

import type { Suite } from '../interop/suite.js'
import { certs } from './certs.js'
import { directory } from './directory.js'
import { smoke } from './smoke/suite.js'
import { webhook } from './webhook.js'
import { webhookCerts } from './webhook-certs.js'
import { webhookOthers } from './webhook-others.js'
import { webhookOutage } from './webhook-outage.js'
import { webhookPolicies } from './webhook-policies.js'
import { webhookUpdates } from './webhook-updates.js'

export const kubeSuites: readonly Suite[] = [
  smoke,
  certs,
  directory,
  webhook,
  webhookPolicies,
  webhookUpdates,
  webhookOthers,
  webhookCerts,
  webhookOutage,
]
