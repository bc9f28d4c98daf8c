// SPDX-License-Identifier: Apache-2.0
// Server-side apply of whatever kinds of objects, as `kubectl apply --server-side` does it.

import type { Api } from './api.js'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

interface Kind {
  readonly kind: string
  /** Plural; those with a slash are parts of an object. */
  readonly name: string
  readonly namespaced: boolean
}

const APPLY = 'application/apply-patch+yaml'
const MANAGER = 'kubectl'

export class Objects {
  readonly #kinds = new Map<string, Promise<readonly Kind[]>>()

  constructor(readonly api: Api) {}

  /** What the API server made of it. */
  async apply(object: Manifest): Promise<Manifest> {
    const path = await this.path(object)
    return this.api.must('PATCH', `${path}?fieldManager=${MANAGER}&force=true`, object, APPLY)
  }

  /** Where the object is. */
  async path({ apiVersion, kind, metadata: { name, namespace } }: Manifest): Promise<string> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const found = (await this.#discover(base)).find((one) => one.kind === kind)
    if (!found) throw new Error(`${apiVersion} has no ${kind}`)
    const inside = found.namespaced ? `/namespaces/${namespace ?? 'default'}` : ''
    return `${base}${inside}/${found.name}/${name}`
  }

  #discover(base: string): Promise<readonly Kind[]> {
    const known = this.#kinds.get(base)
    if (known) return known
    const asked = this.api
      .must('GET', base)
      .then(({ resources }) => resources.filter(({ name }: Kind) => !name.includes('/')))
    this.#kinds.set(base, asked)
    return asked
  }
}
