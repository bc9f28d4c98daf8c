// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseGpuReport, splitAep83GpuEvidence } from '../../src/index.js'
import { joinAep83, mintGpuReport, mintPemChain, pattern } from '../fake/nvidia.js'
import { hex, throwsCode } from '../helpers.js'

const report = mintGpuReport()
const chain = mintPemChain()
const cec = pattern(500, 4)
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1')
const BEGIN = text('-----BEGIN CERTIFICATE-----')

/** Parts as hex, null for one that is not there. */
function split(...parts: Uint8Array[]) {
  const { report, cecReport, certChain } = splitAep83GpuEvidence(joinAep83(...parts))
  return [hex(report), cecReport && hex(cecReport), certChain && hex(certChain)]
}

t.test('AEP-83: report, CEC report and chain come apart', async (t) => {
  for (const shape of ['hopper', 'hopper-r620', 'blackwell', 'switch'] as const) {
    const bytes = mintGpuReport({ shape })
    t.same(split(bytes, cec, chain), [hex(bytes), hex(cec), hex(chain)])
    t.same(split(bytes, chain), [hex(bytes), null, hex(chain)])
    t.same(split(bytes), [hex(bytes), null, null])
  }
})

t.test('AEP-83: what comes apart is a report with nothing behind it', async (t) => {
  const parts = splitAep83GpuEvidence(joinAep83(report, cec, chain))
  const view = parseGpuReport(parts.report)
  t.equal(view.opaqueData.driverVersion, '580.95.05')
  t.equal(view.trailingBytes, 0)
})

t.test('AEP-83: what does not start with a report is refused as it is', async (t) => {
  throwsCode(t, () => split(chain), 'ERR_NVIDIA_REQUEST')
  throwsCode(t, () => split(), 'ERR_NVIDIA_LENGTH')
})

t.test('AEP-83: NULs are padding, and so are line ends behind the chain', async (t) => {
  t.same(split(report, text('\0')), [hex(report), null, null])
  t.same(split(report, text('\0\0'), chain), [hex(report), null, hex(chain)])
  t.same(split(report, chain, text('\0\0\0')), [hex(report), null, hex(chain)])
  const [, , certChain] = split(report, chain, text('\r\n\n\0\n'))
  t.equal(certChain, hex(Buffer.concat([chain, text('\r\n\n')])))
})

t.test('AEP-83: chains of any length, with either line end, are found', async (t) => {
  for (let count = 1; count <= 6; count++) {
    const pem = mintPemChain(count)
    t.equal(split(report, cec, pem)[2], hex(pem), `${count} certificates`)
  }
  const crlf = text(Buffer.from(chain).toString().replaceAll('\n', '\r\n'))
  t.equal(split(report, crlf)[2], hex(crlf))
  const unterminated = chain.slice(0, -1)
  t.equal(split(report, unterminated)[2], hex(unterminated))
})

t.test('AEP-83: markers in the report itself mean nothing', async (t) => {
  const nonce = Buffer.concat([BEGIN, pattern(5, 1)])
  const field = { id: 0x7f01, value: Buffer.from(chain) }
  const marked = mintGpuReport({
    nonce,
    fields: [field],
    sign: () => Buffer.concat([BEGIN, BEGIN, BEGIN, cec]).subarray(0, 96),
  })
  t.same(split(marked, cec, chain), [hex(marked), hex(cec), hex(chain)])
  t.same(split(marked), [hex(marked), null, null])
})

t.test('AEP-83: a marker in the CEC report is refused, not split elsewhere', async (t) => {
  for (const inside of [BEGIN, mintPemChain(1)]) {
    const marked = joinAep83(cec, inside, cec)
    throwsCode(t, () => split(report, marked, chain), 'ERR_NVIDIA_TRAILING')
  }
})

t.test('AEP-83: bytes without a chain are refused', async (t) => {
  for (const rest of [cec, text('x'), text('\0x'), text(' '), text('-----BEGIN CERTIFICATE----')]) {
    throwsCode(t, () => split(report, rest), 'ERR_NVIDIA_TRAILING')
  }
})

t.test('AEP-83: the chain runs to the end', async (t) => {
  const pem = Buffer.from(chain).toString()
  const wrong = [
    `${pem}x`,
    `${pem} `,
    `${pem}\0x`,
    `${pem}\0${pem}`,
    `${pem}subject=x\n${pem}`,
    `${pem}-----BEGIN CERTIFICATE-----\n`,
    `${pem}-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n`,
    pem.slice(0, -2),
    pem.slice(0, -30),
    pem.replace('\n', ''),
    pem.replace('\n', ' \n'),
    pem.replace(/\n(.)/, '\n\0$1'),
    pem.replace(/\n(.)/, '\n\x80$1'),
    pem.replace('END CERTIFICATE', 'END  CERTIFICATE'),
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    '-----BEGIN CERTIFICATE-----',
  ]
  for (const [i, value] of wrong.entries()) {
    throwsCode(t, () => split(report, text(value)), 'ERR_NVIDIA_TRAILING', `case ${i}`)
    throwsCode(t, () => split(report, cec, text(value)), 'ERR_NVIDIA_TRAILING', `case ${i}, CEC`)
  }
})

t.test('AEP-83: a CEC report is no longer than what NVML has room for', async (t) => {
  const full = pattern(4096, 8)
  t.equal(split(report, full, chain)[1], hex(full))
  throwsCode(t, () => split(report, pattern(4097, 8), chain), 'ERR_NVIDIA_TRAILING')
})

t.test('AEP-83: the evidence cut anywhere is refused or loses its tail', async (t) => {
  const whole = joinAep83(report, cec, chain)
  const certificate = chain.length / 5
  for (let length = 0; length < whole.length; length += length < report.length ? 97 : 1) {
    const cut = whole.slice(0, length)
    const behind = length - report.length
    const chained = behind - cec.length
    // What ends with a certificate, with or without its line end, is a shorter chain.
    const whole5th = chained > 0 && [0, certificate - 1].includes(chained % certificate)
    if (behind === 0 || whole5th) {
      t.equal(split(cut)[0], hex(report), `${length} bytes`)
    } else {
      const code = behind < 0 ? 'ERR_NVIDIA_LENGTH' : 'ERR_NVIDIA_TRAILING'
      throwsCode(t, () => split(cut), code, `${length} bytes`)
    }
  }
})

t.test('AEP-83: later changes to the input change nothing', async (t) => {
  const whole = joinAep83(report, cec, chain)
  const parts = splitAep83GpuEvidence(whole)
  whole.fill(0)
  t.equal(hex(parts.report), hex(report))
  t.equal(hex(parts.cecReport as Uint8Array), hex(cec))
  t.equal(hex(parts.certChain as Uint8Array), hex(chain))
})
