// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { fetchLive, type LiveEvidence, type LiveOptions } from '../../src/cli/live.js'
import { parseSnpReport } from '../../src/core/snp.js'
import { encodeBundle, parseEvidenceFile } from '../../src/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { type Handler, serve } from '../fake/server.js'
import { aep83Sidecar, assaySidecar, relay, type Sidecar } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'

const DEFAULTS: LiveOptions = { aep83: false, bind: [], batch: false, headers: {} }
const ours = await assaySidecar({ gpus: 1 })
const go = await aep83Sidecar()
const attacker = await relay(go)
t.teardown(() => Promise.all([attacker, ours, go].map((one) => one.close())))

interface Ran extends LiveEvidence {
  readonly said: string
}

async function live(
  { url }: Pick<Sidecar, 'url'>,
  options: Partial<LiveOptions> = {},
): Promise<Ran> {
  let said = ''
  const io = {
    random: (length: number) => pattern(length, 99),
    err: (text: string) => {
      said += text
    },
  }
  return { ...(await fetchLive(url, { ...DEFAULTS, ...options }, io)), said }
}

t.test('live: asks /v1/evidence with a fresh nonce of 64 bytes', async (t) => {
  const fetched = await live(ours)
  t.equal(fetched.evidence.mode, 'bound')
  t.same(fetched.nonce, pattern(64, 99))
  t.same(fetched.channelSpki, ours.identity.spki)
  t.same(fetched.endorsements, [])
  t.equal(fetched.said, '')
})

t.test('live: passes on what is asked for', async (t) => {
  const userData = pattern(40, 1)
  const options = { nonce: pattern(32, 2), bind: ['tls', 'hpke'], batch: true, userData } as const
  const { evidence, nonce } = await live(ours, options)
  t.equal(evidence.mode, 'batch')
  t.same(evidence.claims.tlsSpki, ours.identity.spki)
  t.same(evidence.claims.userData, userData)
  t.same(nonce, options.nonce)
})

t.test('live: what came can be kept as a bundle', async (t) => {
  const { said, ...file } = await live(ours, { bind: ['tls'] })
  t.same(parseEvidenceFile(encodeBundle(file)), file)
})

t.test('live: AEP-83 when told, or by its URL', async (t) => {
  for (const bind of [[], ['tls']] as const) {
    const told = await live(ours, { aep83: true, bind })
    t.equal(told.evidence.mode, bind.length > 0 ? 'tls' : 'raw')
    t.equal(parseSnpReport(told.evidence.report).vmpl, bind.length)
    const named = await live({ url: `${ours.url}/quote` }, { bind })
    t.equal(named.evidence.mode, told.evidence.mode)
    t.equal(named.said, '')
  }
})

t.test(
  'live: a gateway is asked with its headers, over a connection it can be trusted on',
  async (t) => {
    const handler: Handler = () => t.fail('a token went to a stranger') as never
    const gateway = await serve(handler, mintTls())
    t.teardown(() => gateway.close())
    const url = `${gateway.url}/lease/1/1/1/attestation/quote`
    await rejectsCode(
      t,
      live({ url }, { headers: { authorization: 'Bearer x' } }),
      'ERR_ATTESTER_NETWORK',
    )
  },
)

t.test('live: falls back to AEP-83 where /v1/evidence is not, and says so', async (t) => {
  const raw = await live(go)
  t.equal(raw.evidence.mode, 'raw')
  t.match(raw.said, /AEP-83/)
  const tls = await live(go, { bind: ['tls'] })
  t.equal(tls.evidence.mode, 'tls')
  t.same(tls.channelSpki, go.identity.spki)
})

t.test('live: does not fall back to less than was asked for', async (t) => {
  for (const options of [
    { bind: ['hpke'] },
    { batch: true },
    { userData: pattern(9, 1) },
  ] as const) {
    const error = await rejectsCode(t, live(go, options), 'ERR_ATTESTER_REFUSED')
    t.match(error?.cause, { status: 404 })
    await rejectsCode(t, live(go, { ...options, aep83: true }), 'ERR_USAGE')
    await rejectsCode(t, live({ url: `${go.url}/quote` }, options), 'ERR_USAGE')
  }
  const short = live(go, { nonce: pattern(32, 1) })
  await rejectsCode(t, short, 'ERR_REPORT_DATA_LENGTH', 'AEP-83 has one length of nonce')
})

t.test('live: no other failure is a reason to ask for less', async (t) => {
  for (const [status, code] of [
    [400, 'ERR_ATTESTER_REFUSED'],
    [403, 'ERR_ATTESTER_REFUSED'],
    [503, 'ERR_ATTESTER_STATUS'],
  ] as const) {
    const paths: string[] = []
    const handler: Handler = ({ path }) => {
      paths.push(path)
      return { status, headers: {}, body: '' }
    }
    const served = await serve(handler, mintTls())
    t.teardown(() => served.close())
    await rejectsCode(t, live(served), code)
    t.same(paths, ['/v1/evidence'])
  }
})

t.test('live: a relay answers like anybody else; what tells it apart is the level', async (t) => {
  const { evidence, channelSpki } = await live(attacker, { bind: ['tls'] })
  t.same(evidence.claims.tlsSpki, channelSpki)
  t.equal(parseSnpReport(evidence.report).vmpl, 0)
})
