// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { defaultCacheDir } from '../../src/cli/cache-dir.js'

t.test('cache folder: where the XDG specification wants it', async (t) => {
  const home = '/home/user'
  t.equal(defaultCacheDir({ XDG_CACHE_HOME: '/var/cache/user' }, home), '/var/cache/user/assay')
  t.equal(defaultCacheDir({}, home), '/home/user/.cache/assay')
  t.equal(defaultCacheDir({ XDG_CACHE_HOME: '' }, home), '/home/user/.cache/assay')
  t.equal(defaultCacheDir({ XDG_CACHE_HOME: 'relative' }, home), '/home/user/.cache/assay')
})
