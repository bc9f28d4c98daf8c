// SPDX-License-Identifier: Apache-2.0
// `npm run test:interop`: what other people's implementations make of ours. It fetches their packages,
// so it is no part of `npm test`; what it cannot run, it names.

import { earGo, earRust } from './ear/suite.js'
import { Skip, type Suite } from './suite.js'

const SUITES: readonly Suite[] = [earGo, earRust]

const tally = { passed: 0, failed: 0, skipped: 0 }

for (const suite of SUITES) {
  console.log(suite.name)
  try {
    for (const { title, problem } of await suite.run()) {
      if (problem === null) tally.passed++
      else tally.failed++
      console.log(problem === null ? `  pass  ${title}` : `  FAIL  ${title}: ${problem}`)
    }
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    tally.skipped++
    console.log(`  SKIPPED: ${error.message}`)
  }
}

const skipped = tally.skipped > 0 ? `, ${tally.skipped} of ${SUITES.length} suites skipped` : ''
console.log(`${tally.passed} passed, ${tally.failed} failed${skipped}`)
if (tally.failed > 0) process.exitCode = 1
