// SPDX-License-Identifier: Apache-2.0
// `assay verify --lease`: honest directories, and the flags around them.

import t, { type Test } from 'tap'
import { expectationsDigest } from '../../src/discovery/index.js'
import { expectationsBytes } from '../fake/akash.js'
import { mintGuest } from '../fake/guest.js'
import { pattern } from '../fake/nvidia.js'
import { json, serve } from '../fake/server.js'
import { aep83Sidecar } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import { policyFile, put, trust, verify } from './desk.js'
import {
  DIGEST,
  directory,
  EXPECTED,
  expectationsOf,
  flagsFor,
  guestOf,
  hintOf,
  LEASE,
  LEASE_FLAGS,
  ONLINE,
  verifyLease,
  WORKLOAD,
} from './lease-world.js'
import { assay } from './terminal.js'

async function refused(t: Test, argv: readonly string[], exit: number, code: string, says = /./) {
  const ran = await assay(['verify', ...argv], ONLINE)
  t.equal(ran.code, exit, argv.join(' '))
  t.equal(ran.out, '')
  t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  t.match(ran.err, says)
}

t.test('verify lease: every replica, each with a nonce of its own', async (t) => {
  const one = await guestOf(t, { ...WORKLOAD, reportId: pattern(32, 10) })
  const two = await guestOf(t, { ...WORKLOAD, reportId: pattern(32, 11) })
  const hints = [hintOf(one), hintOf(two, { replica: 'web-1' })]
  const { url, asked } = await directory(t, hints)
  let calls = 0
  const random = (length: number) => pattern(length, calls++)
  const judged = await verifyLease(
    ['--directory', url, '--expectations', DIGEST, ...flagsFor(one)],
    { ...ONLINE, random },
  )
  t.equal(judged.code, 0)
  t.equal(judged.err, '')
  const { result, lease, directory: from, endpoints } = judged.lease
  t.strictSame([result, lease, from], ['verified', LEASE, url])
  t.equal(calls, 2)
  const nonces = endpoints.map(({ appraisal }) => appraisal?.claims.binding.nonce)
  t.equal(new Set(nonces).size, 2)
  t.strictSame(
    endpoints.map(({ source, hint, expectations, notes, error }) => [
      ...[source, hint, expectations, notes, error],
    ]),
    hints.map((hint) => [`hint of ${url}, not trusted`, hint, DIGEST, [], null]),
  )
  t.same(
    asked
      .flatMap(({ headers, body }) => [body, ...Object.keys(headers)])
      .filter((text) => /nonce/.test(text)),
    [],
  )
})

t.test('verify lease: as text', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const gone = hintOf(guest, { replica: 'web-1', url: 'https://127.0.0.1:1/' })
  const { url } = await directory(t, [hintOf(guest, { gpus: 8 }), gone])
  const flags = ['--directory', url, ...flagsFor(guest)]
  const { code, out } = await assay(['verify', ...LEASE_FLAGS, ...flags], ONLINE)
  t.equal(code, 20)
  const [first, second, third, fourth, , head, note] = out.split('\n')
  t.equal(first, 'UNDECIDED: 1 of 2 endpoints of web')
  t.equal(second, LEASE_FLAGS.join(' ').slice(2))
  t.match(third, `a hint of ${url}, NOT trusted`)
  t.match(fourth, /ANY genuine guest/)
  t.equal(head, `== web web-0 ${guest.url}/ (direct; hint of ${url}, not trusted)`)
  t.equal(note, 'note: the directory says 8 GPUs, the evidence has 0')
  t.match(out, /\nVERIFIED \(origin and integrity only/)
  t.match(out, /\n== web web-1 [^\n]+\nUNDECIDED\nERR_ATTESTER_NETWORK: no answer[^\n]+\n$/)
  const pinned = await assay(
    ['verify', ...LEASE_FLAGS, ...flags, '--replica', 'web-0', '--trust-expectations'],
    ONLINE,
  )
  t.equal(pinned.code, 0)
  t.match(pinned.out, `\nexpectations: ${DIGEST}\n`)
  t.notMatch(pinned.out, /ANY genuine guest/)
})

t.test('verify lease: expectations count when the tenant says so, and then all', async (t) => {
  const guest = await guestOf(t, { ...WORKLOAD, hostData: pattern(32, 99) })
  const { url } = await directory(t, [hintOf(guest)])
  const flags = ['--directory', url, ...flagsFor(guest)]
  t.match(await verifyLease(flags), { code: 0, codes: [[]] })
  const file = put(EXPECTED)
  for (const own of [
    ['--trust-expectations'],
    ['--expectations', DIGEST],
    ['--expectations', file],
  ]) {
    const judged = await verifyLease([...flags, ...own])
    t.match(judged, { code: 10, codes: [['ERR_POLICY_HOST_DATA']] }, own.join(' '))
    t.equal(judged.lease.endpoints[0]?.expectations, DIGEST)
  }
})

t.test('verify lease: one of several expectations will do', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const next = expectationsBytes(expectationsOf(pattern(48, 77)))
  const broken = expectationsBytes({})
  const names = [expectationsDigest(next), expectationsDigest(broken), DIGEST]
  const { url } = await directory(t, [hintOf(guest, { expectations: names })], {
    [names[0] as string]: next,
    [names[1] as string]: broken,
    [DIGEST]: EXPECTED,
  })
  const flags = ['--directory', url, ...flagsFor(guest)]
  const trusted = await verifyLease([...flags, '--trust-expectations'])
  t.equal(trusted.code, 0)
  t.equal(trusted.lease.endpoints[0]?.expectations, DIGEST)
  const own = ['--expectations', put(next), '--expectations', DIGEST]
  t.equal((await verifyLease([...flags, ...own])).code, 0)
  const neither = await verifyLease([...flags, '--expectations', put(next)])
  t.match(neither, { code: 10, codes: [['ERR_POLICY_MEASUREMENT']] })
})

t.test('verify lease: the gateway where there is nothing nearer, with a token', async (t) => {
  const go = await aep83Sidecar({ guest: await mintGuest(0, WORKLOAD) })
  t.teardown(go.close)
  const seen: unknown[] = []
  const stranger = await serve(({ headers }) => {
    seen.push(headers['x-token'])
    return json({}, 401)
  }, mintTls())
  t.teardown(stranger.close)
  const { url } = await directory(t, [
    hintOf(go, { kind: 'gateway', url: `${go.url}/quote` }),
    hintOf(go, { kind: 'gateway', replica: 'web-1', url: `${stranger.url}/attestation/quote` }),
  ])
  const flags = [
    '--directory',
    url,
    '--bind',
    'none',
    ...flagsFor(go),
    '--header',
    'x-token: secret',
  ]
  const judged = await verifyLease([...flags, '--header-to', `${go.url}/whatever`])
  t.match(judged, { code: 20, codes: [[], ['ERR_ATTESTER_REFUSED']] })
  t.strictSame(seen, [undefined], 'who was not named gets no token')
  await verifyLease([...flags, '--header-to', stranger.url])
  t.strictSame(seen, [undefined, 'secret'])
  const without = [...LEASE_FLAGS, ...flags]
  await refused(t, without, 30, 'ERR_USAGE', /--header-to/)
  await refused(t, [...without, '--header-to', 'provider'], 30, 'ERR_USAGE', /https URL/)
  await refused(t, [...without, '--header-to', 'http://a.example'], 30, 'ERR_USAGE', /https URL/)
})

t.test('verify lease: services, replicas, user data', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const { url } = await directory(t, [
    hintOf(guest, { service: 'api', replica: 'api-0' }),
    hintOf(guest),
    hintOf(guest, { replica: 'web-1', tee: 'tdx' }),
  ])
  const flags = ['--directory', url, ...flagsFor(guest)]
  await refused(t, [...LEASE_FLAGS, ...flags], 30, 'ERR_ARGUMENT', /one of api, web expected/)
  await refused(t, [...LEASE_FLAGS, ...flags, '--service', 'db'], 20, 'ERR_DIRECTORY_SERVICE')
  const { lease } = await verifyLease([...flags, '--service', 'web'])
  t.strictSame(
    lease.endpoints.map(({ notes }) => notes),
    [
      [],
      ['the directory says tdx, the evidence is snp', 'the same guest as web-0, by its REPORT_ID'],
    ],
  )
  const data = ['--user-data', put(pattern(100, 3))]
  const judged = await verifyLease([...flags, '--service', 'web', '--replica', 'web-1', ...data])
  const passed = judged.lease.endpoints.map(({ appraisal }) =>
    appraisal?.findings.some((one) => one.check === 'binding.user-data' && one.outcome === 'pass'),
  )
  t.strictSame(passed, [true])
})

t.test('verify lease: not more endpoints than anybody deploys', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const many = Array.from({ length: 65 }, (_, at) => hintOf(guest, { replica: `web-${at + 100}` }))
  const { url } = await directory(t, many)
  const flags = ['--directory', url, ...flagsFor(guest)]
  await refused(t, [...LEASE_FLAGS, ...flags], 30, 'ERR_USAGE', /65 endpoints/)
  t.equal((await verifyLease([...flags, '--replica', 'web-164'])).code, 0)
})

t.test('verify lease: what goes wrong here is no verdict on an endpoint', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const { url } = await directory(t, [hintOf(guest)])
  const random = () => {
    throw new RangeError('no more randomness')
  }
  const argv = ['verify', ...LEASE_FLAGS, '--directory', url, ...flagsFor(guest)]
  const { code, out, err } = await assay(argv, { ...ONLINE, random })
  t.strictSame([code, out, err], [1, '', 'assay: ERR_INTERNAL: no more randomness\n'])
})

t.test('verify lease: flags that nothing would read, or that contradict each other', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const { url, asked } = await directory(t, [hintOf(guest)])
  const flags = ['--directory', url, ...flagsFor(guest)]
  const file = put('x')
  for (const wrong of [
    ['https://a.example'],
    ['--snp', file],
    ['--gpu', file],
    ['--nonce', 'AAAA'],
    ['--tls-key', file],
    ['--report-data', '00'],
    ['--offline'],
    ['--ear', file],
    ['--trust-expectations', '--expectations', DIGEST],
  ]) {
    await refused(t, [...LEASE_FLAGS, ...flags, ...wrong], 30, 'ERR_USAGE')
  }
  await refused(t, ['--lease', 'web', ...flags], 30, 'ERR_LEASE_ID')
  await refused(t, [...LEASE_FLAGS, ...flagsFor(guest)], 30, 'ERR_USAGE', /--directory URL/)
  await refused(t, [...LEASE_FLAGS, '--directory', url], 30, 'ERR_USAGE', /without a policy/)
  const policy = ['--policy', 'authenticity']
  for (const flag of ['--service', '--replica', '--header-to']) {
    await refused(t, [file, flag, 'x', ...policy], 30, 'ERR_USAGE', /is for --lease/)
  }
  await refused(t, [file, '--allow-private', ...policy], 30, 'ERR_USAGE', /is for --lease/)
  await refused(t, [file, '--trust-expectations', ...policy], 30, 'ERR_USAGE', /is for --lease/)
  await refused(t, [file, '--directory', url, ...policy], 30, 'ERR_USAGE', /--directory is for/)
  const digest = ['--expectations', DIGEST]
  await refused(t, [file, ...digest, ...policy], 30, 'ERR_USAGE', /name a directory/)
  await refused(
    t,
    ['--gpu', file, ...digest, '--directory', url, ...policy],
    30,
    'ERR_USAGE',
    /evidence of a CPU/,
  )
  await refused(t, [...LEASE_FLAGS, ...flags, '--expectations', file], 30, 'ERR_EXPECTATIONS')
  const unknown = ['--expectations', `sha256:${'0'.repeat(64)}`]
  t.equal(asked.length, 0, 'nobody was asked')
  await refused(t, [...LEASE_FLAGS, ...flags, ...unknown], 20, 'ERR_DIRECTORY_NOT_FOUND')
})

t.test('verify: expectations for a URL, too', async (t) => {
  const guest = await guestOf(t, WORKLOAD)
  const flags = flagsFor(guest).filter((flag) => flag !== '--allow-private')
  const { url } = await directory(t, [])
  const file = ['--expectations', put(EXPECTED)]
  const named = await verify([guest.url, ...flags, ...file])
  t.match(named, { code: 0, result: { policy: { name: 'authenticity, as web 1.0' } } })
  t.ok(named.passed.includes('snp.measurement'))
  const fetched = ['--expectations', DIGEST, '--directory', url]
  t.equal((await verify([guest.url, ...flags, ...fetched], ONLINE)).code, 0)
  const other = ['--expectations', put(expectationsBytes(expectationsOf(pattern(48, 5))))]
  t.match(await verify([guest.url, ...flags, ...other]), {
    code: 10,
    codes: ['ERR_POLICY_MEASUREMENT'],
  })
  const own = policyFile({ measurement: ['ff'.repeat(48)] })
  const conflicting = [guest.url, '--policy', own, ...trust(guest.guest.amd), ...file]
  await refused(t, conflicting, 10, 'ERR_EXPECTATIONS_CONFLICT', /snp[.]measurement/)
})
