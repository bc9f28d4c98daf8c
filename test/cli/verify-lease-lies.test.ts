// SPDX-License-Identifier: Apache-2.0
// Directories that lie: whatever they say, nothing is accepted that evidence does not prove.

import t, { type Test } from 'tap'
import { expectationsDigest, leaseKey } from '../../src/discovery/index.js'
import { expectationsBytes, leaseHints, leaseId } from '../fake/akash.js'
import { foreignKeys, mintAmd } from '../fake/amd.js'
import { directoryThat } from '../fake/directory.js'
import { mintGuest } from '../fake/guest.js'
import { pattern } from '../fake/nvidia.js'
import { json, serve } from '../fake/server.js'
import { assaySidecar, relay } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import { hex } from '../helpers.js'
import { AT_FLAGS, policyFile, trust } from './desk.js'
import {
  DIGEST,
  directory,
  expectationsOf,
  flagsFor,
  guestOf,
  hintOf,
  LEASE_FLAGS,
  MEASUREMENT,
  ONLINE,
  verifyLease,
  WORKLOAD,
} from './lease-world.js'
import { assay } from './terminal.js'

const victim = await assaySidecar({ guest: await mintGuest(0, WORKLOAD) })
t.teardown(victim.close)
const FLAGS = [...flagsFor(victim), '--expectations', DIGEST]

async function refused(t: Test, url: string, exit: number, code: string, flags = FLAGS) {
  const ran = await assay(['verify', ...LEASE_FLAGS, '--directory', url, ...flags], ONLINE)
  t.equal(ran.code, exit)
  t.equal(ran.out, '', 'no verdict')
  t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
}

t.test('lies: a URL with the genuine evidence of somebody else', async (t) => {
  const others = await guestOf(t, { measurement: pattern(48, 50), hostData: pattern(32, 51) })
  const { url } = await directory(t, [hintOf(others)])
  const judged = await verifyLease(['--directory', url, ...FLAGS])
  t.match(judged, { code: 10, codes: [['ERR_POLICY_MEASUREMENT', 'ERR_POLICY_HOST_DATA']] })
})

t.test('lies: a URL of an attacker who relays the genuine evidence', async (t) => {
  const attacker = await relay(victim)
  t.teardown(attacker.close)
  const { url } = await directory(t, [hintOf(attacker)])
  const judged = await verifyLease(['--directory', url, ...FLAGS])
  t.match(judged, { code: 10, codes: [['ERR_BINDING_ORACLE']] })
})

t.test('lies: the same image with another initdata, which HOST_DATA tells', async (t) => {
  const others = await guestOf(t, { ...WORKLOAD, hostData: pattern(32, 60) })
  const { url } = await directory(t, [hintOf(others)])
  const judged = await verifyLease(['--directory', url, ...FLAGS])
  t.match(judged, { code: 10, codes: [['ERR_POLICY_HOST_DATA']] })
})

t.test('lies: expectations made for the attacker', async (t) => {
  const attacker = await guestOf(t, { ...WORKLOAD, measurement: pattern(48, 70) })
  const made = expectationsBytes(expectationsOf(pattern(48, 70)))
  const name = expectationsDigest(made)
  const { url } = await directory(t, [hintOf(attacker, { expectations: [name] })], {
    [name]: made,
    [DIGEST]: made,
  })
  const own = ['--directory', url, ...flagsFor(victim)]
  await refused(t, url, 20, 'ERR_EXPECTATIONS_DIGEST')
  const pinned = policyFile({ measurement: [hex(MEASUREMENT)] })
  const mine = ['--policy', pinned, ...trust(victim.guest.amd), ...AT_FLAGS, '--allow-private']
  const judged = await verifyLease(['--directory', url, ...mine])
  t.match(judged, { code: 10, codes: [['ERR_POLICY_MEASUREMENT']] })
  const narrowed = await verifyLease(['--directory', url, ...mine, '--trust-expectations'])
  t.match(narrowed, { code: 10, codes: [['ERR_EXPECTATIONS_CONFLICT']] })
  t.equal(
    narrowed.lease.endpoints[0]?.appraisal,
    null,
    'a policy is not loosened by what is trusted',
  )
  const trusting = await verifyLease([...own, '--trust-expectations'])
  t.equal(trusting.code, 0, 'whoever trusts a directory gets what it says')
})

t.test('lies: no expectations, and ones that it does not have', async (t) => {
  const guest = await guestOf(t, { ...WORKLOAD, measurement: pattern(48, 71) })
  const missing = `sha256:${'0'.repeat(64)}`
  const { url } = await directory(t, [
    hintOf(guest, { expectations: [] }),
    hintOf(guest, { replica: 'web-1', expectations: [missing] }),
    hintOf(guest, { replica: 'web-2', expectations: [DIGEST] }),
  ])
  const judged = await verifyLease(['--directory', url, ...flagsFor(guest), '--trust-expectations'])
  const codes = [
    ['ERR_EXPECTATIONS_MISSING'],
    ['ERR_DIRECTORY_NOT_FOUND'],
    ['ERR_POLICY_MEASUREMENT'],
  ]
  t.match(judged, { code: 10, codes })
  t.strictSame(
    judged.lease.endpoints.map(({ result }) => result),
    ['undecided', 'undecided', 'rejected'],
  )
})

t.test('lies: under the digest that the tenant names, other bytes', async (t) => {
  const forged = expectationsBytes(expectationsOf(pattern(48, 80)))
  const liar = await directory(t, [hintOf(victim)], { [DIGEST]: forged })
  await refused(t, liar.url, 20, 'ERR_EXPECTATIONS_DIGEST')
  const honest = await directory(t, [hintOf(victim)])
  const both = ['--directory', liar.url, '--directory', honest.url]
  t.equal((await verifyLease([...both, ...FLAGS])).code, 0, 'the next one has them')
})

t.test('lies: evidence of no hardware at all', async (t) => {
  const keys = await foreignKeys()
  const amd = await mintAmd({ keys })
  const guest = { ...(await mintGuest(0, WORKLOAD)), amd }
  const forger = await assaySidecar({
    guest: {
      ...guest,
      attest: (reportData, vmpl) =>
        amd.report({ ...WORKLOAD, reportData: new Uint8Array(reportData), vmpl }),
    },
  })
  t.teardown(forger.close)
  const { url } = await directory(t, [hintOf(forger)])
  const judged = await verifyLease(['--directory', url, ...FLAGS])
  t.equal(judged.code, 10)
  t.ok(
    judged.codes[0]?.some((code) => code.startsWith('ERR_CERTIFICATE')),
    String(judged.codes),
  )
})

t.test('lies: the answer about another lease', async (t) => {
  const other = leaseHints({ lease: leaseId(2), endpoints: [hintOf(victim)] })
  const liar = await directoryThat(({ path }) => json(path.startsWith('/v1/leases') ? other : {}))
  t.teardown(liar.close)
  const { url } = await directory(t, [hintOf(victim)])
  const own = flagsFor(victim)
  await refused(t, liar.url, 20, 'ERR_DIRECTORY_LEASE', own)
  const judged = await verifyLease(['--directory', liar.url, '--directory', url, ...own])
  t.match(judged, { code: 0, lease: { directory: url } })
  t.equal(leaseKey(judged.lease.lease), LEASE_FLAGS[1])
})

t.test('lies: an old state, whose endpoint is gone or somebody else by now', async (t) => {
  const before = await assaySidecar({ guest: await mintGuest(0, WORKLOAD) })
  await before.close()
  const { url } = await directory(t, [hintOf(before)])
  t.match(await verifyLease(['--directory', url, ...FLAGS]), {
    code: 20,
    codes: [['ERR_ATTESTER_NETWORK']],
  })
  const tenant = await guestOf(t, { ...WORKLOAD, hostData: pattern(32, 90) })
  const reused = await directory(t, [hintOf(tenant)])
  t.match(await verifyLease(['--directory', reused.url, ...FLAGS]), {
    code: 10,
    codes: [['ERR_POLICY_HOST_DATA']],
  })
})

t.test('lies: endpoints that are no sidecars', async (t) => {
  let asked = 0
  const page = await serve(() => {
    asked += 1
    return { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>metadata</h1>' }
  }, mintTls())
  t.teardown(page.close)
  const elsewhere = await serve(
    () => ({ status: 307, headers: { location: `${victim.url}/v1/evidence` }, body: '' }),
    mintTls(),
  )
  t.teardown(elsewhere.close)
  const { url } = await directory(t, [
    hintOf(victim, { url: `${page.url}/` }),
    hintOf(victim, { replica: 'web-1', url: `${elsewhere.url}/` }),
  ])
  const judged = await verifyLease(['--directory', url, ...FLAGS])
  t.match(judged, { code: 20, codes: [['ERR_ATTESTER_ANSWER'], ['ERR_ATTESTER_STATUS']] })
  t.equal(asked, 1)
})

t.test('lies: endpoints on hosts of the tenant are not asked', async (t) => {
  const flags = FLAGS.filter((flag) => flag !== '--allow-private')
  const inside = await directory(t, [hintOf(victim)])
  await refused(t, inside.url, 20, 'ERR_ENDPOINT_ADDRESS', flags)
})

t.test('lies: pages, floods, and detours instead of answers', async (t) => {
  const html = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' }
  const flood = {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: ' '.repeat(10_000_000),
  }
  const detour = { status: 302, headers: { location: victim.url }, body: '' }
  for (const [answer, code] of [
    [html, 'ERR_DIRECTORY_ANSWER'],
    [flood, 'ERR_DIRECTORY_SIZE'],
    [detour, 'ERR_DIRECTORY_REDIRECT'],
  ] as const) {
    const liar = await directoryThat(answer)
    t.teardown(liar.close)
    await refused(t, liar.url, 20, code, flagsFor(victim))
  }
})
