// SPDX-License-Identifier: Apache-2.0
// Real reports, and edits of one: what is read must be what another parser wrote down.

import { verify, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type GpuReport, parseGpuReport, splitAep83GpuEvidence } from '../../src/index.js'
import { hex, throwsCode } from '../helpers.js'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'

/** What a manifest says of a device; a switch has `bios` in place of most. */
interface Device {
  dir?: string
  bytes: number
  kind: 'gpu' | 'nvswitch'
  request_nonce: string
  responder_nonce: string
  measurement_blocks: number
  signature_offset: number
  bytes_after_signature: number
  verified: { report_signature: boolean }
  bios?: string
}

interface Parsed {
  request: { nonce: string; slot: number }
  response: {
    blocks: { value: string }[]
    responder_nonce: string
    opaque: { type: number; name: string; value: string }[]
    signature: string
  }
  signature_offset: number
  trailing: string
}

interface Case {
  id: string
  file: string
  expect: string
  chain: string
  reference_signature_ok: boolean | null
}

const DERIVED = 'derived-report-h100-550.90.07'
const orNull = (bytes: Uint8Array | null): string | null => bytes && hex(bytes)
const status = (value: string | null): string => (value === 'enabled' ? 'aa' : '55')

function verifies(report: GpuReport, chain: Uint8Array): boolean {
  const key = new X509Certificate(chain).publicKey
  const { signedBytes, signature } = report
  return verify('sha384', signedBytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** The report in the words of the manifest. */
function described(report: GpuReport): Record<string, unknown> {
  const data = report.opaqueData
  const common = {
    kind: report.kind === 'switch' ? 'nvswitch' : 'gpu',
    bytes: report.bytes.length + report.trailingBytes,
    request_nonce: hex(report.requestNonce),
    responder_nonce: hex(report.responderNonce),
    measurement_blocks: report.measurements.length,
    signature_offset: report.signedBytes.length,
    bytes_after_signature: report.trailingBytes,
  }
  if (report.kind === 'switch') return { ...common, bios: data.vbiosVersion }
  return {
    ...common,
    driver: data.driverVersion,
    vbios: data.vbiosVersion,
    project: data.project,
    project_sku: data.projectSku,
    chip_sku: data.chipSku,
    chip_info: data.chipInfo,
    feature_flag: data.featureFlag && ['spt', 'mpt', 'ppcie'].indexOf(data.featureFlag),
    opaque_data_version: data.opaqueDataVersion,
    nvdec0_status: status(data.nvdec0Status),
    protected_pcie_status: data.protectedPcieStatus && status(data.protectedPcieStatus),
    fwid_in_report: orNull(data.fwid),
  }
}

/** Every real device: its vector, its folder in it, and what the manifest says. */
const devices = vectors('nvidia').flatMap((name) => {
  const { device, devices = device ? [device] : [] } = manifest<{
    device?: Device
    devices?: Device[]
  }>('nvidia', name)
  return devices.map((device) => ({ name, dir: device.dir ?? '.', device }))
})

t.test('vectors: every real report reads as its manifest says', { skip }, async (t) => {
  t.ok(devices.length > 40)
  for (const { name, dir, device } of devices) {
    const report = parseGpuReport(vectorBytes('nvidia', name, dir, 'evidence.bin'))
    const facts = described(report)
    const expected = Object.fromEntries(
      Object.keys(facts).map((key) => [key, device[key as keyof Device]]),
    )
    t.same(facts, expected, `${name} ${dir}`)
    const chain = vectorBytes('nvidia', name, dir, 'cert_chain.pem')
    t.equal(verifies(report, chain), device.verified.report_signature, `${name} ${dir}: signature`)
  }
})

t.test('vectors: every value is that of the second parser', { skip }, async (t) => {
  const dumped = devices.filter(({ name, dir }) =>
    existsSync(vectorPath('nvidia', name, dir, 'parsed.json')),
  )
  t.ok(dumped.length > 10)
  for (const { name, dir } of dumped) {
    const report = parseGpuReport(vectorBytes('nvidia', name, dir, 'evidence.bin'))
    const dump = readFileSync(vectorPath('nvidia', name, dir, 'parsed.json'), 'utf8')
    const { request, response, signature_offset, trailing } = JSON.parse(dump) as Parsed
    t.equal(hex(report.requestNonce), request.nonce)
    t.equal(report.slot, request.slot)
    t.same(
      report.measurements.map(hex),
      response.blocks.map(({ value }) => value),
    )
    t.equal(hex(report.responderNonce), response.responder_nonce)
    t.same(
      report.opaqueFields.map(({ id, name, value }) => [id, name, hex(value)]),
      // The dump has a name of its own for the VBIOS version of a switch.
      response.opaque.map((o) => [o.type, o.name.replace('SWITCH_BIOS', 'VBIOS'), o.value]),
    )
    t.equal(hex(report.signature), response.signature)
    t.equal(report.signedBytes.length, signature_offset)
    t.equal(report.trailingBytes, trailing.length / 2)
  }
})

t.test('vectors: no evidence is left out', { skip }, async (t) => {
  const root = path.dirname(vectorPath('nvidia', DERIVED))
  const all = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('evidence.bin'))
    .sort()
  t.ok(all.length >= devices.length)
  for (const file of all) {
    const report = parseGpuReport(new Uint8Array(readFileSync(path.join(root, file))))
    t.equal(report.measurements.length, report.kind === 'gpu' ? 64 : 31, file)
  }
})

t.test('vectors: switches and GPUs of one machine name each other', { skip }, async (t) => {
  const name = 'h100x8-590.12-ppcie-4switch'
  const reports = devices
    .filter((device) => device.name === name)
    .map(({ dir }) => parseGpuReport(vectorBytes('nvidia', name, dir, 'evidence.bin')).opaqueData)
  const switches = reports.map(({ devicePdi }) => orNull(devicePdi)).filter((pdi) => pdi !== null)
  t.equal(switches.length, 4)
  for (const { switchPdis } of reports) {
    if (switchPdis === null) continue
    const seen = new Set(switchPdis.map((pdi) => hex(pdi.slice().reverse())))
    t.same([...seen].sort(), [...switches].sort())
  }
})

/** Which refusal an edit must meet in the parser, by the rule it breaks; the rest must parse. */
const REFUSED = {
  truncated_1: 'ERR_NVIDIA_LENGTH',
  truncated_signature: 'ERR_NVIDIA_LENGTH',
  truncated_opaque: 'ERR_NVIDIA_LENGTH',
  truncated_request: 'ERR_NVIDIA_LENGTH',
  empty: 'ERR_NVIDIA_LENGTH',
  opaque_length_plus_1: 'ERR_NVIDIA_LENGTH',
  opaque_length_max: 'ERR_NVIDIA_LENGTH',
  response_only: 'ERR_NVIDIA_REQUEST',
  spdm_version_12: 'ERR_NVIDIA_REQUEST',
  request_code: 'ERR_NVIDIA_REQUEST',
  request_param1_no_signature: 'ERR_NVIDIA_REQUEST',
  request_one_measurement: 'ERR_NVIDIA_REQUEST',
  slot_1: 'ERR_NVIDIA_REQUEST',
  response_error_code: 'ERR_NVIDIA_RESPONSE',
  block_count_63: 'ERR_NVIDIA_MEASUREMENTS',
  block_count_65: 'ERR_NVIDIA_MEASUREMENTS',
  record_length_plus_1: 'ERR_NVIDIA_MEASUREMENTS',
  record_length_max: 'ERR_NVIDIA_MEASUREMENTS',
  record_length_zero: 'ERR_NVIDIA_MEASUREMENTS',
  duplicate_block_index: 'ERR_NVIDIA_MEASUREMENTS',
  block_index_zero: 'ERR_NVIDIA_MEASUREMENTS',
  block_spec_2: 'ERR_NVIDIA_MEASUREMENTS',
  block_size_short: 'ERR_NVIDIA_MEASUREMENTS',
  value_size_long: 'ERR_NVIDIA_MEASUREMENTS',
  value_size_max: 'ERR_NVIDIA_MEASUREMENTS',
  opaque_length_zero: 'ERR_NVIDIA_OPAQUE',
  opaque_field_overflow: 'ERR_NVIDIA_OPAQUE',
  opaque_duplicate_type: 'ERR_NVIDIA_OPAQUE',
} as const

t.test('vectors: edits of a real report', { skip }, async (t) => {
  const { cases } = manifest<{ cases: Case[] }>('nvidia', DERIVED)
  const refused = REFUSED as Record<string, (typeof REFUSED)[keyof typeof REFUSED]>
  t.same(
    Object.keys(refused).filter((id) => !cases.some((edit) => edit.id === id)),
    [],
  )
  for (const { id, file, expect, chain, reference_signature_ok } of cases) {
    const bytes = vectorBytes('nvidia', DERIVED, file)
    const code = refused[id]
    if (code) {
      throwsCode(t, () => parseGpuReport(bytes), code, id)
      t.match(expect, /parse/, id)
    } else {
      t.notMatch(expect, /^reject: parse/, id)
      const verdict = verifies(parseGpuReport(bytes), vectorBytes('nvidia', DERIVED, chain))
      t.equal(verdict, reference_signature_ok, id)
    }
  }
})

t.test('vectors: bytes behind the signature', { skip }, async (t) => {
  const read = (file: string) => vectorBytes('nvidia', DERIVED, file)
  const baseline = hex(read('baseline.bin'))
  const zero = splitAep83GpuEvidence(read('one_trailing_zero.bin'))
  t.equal(hex(zero.report), baseline)
  t.same([zero.cecReport, zero.certChain], [null, null])
  const pem = splitAep83GpuEvidence(read('trailing_pem.bin'))
  t.equal(hex(pem.report), baseline)
  t.equal(pem.cecReport, null)
  t.equal(hex(pem.certChain as Uint8Array), hex(read('base_chain.pem')))
})

t.test('vectors: every real report and chain, joined, comes apart', { skip }, async (t) => {
  for (const { name, dir } of devices) {
    const evidence = vectorBytes('nvidia', name, dir, 'evidence.bin')
    const chain = vectorBytes('nvidia', name, dir, 'cert_chain.pem')
    const { report, cecReport, certChain } = splitAep83GpuEvidence(Buffer.concat([evidence, chain]))
    t.equal(cecReport, null)
    t.equal(hex(certChain as Uint8Array), hex(chain).replace(/(00)+$/, ''))
    t.equal(hex(report), hex(evidence.slice(0, report.length)))
  }
})
