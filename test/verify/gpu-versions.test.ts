// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { compareVersions } from '../../src/verify/gpu-versions.js'

t.test('gpu versions: part by part, as numbers', async (t) => {
  const ascending = [
    ['535.86.09', '545.00', '550.54.15', '550.90.07', '550.144.03', '570.124.03', '570.124.06.1'],
    ['96.00.5E.00.01', '96.00.9F.00.01', '96.00.9F.00.0A', '96.00.A5.00.01', '97.00.00.00.00'],
  ]
  for (const versions of ascending) {
    for (const [at, version] of versions.entries()) {
      t.equal(compareVersions(version, version), 0)
      for (const later of versions.slice(at + 1)) {
        t.ok(compareVersions(version, later) < 0, `${version} < ${later}`)
        t.ok(compareVersions(later, version) > 0, `${later} > ${version}`)
      }
    }
  }
  t.equal(compareVersions('545.0', '545.00.0'), 0, 'what is missing is zero')
})
