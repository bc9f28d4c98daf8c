// SPDX-License-Identifier: Apache-2.0
// All objects of one resource, a page at a time, as they were at one moment.

import { ApiAnswer, type KubeApi, type Query } from './kube-api.js'

/** An object of the API server: as much of it as everything has. */
export interface KubeObject {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

export interface KubeResource {
  /** Such as `/api/v1/pods`. */
  readonly path: string
  /** Label and field selectors. */
  readonly query: Query
}

interface Page {
  readonly items: readonly KubeObject[] | null
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
}

/**
 * Hands out every object, and returns the version that a watch goes on from.
 *
 * No version is asked for, so that the answer is not older than the question (a replica of the API
 * server that lags would take a lease back to what it was), and each page is of the same moment.
 *
 * @param limit objects of one page
 * @throws {ApiRefusal} 410 when the API server has forgotten that moment before the last page
 */
export async function list(
  api: KubeApi,
  { path, query }: KubeResource,
  limit: number,
  signal: AbortSignal,
  each: (object: KubeObject) => void,
): Promise<string> {
  let version = ''
  let next: string | undefined
  do {
    const asked = { ...query, limit: `${limit}`, ...(next && { continue: next }) }
    const page = checkPage(await api.json(path, asked, signal), path)
    for (const object of page.items ?? []) each(object)
    version ||= page.metadata.resourceVersion
    next = page.metadata.continue
  } while (next)
  return version
}

/** The version that the whole of etcd has now. */
export async function versionOf(
  api: KubeApi,
  { path, query }: KubeResource,
  signal: AbortSignal,
): Promise<string> {
  const page = await api.json(path, { ...query, limit: '1' }, signal)
  return checkPage(page, path).metadata.resourceVersion
}

function checkPage(answer: unknown, path: string): Page {
  const page = answer as Page | null
  if (typeof page?.metadata?.resourceVersion !== 'string' || page.metadata.resourceVersion === '') {
    throw new ApiAnswer(`the API server's answer to ${path} is no list`)
  }
  return page
}
