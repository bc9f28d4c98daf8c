// SPDX-License-Identifier: Apache-2.0
// Where `assay verify` gets what did not come with the evidence: a service over real HTTP, its cache,
// and nobody at all.

import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { AT } from '../fake/amd.js'
import { VirtualClock } from '../fake/clock.js'
import { type Plan, type Server, serve } from '../fake/kds.js'
import { chipOf, DAY, mintChip, world } from '../verify/kds-world.js'
import { AUTHENTICITY, fresh, policyFile, put, supply, trust, verify } from './desk.js'
import { assay, type World } from './terminal.js'

/** Longer than any pause here: a request in time ends none of these, and nobody waits for it. */
const LIMIT_MS = 20_000

interface Service extends Awaited<ReturnType<typeof world>> {
  readonly server: Server
  /** The report of a machine that the service knows, and the root of its world. */
  readonly subject: readonly string[]
  readonly flags: readonly string[]
  readonly cache: readonly string[]
  /** The network, and `days` later. */
  readonly at: (days?: number) => World & { readonly shown: (string | null)[] }
}

async function service(t: Test): Promise<Service> {
  const made = await world()
  const server = await serve(made.kds)
  t.teardown(server.close)
  const at = (days = 0) => {
    const clock = new VirtualClock(new Date(AT.getTime() + days * DAY), (ms) => ms < LIMIT_MS)
    const shown: (string | null)[] = []
    return {
      ...{ fetch, sleep: clock.sleep, now: () => new Date(clock.now()) },
      ...{ shown, status: (text: string | null) => shown.push(text) },
    }
  }
  return {
    ...made,
    ...{ server, at },
    subject: ['--snp', put(await made.amd.report()), ...trust(made.amd)],
    flags: [...AUTHENTICITY, '--kds', server.baseUrl],
    cache: ['--cache', fresh('cache')],
  }
}

/** Requests by what they are for. */
const kinds = (requests: readonly string[]): string[] =>
  requests.map((path) => /crl|cert_chain/.exec(path)?.[0] ?? 'vcek')

const revocation = (maximumAgeDays: number): string[] => [
  '--policy',
  policyFile({ revocation: { maximumAgeDays } }),
]

t.test('verify endorsers: fetched once, and offline from the cache', async (t) => {
  const { kds, subject, flags, cache, at, server } = await service(t)
  const online = at()
  const first = await verify([...subject, ...flags, ...cache], online)
  t.equal(first.code, 0, first.codes.join())
  t.equal(first.err, '')
  t.same(kinds(kds.requests), ['vcek', 'cert_chain'])
  const { host } = new URL(server.baseUrl)
  t.equal(online.shown[0], `fetching VCEK of a Milan chip from ${host}`)
  t.equal(online.shown.at(-1), null)
  const offline = at()
  const again = await verify([...subject, ...flags, ...cache, '--offline'], offline)
  t.equal(again.code, 0, again.codes.join())
  t.same(offline.shown, [null, null])
  t.equal(kds.requests.length, 2, 'nothing more')
})

t.test('verify endorsers: the CRL, where the policy wants one', async (t) => {
  const { kds, subject, flags, cache, at } = await service(t)
  const wanting = (days: number) => [...subject, ...flags.slice(2), ...cache, ...revocation(days)]
  const judged = await verify(wanting(365), at())
  t.equal(judged.code, 0, judged.codes.join())
  t.ok(judged.passed.includes('snp.revocation'))
  t.same(kinds(kds.requests), ['vcek', 'cert_chain', 'crl'])
  const stale = await verify(wanting(30), at())
  t.match(stale, { code: 20, codes: ['ERR_CRL_STALE'] })
  kds.fault = () => ({ status: 500 })
  const later = await verify(wanting(365), at(2))
  t.match(later, { code: 20, codes: ['ERR_ENDORSER_STATUS'] }, 'an older CRL is no CRL')
})

t.test('verify endorsers: nothing is fetched that was given, or offline', async (t) => {
  const { kds, amd, subject, flags } = await service(t)
  let asked = 0
  const counting: World = {
    now: () => AT,
    fetch: async () => {
      asked++
      throw new TypeError('asked')
    },
  }
  const given = await verify([...subject, ...flags, ...supply(...amd.chain)], counting)
  t.equal(given.code, 0, given.codes.join())
  const offline = [...subject, ...flags, '--offline']
  t.match(await verify(offline, counting), { code: 20, codes: ['ERR_ENDORSER_OFFLINE'] })
  const { out } = await assay(['verify', ...offline], counting)
  t.match(out, /\nto decide: let it be fetched, without --offline\n/)
  const crl = [...supply(...amd.chain, await amd.crl()), ...revocation(365), '--offline']
  const carried = await verify([...subject, ...crl], counting)
  t.equal(carried.code, 0, carried.codes.join())
  t.equal(asked, 0)
  t.same(kds.requests, [])
})

t.test('verify endorsers: a service that is down', async (t) => {
  const { kds, subject, flags, at } = await service(t)
  const faults: readonly (readonly [Plan, string, number])[] = [
    [{ status: 0, end: 'refuse' }, 'ERR_ENDORSER_NETWORK', 4],
    [{ status: 503 }, 'ERR_ENDORSER_STATUS', 4],
    [{ status: 404 }, 'ERR_ENDORSER_NOT_FOUND', 1],
    [{ status: 429, headers: { 'retry-after': '3000' } }, 'ERR_ENDORSER_RATE_LIMIT', 1],
  ]
  for (const [plan, code, requests] of faults) {
    kds.fault = () => plan
    const before = kds.requests.length
    const online = at()
    const judged = await verify([...subject, ...flags], online)
    t.match(judged, { code: 20, codes: [code], err: '' })
    t.equal(kds.requests.length - before, requests, code)
    t.equal(online.shown.at(-1), null)
    const { out } = await assay(['verify', ...subject, ...flags], at())
    t.match(out, /\nto decide: supply what is missing with --endorsement FILE\n/)
    t.equal(/to decide: try again later/.test(out), code !== 'ERR_ENDORSER_NOT_FOUND')
  }
})

t.test('verify endorsers: shows what it waits for', async (t) => {
  const { kds, subject, flags, at } = await service(t)
  kds.fault = ({ number }) =>
    number === 0 ? { status: 429, headers: { 'retry-after': '5' } } : null
  const online = at()
  const judged = await verify([...subject, ...flags], online)
  t.equal(judged.code, 0, judged.codes.join())
  t.match(online.shown, [
    /^fetching VCEK/,
    /^waiting for the service: VCEK of a Milan chip [^\n]+ again at 2026-07-01T12:00:05.000Z$/,
    /^fetching VCEK of a Milan chip [^\n]+, request 2$/,
  ])
})

t.test('verify endorsers: says what is older than it should be', async (t) => {
  const { kds, subject, flags, cache, at } = await service(t)
  t.equal((await verify([...subject, ...flags, ...cache], at())).code, 0)
  kds.fault = () => ({ status: 500 })
  const judged = await verify([...subject, ...flags, ...cache], at(8))
  t.equal(judged.code, 0, judged.codes.join())
  t.match(
    judged.err,
    /^assay: Milan chain for VCEKs from [^\n]+ using the one of 2026-07-01T12:00:00.000Z\n$/,
  )
})

t.test('verify endorsers: says what could not be kept, and no path', async (t) => {
  const { subject, flags, at } = await service(t)
  const nowhere = `${put('a file')}/below`
  const judged = await verify([...subject, ...flags, '--cache', nowhere], at())
  t.equal(judged.code, 0, judged.codes.join())
  t.match(judged.err, /^(assay: [^\n]+ could not be kept in the cache, [^\n]+\n){2}$/)
  t.notOk(judged.err.includes(nowhere))
  t.notOk(existsSync(nowhere))
})

t.test('verify endorsers: a certificate of another chip is not taken', async (t) => {
  const { kds, subject, flags, at } = await service(t)
  const { vek } = await mintChip(chipOf('Milan', 0xc2))
  kds.fault = ({ path }) => (path.includes('?') ? { status: 200, body: vek } : null)
  const judged = await verify([...subject, ...flags], at())
  t.not(judged.code, 0)
  t.same(judged.codes, ['ERR_ENDORSER_ANSWER'])
})

t.test('verify endorsers: an address that is none', async (t) => {
  const { kds, subject, at } = await service(t)
  for (const address of ['kds', 'ftp://kds.example', 'https://user@kds.example']) {
    const argv = ['verify', ...subject, ...AUTHENTICITY, '--kds', address]
    const { code, err } = await assay(argv, at())
    t.equal(code, 30)
    t.match(err, /^assay: ERR_ARGUMENT: the base URL of the service [^\n]+\n$/)
  }
  t.same(kds.requests, [])
})
