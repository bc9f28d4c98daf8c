// SPDX-License-Identifier: Apache-2.0
// What the sidecar is measured against: a Fastify HTTPS route, with a key as the sidecar's, that
// returns a constant. Its one argument lists the lengths that it serves, each at a path of its own.

import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { issue, mintKeys } from '../src/sidecar/tls.js'

async function main(): Promise<void> {
  const { tls } = await mintKeys()
  const { key, cert } = await issue(tls, new Date())
  const app = fastify({ https: { key, cert, minVersion: 'TLSv1.2' } })
  for (const length of (process.argv[2] as string).split(',')) {
    const member = '{"constant":""}'
    const body = Buffer.from(
      JSON.stringify({ constant: 'A'.repeat(Number(length) - member.length) }),
    )
    app.post(`/${length}`, (_request, reply) => {
      reply.type('application/json').send(body)
    })
  }
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  console.log(`https://127.0.0.1:${port}`)
  process.once('SIGTERM', () => process.exit())
}
main()
