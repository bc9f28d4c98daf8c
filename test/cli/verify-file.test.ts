// SPDX-License-Identifier: Apache-2.0
// `assay verify FILE`: bundles, answers of ours and of AEP-83, and what is none of them.

import { readFileSync, truncateSync } from 'node:fs'
import t, { type Test } from 'tap'
import { encodeBundle } from '../../src/evidence.js'
import { LIMITS } from '../../src/protocol.js'
import { authenticity } from '../../src/verify/index.js'
import { pem } from '../fake/amd.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { aep83Sidecar, assaySidecar } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import {
  AT_FLAGS,
  AUTHENTICITY,
  fetched,
  fresh,
  NONCE_FLAGS,
  policyFile,
  put,
  trust,
  verify,
} from './desk.js'
import { assay, type World } from './terminal.js'

const sidecar = await assaySidecar()
const { identity, guest } = sidecar
t.teardown(sidecar.close)
const FLAGS = [...AUTHENTICITY, ...trust(guest.amd), ...AT_FLAGS, '--offline']
const OTHER_NONCE = ['--nonce', base64(pattern(64, 8))]
const tlsKey = (content: string): string[] => ['--tls-key', put(content, 'pem')]
const ours = tlsKey(identity.cert)
const publicKey = tlsKey(pem(identity.spki, 'PUBLIC KEY'))
const theirs = tlsKey(mintTls().cert)

/** One line that names its code, and exit 30. */
async function refused(t: Test, argv: readonly string[], code: string, says: RegExp, io?: World) {
  const ran = await assay(['verify', ...argv, ...FLAGS], io)
  t.equal(ran.code, 30, says.source)
  t.equal(ran.out, '')
  t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  t.match(ran.err, says)
}

t.test('verify file: a bundle brings its nonce and its connection', async (t) => {
  const bundle = put(encodeBundle(await fetched(sidecar.url, { bind: ['tls'] })), 'json')
  const judged = await verify([bundle, ...FLAGS])
  t.equal(judged.code, 0, judged.codes.join())
  for (const check of ['binding.nonce', 'binding.oracle', 'binding.tls-key']) {
    t.ok(judged.passed.includes(check), check)
  }
  t.match(judged.err, /^assay: the nonce is the one that [^\n]+ states; [^\n]+--nonce\n$/)
  const own = await verify([bundle, ...NONCE_FLAGS, ...FLAGS])
  t.equal(own.code, 0)
  t.notOk(own.passed.includes('binding.tls-key'), 'a nonce of your own with a key of theirs')
  t.match(
    own.err,
    /^assay: the TLS key that [^\n]+ states does not count beside [^\n]+--tls-key\n$/,
  )
  const both = await verify([bundle, ...NONCE_FLAGS, ...ours, ...FLAGS])
  t.ok(both.passed.includes('binding.tls-key'))
  t.equal(both.err, '', 'nobody has to be told of what is their own')
  t.match(await verify([bundle, ...OTHER_NONCE, ...FLAGS]), {
    code: 10,
    codes: ['ERR_BINDING_REPORT_DATA'],
  })
  t.match(await verify([bundle, ...theirs, ...FLAGS]), { code: 10, codes: ['ERR_BINDING_TLS_KEY'] })
})

t.test(
  'verify file: what a file of a stranger says of the connection satisfies no policy',
  async (t) => {
    const relayed = await fetched(sidecar.url, { bind: ['tls'] })
    const binding = { ...authenticity().binding, tlsKey: 'require' } as const
    const argv = ['--policy', policyFile({}, { binding }), ...FLAGS.slice(AUTHENTICITY.length)]
    const wrapped = put(encodeBundle(relayed), 'json')
    t.match(await verify([wrapped, ...NONCE_FLAGS, ...argv]), {
      code: 20,
      codes: ['ERR_CHANNEL_KEY_MISSING'],
    })
    const timeless = put(encodeBundle({ ...relayed, nonce: null }), 'json')
    t.match(await verify([timeless, ...FLAGS]), { code: 0, err: '' }, 'a key without a nonce')
    t.match(await verify([timeless, ...argv]), { code: 20, codes: ['ERR_CHANNEL_KEY_MISSING'] })
  },
)

t.test('verify file: an answer of ours', async (t) => {
  const { answer } = await fetched(sidecar.url, { bind: ['tls'] })
  const file = put(answer as object, 'json')
  const alone = await verify([file, ...FLAGS])
  t.equal(alone.code, 0)
  t.notOk(alone.passed.includes('binding.nonce'), 'with nothing to compare')
  for (const key of [ours, publicKey]) {
    const judged = await verify([file, ...NONCE_FLAGS, ...key, ...FLAGS])
    t.equal(judged.code, 0, judged.codes.join())
    t.ok(judged.passed.includes('binding.tls-key'))
  }
  t.match(await verify([file, ...NONCE_FLAGS, ...theirs, ...FLAGS]), {
    code: 10,
    codes: ['ERR_BINDING_TLS_KEY'],
  })
})

t.test('verify file: a key that is given is compared, whatever the policy', async (t) => {
  const { answer } = await fetched(sidecar.url)
  const stripped = [put(answer as object, 'json'), ...NONCE_FLAGS, ...FLAGS]
  t.equal((await verify(stripped)).code, 0)
  t.match(await verify([...stripped, ...ours]), { code: 10, codes: ['ERR_BINDING_TLS_KEY'] })
})

t.test('verify file: an answer of AEP-83, raw', async (t) => {
  const go = await aep83Sidecar()
  t.teardown(go.close)
  const { answer } = await fetched(go.url, { aep83: true })
  const file = put(answer as object, 'json')
  const judged = await verify([file, ...NONCE_FLAGS, ...FLAGS])
  t.equal(judged.code, 0, judged.codes.join())
  t.ok(judged.passed.includes('binding.nonce'))
  const other = await verify([file, ...OTHER_NONCE, ...FLAGS])
  t.match(other, { code: 10, codes: ['ERR_BINDING_REPORT_DATA'] })
})

t.test('verify file: an answer of AEP-83, bound to TLS', async (t) => {
  const { answer } = await fetched(sidecar.url, { aep83: true, bind: ['tls'] })
  const argv = [put(answer as object, 'json'), ...NONCE_FLAGS, ...FLAGS]
  for (const key of [ours, publicKey]) t.equal((await verify([...argv, ...key])).code, 0)
  t.match(await verify([...argv, ...theirs]), { code: 10, codes: ['ERR_BINDING_REPORT_DATA'] })
  t.match(await verify(argv), { code: 20, codes: ['ERR_CHANNEL_KEY_MISSING'] })
  const { out } = await assay(['verify', ...argv])
  t.match(out, /\nto decide: name the key of your TLS connection with --tls-key FILE\n/)
})

t.test('verify file: user data is what was sent, or it is refused', async (t) => {
  const sent = pattern(40, 3)
  const live = await fetched(sidecar.url, { userData: sent })
  const bundle = put(encodeBundle(live), 'json')
  const stated = await verify([bundle, ...FLAGS])
  t.equal(stated.code, 0, stated.codes.join())
  t.ok(stated.passed.includes('binding.user-data'), 'as the bundle states')
  const given = ['--user-data', put(sent)]
  const other = ['--user-data', put(pattern(40, 4))]
  const failed = { code: 10, codes: ['ERR_BINDING_CLAIM'] }
  t.match(await verify([bundle, ...other, ...FLAGS]), failed)
  const own = await verify([bundle, ...NONCE_FLAGS, ...FLAGS])
  t.equal(own.code, 0)
  t.notOk(own.passed.includes('binding.user-data'), 'a nonce of your own with data of theirs')
  t.match(own.err, /^assay: the TLS key [^\n]+\nassay: the user data that [^\n]+--user-data\n$/)
  const both = await verify([bundle, ...NONCE_FLAGS, ...ours, ...given, ...FLAGS])
  t.ok(both.passed.includes('binding.user-data'))
  t.equal(both.err, '')
  const answer = put(live.answer as object, 'json')
  t.ok((await verify([answer, ...NONCE_FLAGS, ...given, ...FLAGS])).passed.includes(CHECK))
  t.match(await verify([answer, ...NONCE_FLAGS, ...other, ...FLAGS]), failed)
  await refused(t, [answer, ...given], 'ERR_USAGE', /--user-data without the nonce/)
  const long = ['--user-data', put(new Uint8Array(LIMITS.userData + 1))]
  await refused(t, [answer, ...long], 'ERR_FILE_SIZE', /at most 4096 expected/)
})

const CHECK = 'binding.user-data'

t.test('verify file: a key that cannot be meant', async (t) => {
  const { answer } = await fetched(sidecar.url)
  const file = put(answer as object, 'json')
  await refused(t, [file, ...ours], 'ERR_USAGE', /--tls-key without the nonce/)
  const noKey = [file, ...NONCE_FLAGS, ...tlsKey('no key')]
  await refused(t, noKey, 'ERR_FILE_FORMAT', /neither a certificate nor a public key in PEM/)
  const piped = [file, ...NONCE_FLAGS, '--tls-key', '-']
  const stdin = [new TextEncoder().encode('no key')]
  await refused(t, piped, 'ERR_FILE_FORMAT', /: standard input is neither/, { stdin })
})

t.test('verify file: what is no evidence file', async (t) => {
  const report = put(await guest.attest(pattern(64, 7), 0))
  await refused(
    t,
    [report],
    'ERR_FILE_FORMAT',
    /name a raw SNP report with --snp, one of a GPU with --gpu\n$/,
  )
  t.equal((await verify(['--snp', report, ...FLAGS])).code, 20, 'and so it is read')
  const stdin = [readFileSync(report)]
  await refused(t, ['-'], 'ERR_FILE_FORMAT', /: standard input is no evidence file/, { stdin })
  await refused(t, [put('not JSON either')], 'ERR_FILE_FORMAT', /no evidence file/)
  await refused(t, [put('{ broken')], 'ERR_FILE_FORMAT', /not JSON\n$/)
  await refused(t, [put('{}')], 'ERR_FILE_FORMAT', /report/)
  await refused(t, [put({ format: 'assay.evidence.v9' })], 'ERR_FILE_FORMAT', /format/)
  await refused(t, [put('')], 'ERR_FILE_SIZE', /is empty/)
  await refused(t, [fresh()], 'ERR_FILE', /no such file/)
})

t.test('verify file: one above the limit is not read, one above that of reports is', async (t) => {
  const huge = put('{')
  truncateSync(huge, LIMITS.document + 1)
  await refused(t, [huge], 'ERR_FILE_SIZE', new RegExp(`at most ${LIMITS.document} expected`))
  const { answer } = await fetched(sidecar.url)
  const long = put(`${' '.repeat(1 << 20)}${JSON.stringify(answer)}`)
  t.equal((await verify([long, ...FLAGS])).code, 0)
})

t.test('verify file: through standard input, which is there once', async (t) => {
  const text = encodeBundle(await fetched(sidecar.url))
  const stdin = [new TextEncoder().encode(text)]
  const judged = await verify(['-', ...FLAGS], { stdin })
  t.equal(judged.code, 0)
  t.match(judged.err, /^assay: the nonce is the one that standard input states/)
  const twice = ['-', '--endorsement', '-']
  await refused(t, twice, 'ERR_USAGE', /standard input can be only one of the files/, { stdin })
})

t.test('verify file: flags of a live endpoint', async (t) => {
  const { answer } = await fetched(sidecar.url)
  const file = put(answer as object, 'json')
  for (const subject of [[file], ['--snp', file]]) {
    for (const flags of [['--bind', 'tls'], ['--batch'], ['--aep83'], ['--header', 'a: b']]) {
      const says = new RegExp(`${flags[0]} is for a live endpoint`)
      await refused(t, [...subject, ...flags], 'ERR_USAGE', says)
    }
  }
  await refused(t, [], 'ERR_USAGE', /name the evidence/)
  await refused(t, [file, '--snp', file], 'ERR_USAGE', /name the evidence/)
})
