// SPDX-License-Identifier: Apache-2.0
// The certificate table, which an untrusted host writes.

import fc from 'fast-check'
import t from 'tap'
import { Status } from '../../assembly/status.js'
import { core, put } from '../../src/core/core.js'
import { parseCertTable } from '../../src/index.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { changed, codeOf, hex, throwsCode } from '../helpers.js'
import { readCertTable } from '../oracle/cert-table.js'
import { manifest, skip, vectorBytes } from '../vectors.js'

const VCEK = Uint8Array.of(0x30, 1, 2, 3)
const ASK = Uint8Array.of(0x30, 4, 5)
const good = mintCertTable([
  [GUIDS.vcek, VCEK],
  [GUIDS.ask, ASK],
])

/** Bare status, for rules that share a code; the offset comes with it. */
function statusOf(table: Uint8Array): [Status, number] {
  const c = core()
  const status = c.x.checkCertTable(put(c, table))
  return [status, c.rows[0] as number]
}

/** A copy of `table` with a little-endian word written at `at`. */
const withWord = (table: Uint8Array, at: number, value: number): Uint8Array =>
  changed(table, (copy) => new DataView(copy.buffer).setUint32(at, value, true))

t.test('table: entries in their order, data as given', async (t) => {
  t.strictSame(parseCertTable(good), [
    { guid: GUIDS.vcek, kind: 'vcek', data: VCEK },
    { guid: GUIDS.ask, kind: 'ask', data: ASK },
  ])
})

t.test('table: every known GUID has its kind, any other none', async (t) => {
  for (const [kind, guid] of Object.entries(GUIDS)) {
    t.equal(parseCertTable(mintCertTable([[guid, VCEK]]))[0]?.kind, kind)
  }
  const extension = 'ecae0c0f-9502-43b1-afa2-0ae2e0d565b6'
  t.strictSame(parseCertTable(mintCertTable([[extension, VCEK]])), [
    { guid: extension, kind: null, data: VCEK },
  ])
})

t.test('table: a terminator alone is an empty table', async (t) => {
  t.strictSame(parseCertTable(new Uint8Array(24)), [])
  t.strictSame(parseCertTable(new Uint8Array(4096)), [])
})

t.test('table: every truncation is refused', async (t) => {
  for (let length = 0; length < good.length; length++) {
    const code = codeOf(() => parseCertTable(good.subarray(0, length)))
    if (code !== 'ERR_CERT_TABLE') t.fail(`length ${length}: ${code}`)
  }
  t.strictSame(statusOf(new Uint8Array(23)), [Status.CertTableUnterminated, 23])
  t.strictSame(statusOf(good.slice(0, good.length - 1)), [Status.CertTableBounds, 24 + 16])
})

t.test('table: zero fill after the data is legal', async (t) => {
  const padded = new Uint8Array(4096)
  padded.set(good)
  t.strictSame(parseCertTable(padded), parseCertTable(good))
})

t.test('table: the terminator is zero throughout', async (t) => {
  for (let at = 48 + 16; at < 72; at++) {
    const bad = changed(good, (copy) => {
      copy[at] = 1
    })
    t.strictSame(statusOf(bad), [Status.CertTableUnterminated, 48])
  }
  const endless = good.slice(0, 48)
  new DataView(endless.buffer).setUint32(16, 0, true)
  new DataView(endless.buffer).setUint32(40, 0, true)
  t.strictSame(statusOf(endless), [Status.CertTableUnterminated, 48])
})

t.test('table: data lies inside, also where 32 bits would wrap', async (t) => {
  const end = good.length
  const bad: [offset: number, length: number][] = [
    [0, end + 1],
    [1, end],
    [end, 1],
    [end + 1, 0],
    [0xffffffff, 0],
    [0xffffffff, 1],
    [0xffffffff, 2],
    [1, 0xffffffff],
    [0x80000000, 0x80000000],
    [0xfffffff0, 0x20],
  ]
  for (const [offset, length] of bad) {
    const table = withWord(withWord(good, 24 + 16, offset), 24 + 20, length)
    t.strictSame(statusOf(table), [Status.CertTableBounds, 24 + 16], `${offset}+${length}`)
    throwsCode(t, () => parseCertTable(table), 'ERR_CERT_TABLE')
  }
})

t.test('table: the whole table, nothing at its end, and overlaps are legal', async (t) => {
  for (const [offset, length] of [
    [0, good.length],
    [good.length, 0],
    [72, 4],
  ] as const) {
    const table = withWord(withWord(good, 24 + 16, offset), 24 + 20, length)
    t.strictSame(parseCertTable(table)[1]?.data, table.slice(offset, offset + length))
  }
})

t.test('table: at most 32 entries', async (t) => {
  const entries = (count: number) => Array.from({ length: count }, () => [GUIDS.crl, ASK] as const)
  t.equal(parseCertTable(mintCertTable(entries(32))).length, 32)
  t.strictSame(statusOf(mintCertTable(entries(33))), [Status.CertTableEntries, 32 * 24])
  throwsCode(t, () => parseCertTable(mintCertTable(entries(33))), 'ERR_CERT_TABLE')
})

t.test('table: as large as the core takes, and no larger', async (t) => {
  t.strictSame(parseCertTable(new Uint8Array(0x20000)), [])
  throwsCode(t, () => parseCertTable(new Uint8Array(0x20001)), 'ERR_EVIDENCE_SIZE')
})

t.test('table: data are copies', async (t) => {
  const given = good.slice()
  const [entry] = parseCertTable(given)
  given.fill(0xff)
  parseCertTable(new Uint8Array(4096))
  t.strictSame(entry?.data, VCEK)
  t.equal(entry?.data.buffer.byteLength, VCEK.length, 'in a buffer of their own')
})

t.test('table: the core and the oracle agree', async () => {
  const guid = fc.constantFrom(...Object.values(GUIDS))
  const data = fc.uint8Array({ maxLength: 40 })
  const tables = fc
    .array(fc.tuple(guid, data), { maxLength: 4 })
    .map((entries) => mintCertTable(entries))
  const pokes = fc.array(fc.tuple(fc.nat({ max: 130 }), fc.constantFrom(0, 1, 40, 96, 255)), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(tables, pokes, fc.nat({ max: 30 }), (table, changes, cut) => {
      const bytes = table.slice(0, table.length - (cut > 20 ? cut - 20 : 0))
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
      agree(bytes)
    }),
    { numRuns: 3000 },
  )
})

function agree(bytes: Uint8Array): void {
  const expected = codeOf(() => readCertTable(bytes))
  const got = codeOf(() => parseCertTable(bytes))
  if (got !== expected) throw new Error(`core ${got}, oracle ${expected}`)
  if (expected !== null) return
  const rows = (entries: readonly { guid: string; kind: string | null; data: Uint8Array }[]) =>
    entries.map(({ guid, kind, data }) => `${guid} ${kind} ${hex(data)}`).join()
  if (rows(parseCertTable(bytes)) !== rows(readCertTable(bytes))) throw new Error('entries differ')
}

interface Row {
  guid: string
  kind: string
  offset: number
  length: number
}

t.test('table: a recorded auxblob holds what its manifest says', { skip }, async (t) => {
  const name = 'genoa-v3-vcek-veraison-tsm-auxblob'
  const auxblob = vectorBytes('snp', name, 'auxblob.bin')
  const { certTable } = manifest<{ certTable: Row[] }>('snp', name)
  const expected = certTable.map(({ guid, kind, offset, length }) => ({
    guid,
    kind: kind.toLowerCase(),
    data: auxblob.slice(offset, offset + length),
  }))
  t.equal(expected.length, 3)
  t.strictSame(parseCertTable(auxblob), expected)
  t.strictSame(parseCertTable(Buffer.from(auxblob)), expected)
})
