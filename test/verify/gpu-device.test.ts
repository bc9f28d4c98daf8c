// SPDX-License-Identifier: Apache-2.0
// The appraisal of one device: what has to agree, and what each thing that does not comes to.

import { AsnConvert } from '@peculiar/asn1-schema'
import { KeyUsageFlags, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { toPem } from '../../src/pem.js'
import { GPU_CHECKS } from '../../src/verify/gpu-checks.js'
import { DEVICE_ROOT } from '../../src/verify/nvidia-roots.js'
import type { OcspClient } from '../../src/verify/ocsp-client.js'
import { pattern } from '../fake/nvidia.js'
import {
  type Bytes,
  basicConstraints,
  commonName,
  type DeviceKnobs,
  deviceName,
  dropExtension,
  type FakeDevice,
  generate,
  keyUsage,
  mintDevice,
  named,
  setExtension,
} from '../fake/nvidia-device.js'
import { changed } from '../helpers.js'
import { ALL_PASS, AT, appraise, outcomes } from './devices.js'

const CHAIN = 'ERR_CERTIFICATE_CHAIN'

const nvidiaName = named(['2.5.4.3', 'NVIDIA Device Identity CA'], ['2.5.4.10', 'NVIDIA'])

/** Outcomes of a device whose root the caller trusts. */
const judge = async (device: FakeDevice, options: Parameters<typeof appraise>[2] = {}) =>
  outcomes(await appraise(device.report(), device.pem, { roots: [device.root], ...options }))

const judgeEdited = async (knobs: DeviceKnobs) => judge(await mintDevice(knobs))

t.test('gpu: sound devices of every kind, under a root that the caller trusts', async (t) => {
  for (const shape of ['hopper', 'blackwell', 'switch'] as const) {
    const device = await mintDevice({ shape })
    const appraised = await appraise(device.report(), device.pem, { roots: [device.root] })
    t.same(outcomes(appraised), ALL_PASS, shape)
    t.match(appraised.device, { kind: shape === 'switch' ? 'switch' : 'gpu', index: 0 })
    t.match(appraised.findings.find(({ check }) => check === 'gpu.root')?.detail, /NOT NVIDIA/)
    t.ok(appraised.findings.every(({ device: index }) => index === 0))
  }
})

t.test('gpu: what a device says about itself', async (t) => {
  const device = await mintDevice({ seed: 3 })
  const appraised = await appraise(device.report(), device.pem)
  const pdi = Buffer.from(pattern(8, 403)).toString('hex')
  t.match(appraised.device, {
    architecture: 'HOPPER',
    chip: 'GH100',
    serial: `41${pdi}`,
    pdi,
    ueid: String(0x4103),
    fwid: Buffer.from(pattern(48, 203)).toString('hex'),
    driverVersion: '580.95.05',
    vbiosVersion: '96.00.9F.00.01',
  })
  t.same(appraised.device?.chain, device.certificates)
  t.equal(appraised.revocationAsOf, null)
})

t.test('gpu: findings stand in the order of their names', async (t) => {
  const device = await mintDevice()
  const nonce = pattern(32, 101)
  const { findings } = await appraise(device.report(), device.pem, {
    nonce,
    ocsp: [new Uint8Array(1)],
  })
  const names = findings.map(({ check }) => check as (typeof GPU_CHECKS)[number])
  t.same(
    names,
    GPU_CHECKS.filter((check) => names.includes(check)),
  )
  t.equal(names.length, 9)
})

t.test('gpu: the nonce, where one is known', async (t) => {
  const device = await mintDevice()
  const nonce = pattern(32, 101)
  t.same(await judge(device, { nonce }), { ...ALL_PASS, nonce: 'pass' })
  const other = changed(nonce, (copy) => copy.fill(0, 31)) as Bytes
  t.equal((await judge(device, { nonce: other })).nonce, 'ERR_NVIDIA_NONCE')
  t.equal((await judge(device, { nonce: nonce.slice(1) })).nonce, 'ERR_NVIDIA_NONCE')
})

t.test('gpu: the report of another device, or an altered one', async (t) => {
  const device = await mintDevice()
  const altered = changed(device.report(), (copy) => {
    copy[60] = (copy[60] as number) ^ 1
  })
  const roots = [device.root]
  const found = outcomes(await appraise(altered, device.pem, { roots }))
  t.same(found, { ...ALL_PASS, signature: 'ERR_NVIDIA_SIGNATURE' })
})

t.test('gpu: nothing but NULs may stand behind a report', async (t) => {
  const device = await mintDevice()
  const roots = [device.root]
  const report = device.report()
  const padded = await appraise(Uint8Array.of(...report, 0, 0, 0), device.pem, { roots })
  t.same(outcomes(padded), ALL_PASS)
  t.match(padded.findings[0]?.detail, /with 3 NUL behind it/)
  const nonce = pattern(32, 101)
  const more = await appraise(Uint8Array.of(...report, 0, 1), device.pem, { roots, nonce })
  t.equal(more.device, null)
  t.same(outcomes(more), {
    ...ALL_PASS,
    report: 'ERR_NVIDIA_TRAILING',
    identity: '?ERR_NVIDIA_TRAILING',
    signature: '?ERR_NVIDIA_TRAILING',
    fwid: '?ERR_NVIDIA_TRAILING',
    nonce: '?ERR_NVIDIA_TRAILING',
  })
})

t.test('gpu: a report has to name what reference values are found by', async (t) => {
  for (const shape of ['hopper', 'switch'] as const) {
    const device = await mintDevice({ shape })
    const { report } = outcomes(await appraise(device.report({ fields: [] }), device.pem))
    t.equal(report, 'ERR_NVIDIA_OPAQUE', shape)
  }
  const device = await mintDevice()
  const fields = [{ id: 6, value: Uint8Array.of(0, 0x9f, 0, 0x96, 1, 0, 0, 0) }]
  const { report } = outcomes(await appraise(device.report({ fields }), device.pem))
  t.equal(report, 'ERR_NVIDIA_OPAQUE', 'no driver')
})

t.test('gpu: nobody is asked about certificates that anybody can have made up', async (t) => {
  const asked: string[] = []
  const ocspClient: OcspClient = {
    status: async ({ subject }) => {
      asked.push(subject)
      throw new AttestationError('ERR_ENDORSER_NOT_FOUND', 'none')
    },
  }
  const device = await mintDevice()
  t.equal((await judge(device, { ocspClient })).revocation, '?ERR_ENDORSER_NOT_FOUND')
  t.equal(asked.length, 3)
  t.equal((await judge(device, { ocspClient, roots: [] })).revocation, '?ERR_CERTIFICATE_ROOT')
  const forged = await mintDevice({ signers: { identity: device.keys.leaf.privateKey } })
  t.equal((await judge(forged, { ocspClient })).revocation, '?ERR_CERTIFICATE_SIGNATURE')
  t.equal(asked.length, 3, 'not about those')
})

t.test('gpu: exactly five certificates', async (t) => {
  const device = await mintDevice()
  const roots = [device.root]
  const pems = device.chain.map(toPem)
  const root = pems[4] as string
  const chains = [['-'], pems.slice(1), pems.slice(0, 4), [...pems, root], pems.toReversed()]
  for (const [at, chain] of chains.entries()) {
    const pem = new TextEncoder().encode(chain.join(''))
    const code = at === 0 ? 'ERR_CERTIFICATE_FORMAT' : CHAIN
    const appraised = await appraise(device.report(), pem, { roots, ocsp: [new Uint8Array(1)] })
    const blocked = Object.keys(ALL_PASS).map((check) => [check, `?${code}`])
    const expected = { ...Object.fromEntries(blocked), report: 'pass', chain: code }
    t.same(outcomes(appraised), { ...expected, revocation: `?${code}` }, `chain ${at}`)
    t.equal(appraised.device, null)
  }
})

t.test('gpu: a report without certificates', async (t) => {
  const device = await mintDevice()
  const { findings } = await appraise(device.report(), new Uint8Array())
  const [, chain] = findings
  t.match(chain, {
    check: 'gpu.chain',
    code: CHAIN,
    detail: 'no certificates came with the report',
  })
})

t.test('gpu: each certificate in its place', async (t) => {
  const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags
  const spki = new Uint8Array(
    await crypto.subtle.exportKey('spki', (await generate('P-256')).publicKey),
  )
  const cases: Record<string, DeviceKnobs['edit']> = {
    'a leaf that is a CA': { leaf: (tbs) => setExtension(tbs, basicConstraints(true)) },
    'a leaf that may sign certificates': {
      leaf: (tbs) => setExtension(tbs, keyUsage(digitalSignature | keyCertSign)),
    },
    'a leaf that may not sign': { leaf: (tbs) => setExtension(tbs, keyUsage(cRLSign)) },
    'a leaf that does not say what it may': { leaf: (tbs) => dropExtension(tbs, '2.5.29.15') },
    'a device that is no CA': { device: (tbs) => setExtension(tbs, basicConstraints(false)) },
    'a provisioner without constraints': {
      provisioner: (tbs) => dropExtension(tbs, '2.5.29.19'),
    },
    'an intermediate that may not sign certificates': {
      identity: (tbs) => setExtension(tbs, keyUsage(cRLSign)),
    },
    'an intermediate for less': { identity: (tbs) => setExtension(tbs, basicConstraints(true, 1)) },
    'a root for less': { root: (tbs) => setExtension(tbs, basicConstraints(true, 2)) },
    'an issuer of another name': {
      provisioner: (tbs) => {
        tbs.issuer = commonName('NVIDIA GH100 Identities')
      },
    },
    'a root that names another': {
      root: (tbs) => {
        tbs.issuer = commonName('NVIDIA')
      },
    },
  }
  for (const [title, edit] of Object.entries(cases)) {
    t.same(await judgeEdited({ edit: edit ?? {} }), { ...ALL_PASS, chain: CHAIN }, title)
  }
  const enough = { identity: 2, root: 3, provisioner: 1, device: 0 }
  for (const [place, pathLength] of Object.entries(enough)) {
    const edit = { [place]: (tbs: never) => setExtension(tbs, basicConstraints(true, pathLength)) }
    t.same(await judgeEdited({ edit }), ALL_PASS, `${place} for ${pathLength}`)
  }
  const p256: DeviceKnobs['edit'] = {
    leaf: (tbs) => {
      tbs.subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo)
    },
  }
  const expected = { ...ALL_PASS, chain: CHAIN, signature: 'ERR_NVIDIA_SIGNATURE' }
  t.same(await judgeEdited({ edit: p256 }), expected, 'a leaf on another curve')
})

t.test('gpu: each signed by the next', async (t) => {
  const stranger = await generate()
  for (const place of ['leaf', 'device', 'provisioner', 'identity', 'root'] as const) {
    const signers = { [place]: stranger.privateKey }
    t.same(
      await judgeEdited({ signers }),
      { ...ALL_PASS, chain: 'ERR_CERTIFICATE_SIGNATURE' },
      place,
    )
  }
})

t.test('gpu: a root that nobody trusts', async (t) => {
  const device = await mintDevice()
  const other = await mintDevice({ edit: { root: (tbs) => setExtension(tbs, keyUsage(4)) } })
  t.equal((await judge(device, { roots: [] })).root, 'ERR_CERTIFICATE_ROOT')
  t.same(await judge(device, { roots: [other.root] }), ALL_PASS, 'the same key')
  const leaf = device.chain[0] as Bytes
  t.equal((await judge(device, { roots: [leaf] })).root, 'ERR_CERTIFICATE_ROOT')
})

t.test("gpu: NVIDIA's key and name are its root, and prove nothing without the key", async (t) => {
  const device = await mintDevice({
    edit: {
      identity: (tbs) => {
        tbs.issuer = nvidiaName
      },
      root: (tbs) => {
        tbs.subject = nvidiaName
        tbs.issuer = nvidiaName
        tbs.subjectPublicKeyInfo = AsnConvert.parse(DEVICE_ROOT.spki, SubjectPublicKeyInfo)
      },
    },
  })
  const { root, chain, identity } = outcomes(await appraise(device.report(), device.pem))
  t.same([root, chain, identity], ['pass', 'ERR_CERTIFICATE_SIGNATURE', 'pass'])
})

t.test('gpu: dates of each certificate, which do not nest', async (t) => {
  const at = (time: string) => ({ at: new Date(time) })
  const device = await mintDevice()
  t.equal((await judge(device, at('2022-01-01T00:00:00Z'))).validity, 'pass')
  t.equal((await judge(device, at('2021-12-31T23:59:59Z'))).validity, 'ERR_CERTIFICATE_VALIDITY')
  for (const place of ['leaf', 'device', 'provisioner', 'identity', 'root'] as const) {
    const expired = await mintDevice({
      edit: {
        [place]: (tbs: { validity: { notAfter: { utcTime?: Date; generalTime?: Date } } }) => {
          delete tbs.validity.notAfter.generalTime
          tbs.validity.notAfter.utcTime = AT
        },
      },
    })
    t.equal((await judge(expired)).validity, 'pass', `${place}, its last second`)
    const late = await judge(expired, { at: new Date(AT.getTime() + 1) })
    t.same(late, { ...ALL_PASS, validity: 'ERR_CERTIFICATE_VALIDITY' }, place)
  }
})

t.test('gpu: a chip that is not known has no chain here', async (t) => {
  for (const name of ['GR100 A01 GSP FMC LF', 'GH100 A01 GSP FMC', 'LS_11 A01 FSP FMC LF']) {
    const edit: DeviceKnobs['edit'] = {
      leaf: (tbs) => {
        tbs.subject = deviceName(name)
      },
    }
    t.equal((await judgeEdited({ edit })).chain, CHAIN, name)
  }
})
