// SPDX-License-Identifier: Apache-2.0
// Documents of expectations out of a ConfigMap, each checked. One that is bad is refused, and the last
// good one of its name stays.

import type { V1ConfigMap } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { expectationsDigest, parseExpectations } from '../discovery/expectations.js'
import { AttestationError } from '../errors.js'
import type { Documents } from './kube-hints.js'

interface Document {
  readonly digest: string
  readonly bytes: Uint8Array
}

const SUFFIX = '.json'

export class KubeExpectations {
  #good = new Map<string, Document>()
  #byName: Documents = new Map()

  constructor(private readonly log: Logger) {}

  /** @param map null: there is none */
  load(map: V1ConfigMap | null): void {
    const good = new Map<string, Document>()
    for (const [key, text] of Object.entries(map?.data ?? {})) {
      const document = this.#check(key, text)
      if (document) good.set(key, document)
    }
    this.#good = good
    this.#byName = byName(good)
  }

  /** By digest, as they are served. */
  get documents(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#good.values()].map(({ digest, bytes }) => [digest, bytes]))
  }

  /**
   * Digests by name: the key without `.json`, and also without a third part, so that a service or a
   * RuntimeClass may have several documents while one takes the place of another.
   */
  get byName(): Documents {
    return this.#byName
  }

  #check(key: string, text: string): Document | undefined {
    try {
      if (!key.endsWith(SUFFIX)) {
        throw new AttestationError('ERR_EXPECTATIONS', `a key that ends in ${SUFFIX} expected`)
      }
      const bytes = new TextEncoder().encode(text)
      parseExpectations(bytes)
      return { digest: expectationsDigest(bytes), bytes }
    } catch (error) {
      const { code, message } = error as AttestationError
      const last = this.#good.get(key)
      const stays = last ? 'the last good one stays' : 'there is none of this name'
      this.log.error({ code, key }, `expectations refused, ${stays}: ${message}`)
      return last
    }
  }
}

function byName(documents: ReadonlyMap<string, Document>): Documents {
  const names = new Map<string, string[]>()
  for (const [key, { digest }] of documents) {
    const name = key.slice(0, -SUFFIX.length)
    const [first, second] = name.split('.')
    for (const one of new Set([name, `${first}.${second}`])) {
      names.set(one, [...(names.get(one) ?? []), digest])
    }
  }
  return names
}
