// SPDX-License-Identifier: Apache-2.0
// `npm run test:kube [WORD]`: only the suites that need a cluster; of those, the ones with the word in
// their names.

import { runAll } from '../interop/suite.js'
import { kubeSuites } from './suites.js'

const [word = ''] = process.argv.slice(2)

await runAll(kubeSuites.filter(({ name }) => name.includes(word)))
// A case that failed may have left a server open.
process.exit()
