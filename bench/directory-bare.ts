// SPDX-License-Identifier: Apache-2.0
// What the directory is measured against: node:http, answering every request with a constant as long as
// its argument says, or with 304 where that is 0.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const length = Number(process.argv[2])
const body = 'x'.repeat(length)
const server = createServer((_request, response) => {
  if (length === 0) response.writeHead(304, { etag: '"x"' }).end()
  else {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
    response.end(body, 'latin1')
  }
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => process.exit())
