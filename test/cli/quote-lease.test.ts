// SPDX-License-Identifier: Apache-2.0
// `assay quote --lease`: evidence of the one endpoint that is meant.

import t from 'tap'
import { parseEvidenceFile } from '../../src/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { AT_FLAGS, AUTHENTICITY, put, trust, verify } from './desk.js'
import { directory, guestOf, hintOf, LEASE_FLAGS, ONLINE, WORKLOAD } from './lease-world.js'
import { assay } from './terminal.js'

t.test('quote lease: what it keeps is what verify reads', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const { url } = await directory(t, [hintOf(guest)])
  const flags = [...LEASE_FLAGS, '--directory', url, '--allow-private', '--bind', 'tls,hpke']
  const world = { ...ONLINE, random: (length: number) => pattern(length, 9) }
  const { code, out, err } = await assay(['quote', ...flags], world)
  t.equal(code, 0)
  t.match(err, `assay: ${guest.url}/ is a hint of ${url}, not trusted\n`)
  t.same(parseEvidenceFile(out).nonce, pattern(64, 9))
  const judged = await verify([put(out), ...AUTHENTICITY, ...trust(guest.guest.amd), ...AT_FLAGS])
  t.equal(judged.code, 0)
})

t.test('quote lease: one endpoint at a time', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const { url } = await directory(t, [hintOf(guest), hintOf(guest, { replica: 'web-1' })])
  const flags = [...LEASE_FLAGS, '--directory', url, '--allow-private']
  const both = await assay(['quote', ...flags], ONLINE)
  t.equal(both.code, 30)
  t.match(both.err, /^assay: ERR_USAGE: one endpoint at a time: [^\n]+ of web-0, web-1\n$/)
  t.equal((await assay(['quote', ...flags, '--replica', 'web-1'], ONLINE)).code, 0)
  const inside = flags.filter((flag) => flag !== '--allow-private')
  t.match((await assay(['quote', ...inside], ONLINE)).err, 'ERR_ENDPOINT_ADDRESS')
})

t.test('quote lease: a URL or a lease', async (t) => {
  const url = 'https://127.0.0.1:1'
  for (const argv of [
    [],
    [url, ...LEASE_FLAGS],
    LEASE_FLAGS,
    [url, '--directory', 'https://directory.example'],
    [url, '--service', 'web'],
    [url, '--allow-private'],
  ]) {
    const { code, err } = await assay(['quote', ...argv], ONLINE)
    t.equal(code, 30, argv.join(' '))
    t.match(err, /^assay: ERR_USAGE: /)
  }
})
