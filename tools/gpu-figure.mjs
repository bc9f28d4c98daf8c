// SPDX-License-Identifier: Apache-2.0
// Draws docs/gpu.svg from one piece of real evidence: what is signed and by whom, bytes to scale.
//
//   node tools/gpu-figure.mjs FOLDER > docs/gpu.svg
//
// FOLDER has evidence.bin, cert_chain.pem, vbios_rim.xml and nras_token.json of one GPU.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as layout from '../build/js/assembly/nvidia/layout.js'
import { REPORT_DATA_AT, REPORT_DATA_LEN, REPORT_LEN } from '../build/js/assembly/snp/layout.js'

const folder = process.argv[2]
if (folder === undefined) throw new Error('name a folder of evidence')
const read = (file) => readFileSync(path.join(folder, file))

const LEFT = 30
const WIDTH = 860
const BAR = 18

const evidence = read('evidence.bin')
const record = evidence.readUIntLE(layout.RECORD_LENGTH_AT, layout.RECORD_LENGTH_LEN)
const nonceAt = layout.RECORD_AT + record
const opaqueAt = nonceAt + layout.RESPONDER_NONCE_LEN
const opaque = layout.OPAQUE_LENGTH_LEN + evidence.readUInt16LE(opaqueAt)
const signatureAt = opaqueAt + opaque
const blocks = evidence[layout.BLOCK_COUNT_AT]

/** Pixels for each byte of a bar; areas beside bars have as many for each byte. */
const SCALE = WIDTH / evidence.length
const px = (bytes) => Number((bytes * SCALE).toFixed(1))
const count = (number) => number.toLocaleString('en-US')
const text = (x, y, words, kind = '') =>
  `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${words}</text>`
const bar = (x, y, bytes, kind) =>
  `<rect class="${kind}" x="${x}" y="${y}" width="${px(bytes)}" height="${BAR}"/>`
const line = (d, kind = 'lead') => `<path class="${kind}" d="${d}"/>`

function report(y) {
  const parts = [
    [0, layout.RESPONSE_VERSION_AT, 'ask'],
    [layout.RESPONSE_VERSION_AT, nonceAt, 'box'],
    [nonceAt, opaqueAt, 'ask'],
    [opaqueAt, signatureAt, 'box'],
    [signatureAt, signatureAt + layout.SIGNATURE_LEN, 'seal'],
  ]
  const end = LEFT + px(signatureAt)
  const below = y + BAR
  return [
    text(LEFT, y - 10, `Report of one GPU: ${count(evidence.length)} bytes`, 'bold'),
    ...parts.map(([from, to, kind]) => bar(LEFT + px(from), y, to - from, kind)),
    line(`M${LEFT} ${below + 6} v6 H${end} v-6`),
    text(LEFT, below + 30, `question: ${layout.RESPONSE_VERSION_AT} bytes,`, 'small'),
    text(LEFT, below + 46, 'with your nonce', 'small'),
    text(360, below + 30, `answer: ${blocks} measurements, ${count(record)} bytes`, 'small mid'),
    text(360, below + 46, 'what firmware, driver and configuration have hashed to', 'small mid'),
    text(
      740,
      below + 30,
      `versions, names, FWID: ${count(opaque - layout.OPAQUE_LENGTH_LEN)} bytes`,
      'small end',
    ),
    text(LEFT + WIDTH, below + 30, `signature: ${layout.SIGNATURE_LEN}`, 'small end'),
    text(LEFT + WIDTH, below + 46, `over the ${count(signatureAt)} before it`, 'small end'),
  ]
}

const CERTIFICATES = [
  ['its key signs reports', 'changes with firmware'],
  ['the GPU itself,', 'for life'],
  ['provisioning', 'of NVIDIA’s'],
  ['one generation', 'of NVIDIA’s'],
  ['root of NVIDIA’s,', 'pinned by its key'],
]

function chain(y) {
  const pem = read('cert_chain.pem')
    .toString()
    .match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g)
  const ders = pem.map((one) => new X509Certificate(one))
  const used = ders.reduce((sum, { raw }) => sum + px(raw.length), 0)
  const gap = (WIDTH - used) / (ders.length - 1)
  const drawn = [text(LEFT, y - 10, 'Its certificates: each is signed by the next', 'bold')]
  let x = LEFT
  for (const [at, { raw, subject }] of ders.entries()) {
    const isRoot = at === ders.length - 1
    const name = subject.match(/CN=(?:NVIDIA )?(.*)/)[1]
    const start = x.toFixed(1)
    drawn.push(bar(start, y, raw.length, isRoot ? 'good' : 'box'))
    const words = [`${count(raw.length)} bytes:`, ...CERTIFICATES[at]]
    for (const [row, one] of words.entries()) {
      drawn.push(text(start, y + BAR + 18 + 16 * row, one, 'small'))
    }
    const edge = isRoot ? [LEFT + WIDTH, 'mono end'] : [start, 'mono']
    drawn.push(text(edge[0], y + BAR + 66, name, edge[1]))
    x += px(raw.length) + gap
    if (!isRoot) {
      const middle = y + BAR / 2
      drawn.push(line(`M${(x - 3).toFixed(1)} ${middle} h${(6 - gap).toFixed(1)}`, 'line'))
    }
  }
  return drawn
}

/** As wide as half of a bar, and as high as its bytes need at the scale of the bars. */
const HALF = (WIDTH - 20) / 2
const high = (bytes) => Math.round((px(bytes) * BAR) / HALF)

function rims(y) {
  const xml = read('vbios_rim.xml')
  const active = xml.toString().match(/<(?:\w+:)?Resource\b[^>]*>/g)
  const listed = active.filter((one) => /active="True"/i.test(one)).length
  const height = high(xml.length)
  const right = LEFT + HALF + 20
  const middle = y + height / 2
  return [
    text(LEFT, y - 10, 'What the measurements may be: NVIDIA’s reference manifests (RIMs)', 'bold'),
    `<rect class="box" x="${LEFT}" y="${y}" width="${HALF}" height="${height}"/>`,
    `<rect class="box dashed" x="${right}" y="${y}" width="${HALF}" height="${height}"/>`,
    text(LEFT + 14, middle - 22, `of the VBIOS: ${count(xml.length)} bytes of XML`),
    text(
      LEFT + 14,
      middle,
      `${active.length} entries, ${listed} of them active, each with one value or more`,
      'small',
    ),
    text(LEFT + 14, middle + 18, 'signed by a RIM signer of NVIDIA’s for two years,', 'small'),
    text(LEFT + 14, middle + 36, 'under another root than the GPU’s, pinned by its key', 'small'),
    text(right + 14, middle - 22, 'of the driver: about as much'),
    text(right + 14, middle, 'other entries; none is active in both', 'small'),
    text(right + 14, middle + 18, 'one document for every version of every driver', 'small'),
  ]
}

function others(y) {
  const answer = read('nras_token.json').length
  const height = high(answer)
  const right = LEFT + HALF + 20
  return [
    text(LEFT, y - 10, `Report of the CPU: ${count(REPORT_LEN)} bytes (SEV-SNP)`, 'bold'),
    bar(LEFT, y, REPORT_LEN, 'box'),
    bar(LEFT + px(REPORT_DATA_AT), y, REPORT_DATA_LEN, 'seal'),
    text(
      LEFT,
      y + BAR + 20,
      `${REPORT_DATA_LEN} bytes of it, REPORT_DATA, are a hash over your nonce,`,
      'small',
    ),
    text(LEFT, y + BAR + 36, 'the keys of the guest, and the reports of all its GPUs.', 'small'),
    text(LEFT, y + BAR + 52, 'Nothing else ties a GPU to a guest. Signed by the CPU.', 'small'),
    text(right, y - 10, `Verdict of NVIDIA’s service: ${count(answer)} bytes`, 'bold'),
    `<rect class="box dashed" x="${right}" y="${y}" width="${HALF}" height="${height}"/>`,
    text(right, y + BAR + 28, 'NRAS looks at the same report and certificates, and signs', 'small'),
    text(right, y + BAR + 44, 'what it thinks of them with a key that lasts two days.', 'small'),
  ]
}

const RIM_AT = 290
const LAST_AT = RIM_AT + high(read('vbios_rim.xml').length) + 46
const HEIGHT = LAST_AT + BAR + 70

const title = 'What is signed by whom in the evidence of one GPU'
const desc =
  'Bars and areas to scale. The report of a GPU, signed by the key of the first of five certificates; two reference manifests under another root; the report of the CPU, of which 64 bytes bind the reports of all GPUs; and the verdict of NVIDIA’s service, signed with a key of its own.'
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 ${HEIGHT}" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="14" fill="#1f2328">
<title id="title">${title}</title>
<desc id="desc">${desc}</desc>
<style>
  .box { fill: #eaeef2; stroke: #8c959f }
  .dashed { stroke-dasharray: 5 3; fill: #f6f8fa }
  .ask { fill: #54aeff; stroke: #0969da }
  .seal { fill: #bf8700; stroke: #7d4e00 }
  .good { fill: #dafbe1; stroke: #1a7f37 }
  .lead { stroke: #8c959f; fill: none }
  .line { stroke: #57606a; stroke-width: 1.5; fill: none; marker-end: url(#tip) }
  .small { font-size: 12.5px; fill: #57606a }
  .mono { font-family: ui-monospace, monospace; font-size: 11px; fill: #57606a }
  .bold { font-weight: 600 }
  .mid { text-anchor: middle }
  .end { text-anchor: end }
</style>
<defs><marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0 0 L9 4 L0 8 z" fill="#57606a"/></marker></defs>
<rect width="920" height="${HEIGHT}" fill="#ffffff"/>
${[...report(36), ...chain(152), ...rims(RIM_AT), ...others(LAST_AT)].join('\n')}
</svg>
`)
