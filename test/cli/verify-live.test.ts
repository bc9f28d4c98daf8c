// SPDX-License-Identifier: Apache-2.0
// `assay verify URL` against real HTTPS servers.

import t, { type Test } from 'tap'
import { authenticity } from '../../src/verify/index.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { serve } from '../fake/server.js'
import { aep83Sidecar, assaySidecar, relay } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import { AT_FLAGS, AUTHENTICITY, policyFile, put, trust, verify } from './desk.js'
import { assay } from './terminal.js'

const sidecar = await assaySidecar()
const { url, guest } = sidecar
t.teardown(sidecar.close)
const TRUST = [...trust(guest.amd), ...AT_FLAGS]
const FLAGS = [...AUTHENTICITY, ...TRUST]

async function refused(t: Test, argv: readonly string[], exit: number, code: string, says = /./) {
  const ran = await assay(['verify', ...argv, ...FLAGS])
  t.equal(ran.code, exit, argv.slice(1).join(' '))
  t.equal(ran.out, '')
  t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  t.match(ran.err, says)
}

t.test('verify live: a fresh nonce, and the key of the connection', async (t) => {
  const nonces: number[] = []
  const random = (length: number) => {
    nonces.push(length)
    return pattern(length, nonces.length)
  }
  const { code, passed, err } = await verify([url, ...FLAGS], { random })
  t.equal(code, 0)
  t.equal(err, '')
  t.same(nonces, [64])
  for (const check of ['binding.nonce', 'binding.oracle', 'binding.tls-key']) {
    t.ok(passed.includes(check), check)
  }
  const text = await assay(['verify', url, ...FLAGS])
  t.match(
    text.out,
    /^VERIFIED \(origin and integrity only; the workload itself was not appraised\)/,
  )
})

t.test('verify live: binds what it is told to', async (t) => {
  const { binding } = authenticity()
  const policy = policyFile({}, { binding: { ...binding, hpkeKey: 'require' } })
  const bound = (bind: string) => verify([url, '--bind', bind, '--policy', policy, ...TRUST])
  t.equal((await bound('tls,hpke')).code, 0)
  t.equal((await bound('hpke')).code, 0)
  t.match(await bound('tls'), { code: 10, codes: ['ERR_BINDING_CLAIM'] })
  for (const bind of ['none', '']) {
    const { code, passed } = await verify([url, '--bind', bind, ...FLAGS])
    t.equal(code, 0)
    t.ok(passed.includes('binding.nonce'))
    t.notOk(passed.includes('binding.tls-key'))
  }
  for (const bind of ['ssh', 'tls,', 'none,tls', 'TLS']) {
    await refused(t, [url, '--bind', bind], 30, 'ERR_USAGE', /--bind takes tls, hpke or none/)
  }
})

t.test('verify live: in a batch, the AEP-83 way, with a nonce', async (t) => {
  const modeOf = async (...flags: string[]) => {
    const { code, result } = await verify([url, ...flags, ...FLAGS])
    t.equal(code, 0, flags.join(' '))
    return result.claims.binding
  }
  t.equal((await modeOf('--batch')).mode, 'batch')
  t.equal((await modeOf('--aep83')).mode, 'tls')
  t.equal((await modeOf('--aep83', '--bind', 'none')).mode, 'raw')
  t.equal((await modeOf('--nonce', base64(pattern(32, 1)))).nonce, HEX)
  await refused(t, [url, '--aep83', '--batch'], 30, 'ERR_USAGE')
  await refused(t, [url, '--aep83', '--bind', 'hpke'], 30, 'ERR_USAGE')
})

const HEX = Buffer.from(pattern(32, 1)).toString('hex')

t.test('verify live: has user data bound, and judges that it is', async (t) => {
  const sent = ['--user-data', put(pattern(4096, 1))]
  for (const flags of [[], ['--batch']]) {
    const { code, passed } = await verify([url, ...sent, ...flags, ...FLAGS])
    t.equal(code, 0)
    t.ok(passed.includes('binding.user-data'))
  }
  await refused(t, [url, '--aep83', ...sent], 30, 'ERR_USAGE', /AEP-83 has no user data/)
})

t.test('verify live: sends headers, of a gateway too', async (t) => {
  const seen: unknown[] = []
  const gateway = await serve(({ headers, path }) => {
    seen.push([path, headers['x-lease'], headers['x-empty']])
    return { status: 403, headers: {}, body: '' }
  }, mintTls())
  t.teardown(gateway.close)
  const at = `${gateway.url}/lease/1/1/1/attestation/quote`
  const headers = ['--header', 'X-Lease: a: b', '--header', 'x-empty:']
  await refused(t, [at, ...headers], 30, 'ERR_ATTESTER_REFUSED')
  t.same(seen, [['/lease/1/1/1/attestation/quote', 'a: b', '']])
  for (const line of ['authorization', ': x', 'a b: c', 'a: b\nc: d']) {
    await refused(t, [url, '--header', line], 30, 'ERR_USAGE', /--header takes "Name: value"/)
  }
})

t.test('verify live: a relay is rejected, for what tells it apart', async (t) => {
  const go = await aep83Sidecar({ guest })
  for (const target of [sidecar, go]) {
    const attacker = await relay(target)
    t.teardown(attacker.close)
    for (const flags of [[], ['--batch'], ['--aep83'], ['--bind', 'tls,hpke']]) {
      const judged = await verify([attacker.url, ...flags, ...FLAGS])
      t.match(judged, { code: 10, codes: ['ERR_BINDING_ORACLE'] }, flags.join(' '))
    }
  }
  t.teardown(go.close)
})

t.test('verify live: of a sidecar that speaks AEP-83 only, and says so', async (t) => {
  const go = await aep83Sidecar({ guest })
  t.teardown(go.close)
  const judged = await verify([go.url, '--bind', 'none', ...FLAGS])
  t.equal(judged.code, 0)
  t.match(judged.err, /^assay: no \/v1\/evidence there; asking \/quote of AEP-83\n$/)
})

t.test('verify live: nobody there, and calls that are wrong', async (t) => {
  const gone = await serve(() => ({ status: 200, headers: {}, body: '' }), mintTls())
  await gone.close()
  await refused(t, [gone.url], 20, 'ERR_ATTESTER_NETWORK')
  await refused(t, [url, '--offline'], 30, 'ERR_USAGE', /--offline forbids/)
  const key = ['--nonce', base64(pattern(64, 1)), '--tls-key', put(mintTls().cert)]
  await refused(t, [url, ...key], 30, 'ERR_USAGE', /--tls-key is for files/)
  await refused(t, ['https://'], 30, 'ERR_ARGUMENT')
})
