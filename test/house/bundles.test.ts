// SPDX-License-Identifier: Apache-2.0
// What the build makes for the images: one file for each process, and nothing in it that it has no use
// for.

import { readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')

/** Packages that are asked for only where somebody needs them, and are beside the file then. */
const MAY_REQUIRE: Record<string, readonly string[]> = {
  sidecar: ['koffi', '@fastify/'],
  webhook: ['@fastify/'],
}
/** A client of Kubernetes, with all that it brings. */
const CLIENT = /KubeConfig|openid-client/

t.test('bundles: each stands alone, and is run by its name', async (t) => {
  for (const [name, packages] of Object.entries(MAY_REQUIRE)) {
    const file = path.join(root, `build/${name}.cjs`)
    const text = readFileSync(file, 'utf8')
    const required = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, id]) => id as string)
    const strangers = required.filter(
      (id) =>
        !builtinModules.includes(id.replace(/^node:/, '')) &&
        !packages.some((prefix) => id.startsWith(prefix)),
    )
    t.same(strangers, [], name)
    t.ok(required.length > 0)
    t.match(text, /^#!\/usr\/local\/bin\/node\n/)
    t.equal(statSync(file).mode & 0o111, 0o111)
    t.notMatch(text, CLIENT, 'what serves has no way to the API server')
  }
})
