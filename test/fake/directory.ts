// SPDX-License-Identifier: Apache-2.0
// A directory over plain HTTP that says what a test has it say, truth or not, and keeps what it was
// asked.

import { type LeaseHints, leasePath } from '../../src/discovery/index.js'
import { type Answered, type Asked, json, type Served, serve } from './server.js'

export interface FakeDirectory extends Served {
  readonly asked: readonly Asked[]
}

export type Says = (asked: Asked) => Answered | Promise<Answered>

/** Says the same to everything, or what a function makes of the question. */
export async function directoryThat(says: Answered | Says): Promise<FakeDirectory> {
  const asked: Asked[] = []
  const served = await serve((question) => {
    asked.push(question)
    return typeof says === 'function' ? says(question) : says
  }, null)
  return { ...served, asked }
}

/** An honest one, as far as its paths go. */
export function directoryOf(
  hints: readonly LeaseHints[],
  documents: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<FakeDirectory> {
  return directoryThat(({ path }) => {
    const lease = hints.find((one) => leasePath(one.lease) === path)
    if (lease) return json(lease)
    const document = documents[path.replace('/v1/expectations/', '')]
    if (document === undefined) return json({ code: 'ERR_NOT_FOUND' }, 404)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: document }
  })
}
