// SPDX-License-Identifier: Apache-2.0

import { createHash, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate } from '@peculiar/asn1-x509'
import t from 'tap'
import { parseGpuReport, splitAep83GpuEvidence } from '../../src/core/nvidia.js'
import { Faults } from '../../src/simulate/faults.js'
import { SimulatedGpus } from '../../src/simulate/gpus.js'
import { type MintedNvidia, mintNvidia } from '../../src/simulate/nvidia.js'
import type { Architecture } from '../../src/simulate/nvidia-models.js'
import { AT } from '../fake/amd.js'
import { joinAep83, pattern } from '../fake/nvidia.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { hex, rejectsCode } from '../helpers.js'
import { skip, vectorBytes } from '../vectors.js'

const P384 = { name: 'ECDSA', namedCurve: 'P-384' } as const
const nonce = pattern(32, 1)
/** Real devices of the same architecture and driver branch. */
const REAL = { HOPPER: 'h100-580.95.05-trailing-byte', BLACKWELL: 'b200-590.48.01' } as const
const ARCHITECTURES = ['HOPPER', 'BLACKWELL'] as const
/** CRL distribution points and authority information access: nobody answers for the simulated. */
const REVOCATION = ['2.5.29.31', '1.3.6.1.5.5.7.1.1']

const minted = Object.fromEntries(
  await Promise.all(
    ARCHITECTURES.map(async (name) => [name, await mintNvidia(name, 2, AT)] as const),
  ),
) as Record<Architecture, MintedNvidia>

async function surface(architecture: Architecture, clock = new ManualClock(), latencyMs = 0) {
  const gpus = minted[architecture].gpus.map(async (gpu) => ({
    ...gpu,
    key: await crypto.subtle.importKey('pkcs8', gpu.key, P384, false, ['sign']),
  }))
  const faults = new Faults()
  return { faults, gpus: new SimulatedGpus(await Promise.all(gpus), clock, latencyMs, faults) }
}

/** The certificates of a chain, as another reader sees them. */
function certificates(chain: Uint8Array): X509Certificate[] {
  const text = Buffer.from(chain).toString()
  const pem = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return pem.map((one) => new X509Certificate(one))
}

for (const architecture of ARCHITECTURES) {
  t.test(`simulated ${architecture}: every GPU answers, signed by its own key`, async (t) => {
    const { gpus } = await surface(architecture)
    t.equal(gpus.name, 'simulated')
    const reports = await gpus.collect(nonce)
    t.same(
      reports.map(({ index }) => index),
      [0, 1],
    )
    t.equal(new Set(reports.map(({ uuid }) => uuid)).size, 2)
    for (const { report, cec, certChain, uuid, ...rest } of reports) {
      t.equal(rest.architecture, architecture)
      t.equal(cec, null)
      t.match(uuid, /^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      const { signedBytes, signature, requestNonce } = parseGpuReport(report)
      t.same(requestNonce, nonce)
      const spki = certificates(certChain)[0]?.publicKey.export({ format: 'der', type: 'spki' })
      if (!spki) throw new Error('a leaf expected')
      const key = await crypto.subtle.importKey('spki', spki, P384, false, ['verify'])
      const ecdsa = { name: 'ECDSA', hash: 'SHA-384' }
      t.ok(await crypto.subtle.verify(ecdsa, key, signature, signedBytes))
      t.same(splitAep83GpuEvidence(joinAep83(report, certChain)).certChain, certChain)
    }
    const [first, second] = reports.map(({ report }) => parseGpuReport(report))
    t.notSame(first?.responderNonce, second?.responderNonce)
  })

  t.test(`simulated ${architecture}: a chain of five below its own root`, async (t) => {
    for (const { certChain } of minted[architecture].gpus) {
      const chain = certificates(certChain)
      t.equal(chain.length, 5)
      const leaf = chain[0] as X509Certificate
      const point = leaf.publicKey.export({ format: 'der', type: 'spki' }).subarray(-97)
      const serial = createHash('sha1').update(point).digest()
      serial[0] = ((serial[0] as number) & 0x3f) | 0x40
      t.equal(leaf.serialNumber, hex(serial).toUpperCase(), 'SHA-1 of its key')
      const root = chain[4] as X509Certificate
      t.same(new Uint8Array(root.raw), minted[architecture].root)
      for (const [index, certificate] of chain.entries()) {
        const issuer = chain[index + 1] ?? root
        t.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey), `${index}`)
        t.equal(certificate.ca, index > 0)
      }
    }
    const serials = minted[architecture].gpus.map(
      ({ certChain }) => certificates(certChain)[1]?.serialNumber as string,
    )
    t.equal(new Set(serials).size, 2)
    t.match(serials[0], /^41[0-9A-F]{16}$/, 'the PDI in the serial of the device')
  })

  t.test(`simulated ${architecture}: the leaf names the firmware of the report`, async (t) => {
    const { gpus } = await surface(architecture)
    const [gpu] = await gpus.collect(nonce)
    if (!gpu) throw new Error('a GPU expected')
    const fwid = parseGpuReport(gpu.report).opaqueData.fwid as Uint8Array
    const leaf = certificates(gpu.certChain)[0] as X509Certificate
    const { extensions } = AsnConvert.parse(leaf.raw, Certificate).tbsCertificate
    const dice = extensions?.find(({ extnID }) => extnID.startsWith('2.23.133.5.4.1'))
    const value = Buffer.from(dice?.extnValue.buffer as ArrayBuffer)
    if (architecture === 'HOPPER') t.equal(hex(value.subarray(-48)), hex(fwid), 'at the end')
    else t.ok(value.indexOf(fwid) < value.indexOf(Buffer.alloc(48)), 'as the first of two')
  })

  t.test(`simulated ${architecture}: shaped as a real one`, { skip }, async (t) => {
    const real = parseGpuReport(vectorBytes('nvidia', REAL[architecture], 'evidence.bin'))
    const { gpus } = await surface(architecture)
    const [gpu] = await gpus.collect(nonce)
    if (!gpu) throw new Error('a GPU expected')
    const report = parseGpuReport(gpu.report)
    const fields = ({ opaqueFields }: typeof report) =>
      opaqueFields.map(({ id, name, value }) => [id, name, value.length])
    t.same(fields(report), fields(real))
    t.equal(report.bytes.length, real.bytes.length)
    t.equal(report.trailingBytes, 0)
    const extended = ({ measurements }: typeof report) =>
      measurements.map((value) => value.some((octet) => octet !== 0))
    t.same(extended(report), extended(real))
    const { msrscnt, ...data } = report.opaqueData
    t.same(
      extended(report),
      msrscnt?.map((count) => count > 0),
    )
    const meanings = [
      'gpuInfo',
      'vbiosVersion',
      'chipSku',
      'chipInfo',
      'featureFlag',
      'nvdec0Status',
    ]
    for (const name of [...meanings, 'driverVersion', 'protectedPcieStatus', 'sysEnableStatus']) {
      t.same(data[name as keyof typeof data], real.opaqueData[name as keyof typeof data], name)
    }
    const realChain = vectorBytes('nvidia', REAL[architecture], 'cert_chain.pem')
    t.same(certificates(gpu.certChain).map(shape), certificates(realChain).map(shape))
  })
}

/** What of a certificate must be as in a real one; numbers of single devices left out. */
function shape(certificate: X509Certificate) {
  const { tbsCertificate, signatureAlgorithm } = AsnConvert.parse(certificate.raw, Certificate)
  const blank = (name: string) =>
    name.replace(/(?<=^serialNumber=)([0-9A-F]{40}|41[0-9A-F]{16})$/m, (serial) =>
      serial.length === 40 ? 'key' : 'device',
    )
  return {
    subject: blank(certificate.subject),
    issuer: blank(certificate.issuer),
    until: certificate.validTo,
    algorithm: signatureAlgorithm.algorithm,
    key: certificate.publicKey.asymmetricKeyDetails?.namedCurve,
    extensions: tbsCertificate.extensions
      ?.filter(({ extnID }) => !REVOCATION.includes(extnID))
      .map(({ extnID, critical, extnValue }) => [extnID, critical, extnValue.byteLength]),
  }
}

t.test('simulated GPUs: all of them or an error', async (t) => {
  const clock = new ManualClock()
  const { gpus, faults } = await surface('HOPPER', clock, 100)
  const answer = gpus.collect(nonce)
  clock.advance(99)
  await rejectsCode(t, gpus.collect(nonce), 'ERR_INTERNAL', 'still at work')
  clock.advance(1)
  t.equal((await answer).length, 2, 'after one wait for all')
  faults.add('gpu')
  t.equal(faults.pending, 1)
  await rejectsCode(t, gpus.collect(nonce), 'ERR_GPU_EVIDENCE', 'a fault')
  t.equal(faults.pending, 0)
  for (const length of [31, 33, 64]) {
    await rejectsCode(t, gpus.collect(pattern(length, 1)), 'ERR_GPU_EVIDENCE', `${length} bytes`)
  }
  await gpus.close()
  await rejectsCode(t, gpus.collect(nonce), 'ERR_GPU_EVIDENCE', 'closed')
})
