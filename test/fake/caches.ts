// SPDX-License-Identifier: Apache-2.0
// CacheStorage of the test world, as far as a store of small answers goes: named caches of responses
// by exact URL, without fragments, as the Service Worker specification wants it.

export class FakeCaches implements CacheStorage {
  readonly #caches = new Map<string, Map<string, Response>>()

  async open(name: string): Promise<Cache> {
    const entries = this.#caches.get(name) ?? new Map<string, Response>()
    this.#caches.set(name, entries)
    const put = async (url: string, response: Response) => {
      entries.set(keyOf(url), response.clone())
    }
    const match = async (url: string) => entries.get(keyOf(url))?.clone()
    return { put, match } as unknown as Cache
  }

  async set(name: string, url: string, response: Response): Promise<void> {
    await (await this.open(name)).put(url, response)
  }

  async keys(): Promise<string[]> {
    return [...this.#caches.keys()]
  }

  async has(name: string): Promise<boolean> {
    return this.#caches.has(name)
  }

  async delete(name: string): Promise<boolean> {
    return this.#caches.delete(name)
  }

  async match(): Promise<undefined> {
    return undefined
  }
}

function keyOf(url: string): string {
  const key = new URL(url)
  key.hash = ''
  return key.href
}
