// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { appraiseRims } from '../../src/verify/rim-appraise.js'
import type { RimRevocation } from '../../src/verify/rim-revocation.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { mintOcsp, type OcspKnobs } from '../fake/ocsp.js'
import { mintRimSigner, RIM_AT } from '../fake/rim.js'
import { skip, vectorBytes } from '../vectors.js'
import { fakeDevice, goldenOf, realDevice } from './rim-device.js'

const signer = await mintRimSigner()
const roots = [parseCertificate(signer.root)]
const device = fakeDevice()
const documents = [
  await signer.rim({ version: '580.95.05', measurements: goldenOf(device, [7]) }),
  await signer.rim({ version: '96.00.9F.00.01', measurements: goldenOf(device, [0]) }),
]

/** About the certificate of one level of the chain. */
const about = (level: 0 | 1 | 2, knobs: OcspKnobs = {}): Promise<Bytes> => {
  const issuer = {
    certificate: signer.chain[level + 1] as Bytes,
    key: signer.parties[level + 1]?.keys.privateKey as CryptoKey,
  }
  return mintOcsp(signer.chain[level] as Bytes, issuer, { thisUpdate: RIM_AT, ...knobs })
}

const good = await Promise.all([about(0), about(1), about(2)])

async function appraise(revocation: Partial<RimRevocation>, at = RIM_AT) {
  const asked = { ocsp: [], ocspClient: null, required: false, ...revocation }
  const context = { at, roots, documents, source: null, revocation: asked }
  const { findings } = await appraiseRims(device, context)
  const [driver, vbios, measured] = findings
  t.equal(measured?.outcome, 'pass', 'measurements are compared all the same')
  t.equal(driver?.code, vbios?.code, 'both have the same signers')
  return driver
}

t.test('RIM revocation: every signer is called good', async (t) => {
  for (const required of [false, true]) {
    t.match(await appraise({ ocsp: good, required }), {
      outcome: 'pass',
      detail: /OCSP calls its signers good, as of 2026-07-01T12:00:00\.000Z/,
    })
  }
})

t.test('RIM revocation: one of the signers is revoked, suspended or unknown', async (t) => {
  for (const level of [0, 1, 2] as const) {
    const others = good.filter((_, at) => at !== level)
    const said = async (knobs: OcspKnobs) =>
      (await appraise({ ocsp: [...others, await about(level, knobs)] }))?.code
    t.equal(await said({ status: { revoked: 1 } }), 'ERR_CERTIFICATE_REVOKED', `level ${level}`)
    t.equal(await said({ status: { revoked: 6 } }), 'ERR_CERTIFICATE_HOLD', `level ${level}`)
    t.equal(await said({ status: 'unknown' }), 'ERR_OCSP', `level ${level}`)
    const alone = await about(level, { status: { revoked: 1 } })
    t.equal(
      (await appraise({ ocsp: [alone] }))?.code,
      'ERR_CERTIFICATE_REVOKED',
      'and no other word',
    )
  }
})

t.test('RIM revocation: nothing is said about some of them', async (t) => {
  t.equal((await appraise({ ocsp: good.slice(1) }))?.outcome, 'pass')
  t.match(await appraise({ ocsp: good.slice(1), required: true }), {
    outcome: 'unknown',
    code: 'ERR_ENDORSEMENT_MISSING',
  })
  const later = new Date(RIM_AT.getTime() + 100_000_000)
  const old = await appraise({ ocsp: good, required: true }, later)
  t.equal(old?.code, 'ERR_RIM_VALIDITY', 'nobody is asked about a RIM that is out of date')
})

t.test('RIM revocation: somebody is asked', async (t) => {
  const asked: string[] = []
  const ocspClient: RimRevocation['ocspClient'] = {
    async status({ subject }) {
      const level = signer.chain.findIndex((der) => parseCertificate(der).subject === subject)
      asked.push(subject)
      return good[level] as Bytes
    },
  }
  t.match(await appraise({ ocspClient, required: true }), { outcome: 'pass' })
  t.equal(new Set(asked).size, 3)
})

t.test('RIM revocation: real responses about real signers', { skip }, async (t) => {
  const vector = 'h100-550.90.07-complete'
  const read = (...file: string[]) => new Uint8Array(vectorBytes('nvidia', vector, ...file))
  const files = ['gpu_driver_rim_l3', 'gpu_driver_rim_l4', 'gpu_rim_l2', 'gpu_vbios_l4']
  const ocsp = files.map((file) => read('ocsp', `${file}.der`))
  const appraiseReal = (required: boolean, at: string, responses = ocsp) =>
    appraiseRims(realDevice(vector), {
      at: new Date(at),
      roots: [],
      documents: [read('driver_rim.xml'), read('vbios_rim.xml')],
      source: null,
      revocation: { ocsp: responses, ocspClient: null, required },
    }).then(({ findings }) => findings.map(({ outcome, code }) => code ?? outcome))
  t.same(await appraiseReal(true, '2025-10-24T12:00:00Z'), ['pass', 'pass', 'pass'])
  const stale = ['ERR_OCSP_STALE', 'ERR_OCSP_STALE', 'pass']
  t.same(await appraiseReal(true, '2025-10-27T12:00:00Z'), stale)
  t.same(await appraiseReal(false, '2025-10-27T12:00:00Z'), ['pass', 'pass', 'pass'])
  const one = await appraiseReal(true, '2025-10-24T12:00:00Z', ocsp.slice(0, 3))
  t.same(one, ['pass', 'ERR_ENDORSEMENT_MISSING', 'pass'])
})
