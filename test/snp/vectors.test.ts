// SPDX-License-Identifier: Apache-2.0
// Real reports: every field is what another tool read, and no field is left out.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import t from 'tap'
import { decodeTcb, type Product, parseSnpReport, snpReportFromIoctl } from '../../src/index.js'
import { hex, throwsCode } from '../helpers.js'
import { plain } from '../oracle/snp.js'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'

interface Manifest {
  product?: string
  fields?: Record<string, unknown>
}

/** Vectors whose report no parser may accept, and why not. */
const REFUSED = {
  'fake-v1-ms-sidecar': 'ERR_SNP_VERSION',
  'genoa-v3-vcek-tinfoil-211-truncated': 'ERR_SNP_LENGTH',
  'synthetic-genoa-v3-601-synth-reserved-mbo-cleared': 'ERR_SNP_POLICY',
} as const

const IOCTL = 'ioctl-responses'

const number = (value: number | bigint, digits: number): string =>
  `0x${value.toString(16).padStart(digits, '0')}`

/** R or S as the manifests give it: the whole little-endian slot. */
const slot = (half: Uint8Array): string => hex(half.reverse()).padEnd(144, '0')

/** A TCB as the manifests give it; its reserved bytes are those that no level stands in. */
function tcb(raw: Uint8Array, product: Product): Record<string, unknown> {
  const { fmc, bootLoader, ...rest } = decodeTcb(raw, product)
  const turin = fmc === null ? {} : { fmc }
  const reserved = product === 'Turin' ? raw.slice(4, 7) : raw.slice(2, 6)
  return { raw: hex(raw), ...turin, bootloader: bootLoader, ...rest, reserved: hex(reserved) }
}

/** A value of the view in the manifests' notation. */
function noted(name: string, value: unknown, product: Product): unknown {
  if (name.endsWith('Tcb')) return tcb(value as Uint8Array, product)
  if (value instanceof Uint8Array) return hex(value)
  return typeof value === 'bigint' ? number(value, 16) : value
}

/** The whole view in the manifests' notation; what the view has and manifests have not shows. */
function described(report: object, product: Product): Record<string, unknown> {
  const {
    bytes,
    signedBytes,
    signature,
    policyBits,
    platformInfoBits,
    product: _,
    ...fields
  } = plain(report)
  const key = fields.signingKey === 'vlek' ? 1 : 0
  const flags = Number(fields.authorKeyEn) | (Number(fields.maskChipKey) << 1) | (key << 2)
  const signed = signedBytes as Uint8Array
  const entries = Object.entries(fields).map(([name, value]) => [name, noted(name, value, product)])
  return {
    ...Object.fromEntries(entries),
    flags: number(flags, 8),
    signingKey: key,
    nonZeroBytes0x1f8to0x29f: signed.subarray(0x1f8).some((byte) => byte !== 0),
    signatureR: slot((signature as Uint8Array).slice(0, 48)),
    signatureS: slot((signature as Uint8Array).slice(48)),
    signedSha384: createHash('sha384').update(signed).digest('hex'),
  }
}

/** Milan where a manifest knows no product: its version 2 has the old TCB order. */
const productOf = ({ product }: Manifest): Product =>
  product === 'Genoa' || product === 'Turin' ? product : 'Milan'

const withReport = vectors('snp').filter((name) =>
  existsSync(vectorPath('snp', name, 'report.bin')),
)
const good = withReport.filter((name) => !(name in REFUSED))

t.test('vectors: every field of every report equals its manifest', { skip }, async (t) => {
  for (const name of good) {
    const said = manifest<Manifest>('snp', name)
    const report = parseSnpReport(vectorBytes('snp', name, 'report.bin'))
    if (said.fields === undefined) continue
    t.strictSame(described(report, productOf(said)), said.fields, name)
  }
  const compared = good.filter((name) => manifest<Manifest>('snp', name).fields !== undefined)
  t.ok(compared.length >= 50, `${compared.length} reports compared`)
})

t.test('vectors: the product that a report names is the manifest’s', { skip }, async (t) => {
  for (const name of good) {
    const said = manifest<Manifest>('snp', name)
    const { version, product } = parseSnpReport(vectorBytes('snp', name, 'report.bin'))
    t.equal(product, version === 2 ? null : said.product, name)
  }
})

t.test('vectors: what must be refused is, with its code', { skip }, async (t) => {
  for (const [name, code] of Object.entries(REFUSED)) {
    const bytes = vectorBytes('snp', name, 'report.bin')
    throwsCode(t, () => parseSnpReport(bytes), code, name)
  }
})

t.test('vectors: the captured ioctl response', { skip }, async (t) => {
  const { fields } = manifest<{ fields: { report: unknown } }>('snp', IOCTL)
  const report = snpReportFromIoctl(vectorBytes('snp', IOCTL, 'report-resp.bin'))
  t.strictSame(described(report, 'Milan'), fields.report)
})

t.test('vectors: a second report of the same machine', { skip }, async (t) => {
  const name = 'genoa-v3-vcek-scrt-noend'
  const [one, two] = ['report.bin', 'report-2.bin'].map((file) =>
    parseSnpReport(vectorBytes('snp', name, file)),
  )
  t.strictSame(one?.chipId, two?.chipId)
})
