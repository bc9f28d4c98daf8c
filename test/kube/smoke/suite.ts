// SPDX-License-Identifier: Apache-2.0
// That the cluster of the tests is one: what suites build on holds.

import { kubeSuite } from '../suite.js'
import { admission } from './admission.js'
import { controllers } from './controllers.js'
import { outages } from './outages.js'

export const smoke = kubeSuite('the cluster of the tests', {
  ...controllers,
  ...admission,
  ...outages,
})
