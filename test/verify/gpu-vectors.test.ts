// SPDX-License-Identifier: Apache-2.0
// Real evidence of GPUs and NVSwitches, and edits of it: every manifest's stated outcome, as far as
// the evidence of one device goes.

import { existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import { derObjects } from '../../src/pem.js'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'
import { ALL_PASS, appraise, outcomes } from './devices.js'

type Bytes = Uint8Array<ArrayBuffer>

interface Stated {
  readonly dir?: string
  readonly leaf_serial_decimal: string
  readonly driver?: string
  readonly vbios?: string
  readonly bios?: string
  readonly bytes_after_signature: number
  readonly verified: {
    readonly chain_links: boolean
    readonly root_spki_pinned: boolean
    readonly report_signature: boolean
    readonly fwid: 'match' | 'mismatch' | 'absent-in-report'
    readonly nonce: 'match' | 'mismatch'
  }
}

interface Manifest {
  readonly nonce: string
  readonly device?: Stated
  readonly devices?: readonly Stated[]
}

const read = (name: string, ...file: string[]): Bytes =>
  new Uint8Array(vectorBytes('nvidia', name, ...file))
const nonceOf = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'hex'))

/** Folders of a vector that hold the evidence of a device and its certificates. */
const deviceFolders = (name: string): string[] =>
  readdirSync(vectorPath('nvidia', name), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|\/)evidence\.bin$/.test(file))
    .map((file) => file.slice(0, -'evidence.bin'.length))
    .filter((folder) => existsSync(vectorPath('nvidia', name, folder, 'cert_chain.pem')))

t.test('gpu vectors: real devices, each as its manifest says', { skip }, async (t) => {
  let count = 0
  for (const name of vectors('nvidia')) {
    const { nonce, device, devices = device ? [device] : [] } = manifest<Manifest>('nvidia', name)
    const folders = name.startsWith('derived-') ? [] : deviceFolders(name)
    t.equal(devices.length, folders.length, `${name}: nothing left out`)
    for (const stated of devices) {
      const file = (last: string) => read(name, ...(stated.dir ? [stated.dir] : []), last)
      const appraised = await appraise(file('evidence.bin'), file('cert_chain.pem'), {
        nonce: nonceOf(nonce),
      })
      const { verified } = stated
      t.same(
        outcomes(appraised),
        {
          ...ALL_PASS,
          chain: verified.chain_links ? 'pass' : 'ERR_CERTIFICATE_SIGNATURE',
          root: verified.root_spki_pinned ? 'pass' : 'ERR_CERTIFICATE_ROOT',
          signature: verified.report_signature ? 'pass' : 'ERR_NVIDIA_SIGNATURE',
          fwid: verified.fwid === 'mismatch' ? 'ERR_NVIDIA_FWID' : 'pass',
          nonce: verified.nonce === 'match' ? 'pass' : 'ERR_NVIDIA_NONCE',
        },
        `${name} ${stated.dir ?? ''}`,
      )
      t.match(appraised.device, {
        ueid: stated.leaf_serial_decimal,
        driverVersion: stated.driver ?? null,
        vbiosVersion: stated.vbios ?? stated.bios,
        pdi: /^[0-9a-f]{16}$/,
        fwid: /^[0-9a-f]{96}$/,
      })
      const [said, fwid] = ['gpu.report', 'gpu.fwid'].map((check) =>
        appraised.findings.find((finding) => finding.check === check),
      )
      t.equal(/with 1 NUL/.test(said?.detail ?? ''), stated.bytes_after_signature === 1)
      const silent = verified.fwid === 'absent-in-report'
      t.equal(/by the certificate alone/.test(fwid?.detail ?? ''), silent, 'said, not passed over')
      count++
    }
  }
  t.ok(count >= 46, `${count} devices`)
})

t.test('gpu vectors: no two devices share a serial', { skip }, async (t) => {
  const serials = new Set<string>()
  let count = 0
  for (const name of vectors('nvidia').filter((vector) => !vector.startsWith('derived-'))) {
    for (const folder of deviceFolders(name)) {
      const [evidence, chain] = ['evidence.bin', 'cert_chain.pem'].map((last) =>
        read(name, folder, last),
      )
      const { device } = await appraise(evidence as Bytes, chain as Bytes)
      serials.add(`${device?.serial}`)
      count++
    }
  }
  t.equal(serials.size, count)
})

/** Everything that follows from a chain that cannot be read. */
const unreadableChain = (code: string) => ({
  ...Object.fromEntries(Object.keys(ALL_PASS).map((check) => [check, `?${code}`])),
  report: 'pass',
  chain: code,
})

t.test('gpu vectors: truncated and reordered chains', { skip }, async (t) => {
  const base = 'derived-report-h100-550.90.07'
  const evidence = read(base, 'baseline.bin')
  const expected: Record<string, Record<string, string>> = {
    'hopper_cert_chain_case1.pem': ALL_PASS,
    'hopper_cert_chain_case2.pem': unreadableChain('ERR_CERTIFICATE_CHAIN'),
    'hopper_cert_chain_case3.pem': unreadableChain('ERR_CERTIFICATE_CHAIN'),
    'hopper_cert_chain_case4.pem': unreadableChain('ERR_CERTIFICATE_CHAIN'),
    'invalidCertChain.pem': unreadableChain('ERR_CERTIFICATE_CHAIN'),
  }
  const { cases } = manifest<{ cases: Record<string, unknown> }>('nvidia', 'chain-negatives')
  t.same(Object.keys(cases).sort(), Object.keys(expected).sort())
  for (const [file, outcome] of Object.entries(expected)) {
    t.same(outcomes(await appraise(evidence, read('chain-negatives', file))), outcome, file)
  }
})

/** By case: what fails when the caller trusts the forger's root. */
const FORGED: Record<string, Record<string, string>> = {
  self_consistent: {},
  fwid_mismatch: { fwid: 'ERR_NVIDIA_FWID' },
  ica_not_ca: { chain: 'ERR_CERTIFICATE_CHAIN' },
  leaf_expired: { validity: 'ERR_CERTIFICATE_VALIDITY' },
  leaf_is_ca: { chain: 'ERR_CERTIFICATE_CHAIN' },
  six_certificates: unreadableChain('ERR_CERTIFICATE_CHAIN'),
  sha256_report_signature: { signature: 'ERR_NVIDIA_SIGNATURE' },
  p256_leaf: { chain: 'ERR_CERTIFICATE_CHAIN', signature: 'ERR_NVIDIA_SIGNATURE' },
  genuine_root_appended: { chain: 'ERR_CERTIFICATE_CHAIN', identity: 'ERR_NVIDIA_IDENTITY' },
  genuine_upper_three: { chain: 'ERR_CERTIFICATE_CHAIN', identity: 'ERR_NVIDIA_IDENTITY' },
}

t.test('gpu vectors: forged chains, with and without trust in the forger', { skip }, async (t) => {
  const name = 'derived-forged-chain'
  const { cases } = manifest<{ cases: { id: string }[] }>('nvidia', name)
  t.same(cases.map(({ id }) => id).sort(), Object.keys(FORGED).sort())
  const roots = derObjects(read(name, 'test_root.pem'))
  for (const [id, fails] of Object.entries(FORGED)) {
    const [evidence, chain] = [read(name, id, 'evidence.bin'), read(name, id, 'cert_chain.pem')]
    t.same(outcomes(await appraise(evidence, chain, { roots })), { ...ALL_PASS, ...fails }, id)
    const genuine = id.startsWith('genuine_')
    const untrusted = outcomes(await appraise(evidence, chain))
    t.match(untrusted, fails, id)
    if (id === 'six_certificates') continue
    t.equal(untrusted.root, genuine ? 'pass' : 'ERR_CERTIFICATE_ROOT', id)
    t.equal(untrusted.identity, 'ERR_NVIDIA_IDENTITY', `${id}: names of no device of NVIDIA's`)
  }
})

interface Edit {
  readonly id: string
  readonly file: string
  readonly chain: string
  readonly expect: string
  readonly expected_nonce: string
}

/** By case: what fails. What is not here does so because the report cannot be read. */
const EDITED: Record<string, Record<string, string>> = {
  baseline: {},
  signature_high_low_s: {},
  one_trailing_zero: {},
  wrong_expected_nonce: { nonce: 'ERR_NVIDIA_NONCE' },
  nonce_flip: { nonce: 'ERR_NVIDIA_NONCE', signature: 'ERR_NVIDIA_SIGNATURE' },
  fwid_flip: { fwid: 'ERR_NVIDIA_FWID', signature: 'ERR_NVIDIA_SIGNATURE' },
  measurement_flip: { signature: 'ERR_NVIDIA_SIGNATURE' },
  responder_nonce_flip: { signature: 'ERR_NVIDIA_SIGNATURE' },
  driver_version_edit: { signature: 'ERR_NVIDIA_SIGNATURE' },
  signature_r_flip: { signature: 'ERR_NVIDIA_SIGNATURE' },
  signature_swapped_r_s: { signature: 'ERR_NVIDIA_SIGNATURE' },
  signature_zero: { signature: 'ERR_NVIDIA_SIGNATURE' },
  signature_r_is_order: { signature: 'ERR_NVIDIA_SIGNATURE' },
  opaque_unknown_type: { signature: 'ERR_NVIDIA_SIGNATURE' },
  other_chain: { signature: 'ERR_NVIDIA_SIGNATURE', fwid: 'ERR_NVIDIA_FWID' },
}

t.test('gpu vectors: edited reports', { skip }, async (t) => {
  const name = 'derived-report-h100-550.90.07'
  const { cases } = manifest<{ cases: Edit[] }>('nvidia', name)
  for (const { id, file, chain, expect, expected_nonce } of cases) {
    const appraised = await appraise(read(name, file), read(name, chain), {
      nonce: nonceOf(expected_nonce),
    })
    const found = outcomes(appraised)
    const known = EDITED[id]
    if (known) {
      t.same(found, { ...ALL_PASS, nonce: 'pass', ...known }, `${id}: ${expect}`)
      continue
    }
    t.match(expect, /^(reject: (parse|SPDM)|policy: separable)/, id)
    const code = found.report as string
    t.match(code, /^ERR_NVIDIA_(LENGTH|REQUEST|RESPONSE|MEASUREMENTS|OPAQUE|TRAILING)$/, id)
    const blocked = { signature: `?${code}`, fwid: `?${code}`, identity: `?${code}` }
    t.same(found, { ...ALL_PASS, report: code, nonce: `?${code}`, ...blocked }, id)
    t.equal(appraised.device, null)
  }
  t.equal(cases.filter(({ id }) => id in EDITED).length, Object.keys(EDITED).length)
})
