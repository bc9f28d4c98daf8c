// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { AttestationError, type Code } from '../../src/errors.js'
import type { Device } from '../../src/verify/gpu-device.js'
import { type AppraisedRims, appraiseRims, type RimContext } from '../../src/verify/rim-appraise.js'
import type { RimSource } from '../../src/verify/rim-source.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { type FakeRim, mintRimSigner, RIM_AT, ZERO } from '../fake/rim.js'
import { skip, vectorBytes } from '../vectors.js'
import { fakeDevice, goldenOf, realDevice } from './rim-device.js'

const signer = await mintRimSigner()
const roots = [parseCertificate(signer.root)]
const device = fakeDevice({ index: 3 })
const [driverVersion, vbiosVersion] = ['580.95.05', '96.00.9F.00.01']

const driverRim = (rim: FakeRim = {}, by = signer): Promise<Bytes> =>
  by.rim({ version: driverVersion, measurements: goldenOf(device, [7, 21]), ...rim })
const vbiosRim = (rim: FakeRim = {}, by = signer): Promise<Bytes> =>
  by.rim({ version: vbiosVersion, measurements: goldenOf(device, [0, 1]), ...rim })

const context = (documents: readonly Bytes[], more: Partial<RimContext> = {}): RimContext => ({
  at: RIM_AT,
  roots,
  documents,
  source: null,
  ...more,
})
const appraise = (documents: readonly Bytes[], more?: Partial<RimContext>, of: Device = device) =>
  appraiseRims(of, context(documents, more))

/** Check → outcome, and the code where there is one. */
const outcomes = ({ findings }: AppraisedRims): Record<string, string> =>
  Object.fromEntries(
    findings.map(({ check, outcome, code }) => [
      check.replace('gpu.', ''),
      code ? `${outcome} ${code}` : outcome,
    ]),
  )

t.test('appraiseRims: both RIMs there, genuine, valid and met', async (t) => {
  const result = await appraise([await vbiosRim(), await driverRim()])
  t.same(outcomes(result), { 'rim.driver': 'pass', 'rim.vbios': 'pass', measurements: 'pass' })
  t.ok(result.findings.every((finding) => finding.device === 3))
  t.match(result.findings[0]?.detail, /NOT NVIDIA/)
  const { driver, vbios, measurements } = result.claims
  t.equal(measurements, 'match')
  t.match(driver, { product: 'GH100', version: driverVersion, root: 'caller', tagId: 'test' })
  t.match(vbios, { version: vbiosVersion, sha256: /^[0-9a-f]{64}$/ })
  t.equal(new Date(driver?.notAfter ?? '').getTime() > RIM_AT.getTime(), true)
})

t.test('appraiseRims: nothing is at hand', async (t) => {
  const result = await appraise([])
  t.same(outcomes(result), {
    'rim.driver': 'unknown ERR_RIM_MISSING',
    'rim.vbios': 'unknown ERR_RIM_MISSING',
    measurements: 'unknown ERR_RIM_MISSING',
  })
  t.match(result.findings[0]?.detail, /NV_GPU_DRIVER_GH100_580\.95\.05/)
  t.same(result.claims, { driver: null, vbios: null, measurements: 'unknown' })
})

t.test('appraiseRims: one of the two is missing', async (t) => {
  const right = await appraise([await driverRim()])
  t.same(outcomes(right), {
    'rim.driver': 'pass',
    'rim.vbios': 'unknown ERR_RIM_MISSING',
    measurements: 'unknown ERR_RIM_MISSING',
  })
  const wrong = await appraise([
    await driverRim({ measurements: [{ index: 7, alternatives: [ZERO] }] }),
  ])
  t.equal(outcomes(wrong).measurements, 'fail ERR_NVIDIA_MEASUREMENT_MISMATCH', 'that suffices')
  t.equal(wrong.claims.measurements, 'mismatch')
})

t.test('appraiseRims: a measurement that is not golden, by index', async (t) => {
  const measurements = Array.from({ length: 9 }, (_, at) => ({
    index: 40 + at,
    alternatives: [ZERO],
  }))
  const { findings } = await appraise([await driverRim({ measurements }), await vbiosRim()])
  const [, , finding] = findings
  t.equal(finding?.code, 'ERR_NVIDIA_MEASUREMENT_MISMATCH')
  t.match(finding?.detail, /^9 of 11 .* 40 \(driver\), .* 47 \(driver\) and others$/)
})

t.test('appraiseRims: NVDEC0 is off', async (t) => {
  const measurements = [{ index: 35, alternatives: [ZERO] }, ...goldenOf(device, [7])]
  const { findings } = await appraise([await driverRim({ measurements }), await vbiosRim()])
  t.match(findings[2], { outcome: 'pass', detail: /all 3 .* NVDEC0/ })
})

t.test('appraiseRims: both RIMs speak of one measurement', async (t) => {
  const measurements = goldenOf(device, [7])
  const result = await appraise([await driverRim(), await vbiosRim({ measurements })])
  t.equal(outcomes(result).measurements, 'fail ERR_RIM_CONFLICT')
  t.equal(result.claims.measurements, 'unknown')
})

t.test('appraiseRims: dates, judged at each use of the same documents', async (t) => {
  const documents = [await driverRim(), await vbiosRim()]
  for (const days of [-2, 2]) {
    const at = new Date(RIM_AT.getTime() + days * 86_400_000)
    const result = await appraise(documents, { at })
    t.same(outcomes(result), {
      'rim.driver': 'fail ERR_RIM_VALIDITY',
      'rim.vbios': 'fail ERR_RIM_VALIDITY',
      measurements: 'pass',
    })
    t.not(result.claims.driver, null)
  }
  t.equal(outcomes(await appraise(documents))['rim.driver'], 'pass')
})

t.test('appraiseRims: documents that cannot be relied on', async (t) => {
  const stranger = await mintRimSigner()
  const altered = (xml: string) => xml.replace('Measurement_7', 'Measurement_8')
  const bad: [Code, Bytes][] = [
    ['ERR_RIM_DIGEST', await driverRim({ document: altered })],
    ['ERR_RIM_ROOT', await driverRim({}, stranger)],
    ['ERR_RIM_FORMAT', new TextEncoder().encode('<!DOCTYPE a>')],
    ['ERR_RIM_SIGNATURE_FORM', new TextEncoder().encode('<a/>')],
  ]
  for (const [code, document] of bad) {
    t.same(outcomes(await appraise([document, await vbiosRim()])), {
      'rim.driver': `fail ${code}`,
      'rim.vbios': 'pass',
      measurements: `unknown ${code}`,
    })
    const beside = await appraise([document, await driverRim(), await vbiosRim()])
    t.equal(outcomes(beside).measurements, 'pass', 'a sound one beside it is enough')
  }
})

t.test('appraiseRims: genuine documents for something else', async (t) => {
  const documents = [
    await driverRim({ version: '580.95.06' }),
    await vbiosRim({ product: 'GB100' }),
  ]
  t.same(outcomes(await appraise(documents)), {
    'rim.driver': 'fail ERR_RIM_MISMATCH',
    'rim.vbios': 'fail ERR_RIM_MISMATCH',
    measurements: 'unknown ERR_RIM_MISMATCH',
  })
  const other = await appraise([await driverRim({ version: '580.95.06' })])
  t.equal(outcomes(other)['rim.vbios'], 'unknown ERR_RIM_MISSING', 'a driver RIM is no VBIOS RIM')
})

t.test('appraiseRims: of several issues the one that is met, and valid', async (t) => {
  const wrong = { measurements: [{ index: 0, alternatives: [ZERO] }] }
  const worse = {
    measurements: [0, 1].map((index) => ({ index, alternatives: [ZERO] })),
  }
  const issues = [await vbiosRim(worse), await vbiosRim(), await vbiosRim(wrong)]
  for (const order of [issues, [...issues].reverse()]) {
    const result = await appraise([...order, await driverRim()])
    t.equal(outcomes(result).measurements, 'pass')
    t.equal(
      result.claims.vbios?.sha256,
      (await appraise([issues[1] as Bytes])).claims.vbios?.sha256,
    )
  }
  const expired = await mintRimSigner({ notAfter: { 0: new Date(RIM_AT.getTime() - 1) } })
  const both = [...roots, parseCertificate(expired.root)]
  const old = await vbiosRim({}, expired)
  const result = await appraise([old, issues[2] as Bytes, await driverRim()], { roots: both })
  t.same(outcomes(result), {
    'rim.driver': 'pass',
    'rim.vbios': 'pass',
    measurements: 'fail ERR_NVIDIA_MEASUREMENT_MISMATCH',
  })
})

t.test('appraiseRims: a source is asked for what is not at hand, or not valid', async (t) => {
  const asked: string[] = []
  const [driver, vbios] = [await driverRim(), await vbiosRim()]
  const source: RimSource = {
    async rim({ kind, id }) {
      asked.push(id)
      return [kind === 'driver' ? driver : vbios]
    },
  }
  t.equal(outcomes(await appraise([vbios], { source })).measurements, 'pass')
  t.same(asked, ['NV_GPU_DRIVER_GH100_580.95.05'])
  const expired = await mintRimSigner({ notAfter: { 0: new Date(RIM_AT.getTime() - 1) } })
  const both = [...roots, parseCertificate(expired.root)]
  const old = await vbiosRim({}, expired)
  const result = await appraise([old, driver], { source, roots: both })
  t.equal(outcomes(result)['rim.vbios'], 'pass')
  t.equal(asked.at(-1), 'NV_GPU_VBIOS_1010_0200_882_96009F0001')
})

t.test('appraiseRims: a source that has nothing, or the wrong thing', async (t) => {
  const failing = (code: Code): RimSource => ({
    rim: async () => {
      throw new AttestationError(code, 'no')
    },
  })
  const giving = (...documents: Bytes[]): RimSource => ({ rim: async () => documents })
  const cases: [RimSource, Bytes[], string][] = [
    [failing('ERR_ENDORSER_NETWORK'), [], 'unknown ERR_ENDORSER_NETWORK'],
    [failing('ERR_ENDORSER_ANSWER'), [], 'fail ERR_ENDORSER_ANSWER'],
    [giving(await driverRim({ version: '1.2' })), [], 'fail ERR_RIM_MISMATCH'],
    [giving(new TextEncoder().encode('<a/>')), [], 'fail ERR_RIM_SIGNATURE_FORM'],
    [giving(), [], 'unknown ERR_RIM_MISSING'],
    [
      failing('ERR_ENDORSER_NETWORK'),
      [await driverRim({ document: (xml) => `${xml}\n ` })],
      'pass',
    ],
    [
      failing('ERR_ENDORSER_NETWORK'),
      [await driverRim({ document: (xml) => xml.replace('True', 'False') })],
      'fail ERR_RIM_DIGEST',
    ],
  ]
  for (const [source, documents, expected] of cases) {
    t.equal(outcomes(await appraise(documents, { source }))['rim.driver'], expected)
  }
  const expired = await mintRimSigner({ notAfter: { 0: new Date(RIM_AT.getTime() - 1) } })
  const old = await appraise([await driverRim({}, expired)], {
    source: failing('ERR_ENDORSER_NETWORK'),
    roots: [parseCertificate(expired.root)],
  })
  t.equal(outcomes(old)['rim.driver'], 'fail ERR_RIM_VALIDITY')
  const bug: RimSource = { rim: () => Promise.reject(new RangeError('a bug')) }
  await t.rejects(appraise([], { source: bug }), RangeError)
})

t.test('appraiseRims: a report that does not name its board', async (t) => {
  const nameless: Device = { ...device, opaqueData: { ...device.opaqueData, project: null } }
  const odd = { ...nameless, driverVersion: '../..' }
  t.same(outcomes(await appraise([await vbiosRim()], {}, odd)), {
    'rim.driver': 'fail ERR_NVIDIA_OPAQUE',
    'rim.vbios': 'unknown ERR_FIELD_ABSENT',
    measurements: 'unknown ERR_NVIDIA_OPAQUE',
  })
})

t.test('appraiseRims: an NVSwitch has no driver', async (t) => {
  const nvswitch = fakeDevice({ shape: 'switch' })
  const rim = await signer.rim({
    product: 'LS10',
    version: '96.10.55.00.01',
    measurements: goldenOf(nvswitch, [0, 30]),
  })
  const result = await appraise([rim], {}, nvswitch)
  t.same(outcomes(result), { 'rim.vbios': 'pass', measurements: 'pass' })
  t.equal(result.claims.driver, null)
})

t.test('appraiseRims: real devices, as their manifests say', { skip }, async (t) => {
  const real = (vector: string, at: string, ...files: string[]) =>
    appraise(
      files.map((file) => new Uint8Array(vectorBytes('nvidia', vector, `${file}.xml`))),
      { at: new Date(at), roots: [] },
      realDevice(vector),
    ).then(outcomes)
  const good = { 'rim.driver': 'pass', 'rim.vbios': 'pass', measurements: 'pass' }
  const complete = 'h100-550.90.07-complete'
  t.same(await real(complete, '2025-10-24T12:00:00Z', 'driver_rim', 'vbios_rim'), good)
  t.same(await real(complete, '2026-05-01T00:00:00Z', 'driver_rim', 'vbios_rim_reissued'), good)
  t.match(await real(complete, '2026-11-21T00:00:00Z', 'driver_rim', 'vbios_rim'), {
    'rim.driver': 'fail ERR_RIM_VALIDITY',
    'rim.vbios': 'fail ERR_RIM_VALIDITY',
  })
  const old = 'h100-545.00-no-fwid'
  const issues = ['driver_rim', 'vbios_rim_other_issue', 'vbios_rim']
  t.same(await real(old, '2024-12-01T00:00:00Z', ...issues), good)
  t.same(await real(old, '2024-12-01T00:00:00Z', ...issues.slice(0, 2)), {
    ...good,
    measurements: 'fail ERR_NVIDIA_MEASUREMENT_MISMATCH',
  })
  const expired = 'h100-570.124.03-rim-expired'
  t.same(await real(expired, '2025-01-01T12:00:00Z', 'driver_rim', 'vbios_rim'), {
    'rim.driver': 'fail ERR_RIM_DIGEST',
    'rim.vbios': 'pass',
    measurements: 'fail ERR_NVIDIA_MEASUREMENT_MISMATCH',
  })
  const trailing = 'h100-580.95.05-trailing-byte'
  t.same(await real(trailing, '2025-09-24T00:00:00Z', 'driver_rim', 'vbios_rim'), {
    'rim.driver': 'pass',
    'rim.vbios': 'fail ERR_RIM_VALIDITY',
    measurements: 'fail ERR_NVIDIA_MEASUREMENT_MISMATCH',
  })
  const b200 = ['driver_rim_other_version', 'vbios_rim_other_version']
  t.same(await real('b200-590.48.01', '2026-11-21T00:00:00Z', ...b200), {
    'rim.driver': 'fail ERR_RIM_MISMATCH',
    'rim.vbios': 'fail ERR_RIM_MISMATCH',
    measurements: 'unknown ERR_RIM_MISMATCH',
  })
  const nvswitch = 'ls10-switch-bios-96.10.55.00.01'
  t.same(await real(nvswitch, '2026-11-21T00:00:00Z', 'bios_rim'), {
    'rim.vbios': 'pass',
    measurements: 'pass',
  })
  for (const file of ['bios_rim_invalid_signature', 'bios_rim_measurement_mismatch']) {
    t.same(await real(nvswitch, '2025-01-01T00:00:00Z', file), {
      'rim.vbios': 'fail ERR_RIM_DIGEST',
      measurements: 'unknown ERR_RIM_DIGEST',
    })
  }
})
