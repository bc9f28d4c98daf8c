// SPDX-License-Identifier: Apache-2.0
// What the tests of the fetcher share: a service, a clock, and the fetcher between them.

import { Fetcher, type FetcherOptions, type Progress } from '../../src/verify/fetcher.js'
import { AT } from '../fake/amd.js'
import { VirtualClock } from '../fake/clock.js'
import { FakeKds, fetchOf } from '../fake/kds.js'

export function world(options: Partial<FetcherOptions> = {}) {
  const service = new FakeKds()
  const clock = new VirtualClock(AT)
  const { now, sleep } = clock
  const progress: Progress[] = []
  const onProgress = (event: Progress) => progress.push(event)
  const fetcher = new Fetcher({
    fetch: fetchOf(service, clock),
    now,
    sleep,
    onProgress,
    ...options,
  })
  const get = async (path = '/a', host = 'one.example') => {
    const url = `https://${host}${path}`
    const bytes = await fetcher.get({ url, what: `object ${path}`, maxLength: 100 })
    return Buffer.from(bytes).toString()
  }
  return { service, clock, progress, fetcher, get }
}
