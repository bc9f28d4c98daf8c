// SPDX-License-Identifier: Apache-2.0
// `npm run test:interop`: what other people's implementations make of ours. It fetches their packages,
// so it is no part of `npm test`; what it cannot run, it names.

import { kubeSuites } from '../kube/suites.js'
import { earGo, earRust } from './ear/suite.js'
import { nginxCache } from './nginx/suite.js'
import { snpGo } from './snp/suite.js'
import { runAll } from './suite.js'

await runAll([earGo, earRust, snpGo, nginxCache, ...kubeSuites])
// A case that failed may have left a server open.
process.exit()
