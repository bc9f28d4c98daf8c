// SPDX-License-Identifier: Apache-2.0
// The real call, with structures and numbers checked by C that was written from the kernel's header.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import t from 'tap'
import { parseSnpReport } from '../../src/index.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { pattern } from '../fake/nvidia.js'
import { mintReport } from '../fake/snp.js'
import { build, skip } from './native/build.js'

const TABLE = mintCertTable([[GUIDS.vcek, pattern(1300, 1)]])
/** What the driver saw, and what came of it. */
type Line = string | { [name: string]: string }

/** Asks in a process in which the driver stands before the C library, one surface for each argument. */
async function ask(...surfaces: readonly string[]): Promise<Line[]> {
  const dir = mkdtempSync(path.join(tmpdir(), 'assay-ask-'))
  const file = (name: string, content: Uint8Array): string => {
    writeFileSync(path.join(dir, name), content)
    return path.join(dir, name)
  }
  const env = {
    ...process.env,
    LD_PRELOAD: build('sev-guest'),
    ASSAY_REPORT: file('report', mintReport({ version: 3 })),
    ASSAY_CERTS: file('certs', TABLE),
  }
  const argv = [
    '--expose-gc',
    ...process.execArgv,
    path.join(import.meta.dirname, 'native/ask.ts'),
    ...surfaces,
  ]
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
  const exited = once(child, 'exit')
  const lines: Line[] = []
  for await (const line of createInterface(child.stdout as NonNullable<typeof child.stdout>)) {
    if (line.startsWith('{"waiting"')) (child.stdio[3] as Writable).write('x')
    lines.push(line.startsWith('{') ? JSON.parse(line) : line)
  }
  if ((await exited)[0] !== 0) throw new Error('the asking process failed')
  return lines
}

const report = (line: Line | undefined) =>
  parseSnpReport(Buffer.from((line as { report: string }).report, 'base64'))

t.test('sev-guest by ioctl', { skip }, async (t) => {
  // A process takes seconds to start where many tests run: one for all of them.
  const lines = await ask('A0,B3', 'L1,A1', 'G2', 'S0,E0,N0,A0')
  const next = (count: number): Line[] => lines.splice(0, count)

  t.test('a report and the certificates', async (t) => {
    const [seen, first, again, second] = next(4)
    t.equal(seen, 'SNP_GET_EXT_REPORT')
    t.equal(again, 'SNP_GET_EXT_REPORT')
    t.equal(report(first).reportData.join(), new Uint8Array(64).fill(65).join())
    t.equal(report(first).vmpl, 0)
    t.equal(report(second).reportData.join(), new Uint8Array(64).fill(66).join())
    t.equal(report(second).vmpl, 3)
    t.match(first, { auxblob: Buffer.from(TABLE).toString('base64') })
  })

  t.test('more certificates than the driver takes', async (t) => {
    const [first, second, answer, third, last] = next(5)
    t.same([first, second, third], ['SNP_GET_EXT_REPORT', 'SNP_GET_REPORT', 'SNP_GET_REPORT'])
    t.equal(report(answer).vmpl, 1)
    t.match(answer, { auxblob: '' })
    t.equal(report(last).reportData.join(), new Uint8Array(64).fill(65).join())
  })

  t.test('the event loop goes on, and memory stays', async (t) => {
    const [, waiting, answer] = next(3)
    t.match(waiting, { waiting: 256 })
    t.equal(report(answer).reportData.join(), new Uint8Array(64).fill(71).join())
  })

  t.test('errors by number, and no more calls without a key', async (t) => {
    t.match(next(7), [
      'SNP_GET_EXT_REPORT',
      { code: 'ERR_DEVICE_IO', message: /STATUS 0x16/ },
      'SNP_GET_EXT_REPORT',
      { code: 'ERR_DEVICE_IO', cause: /fw_error 0xff, vmm_error 0x7/ },
      'SNP_GET_EXT_REPORT',
      { code: 'ERR_DEVICE_LOST' },
      { code: 'ERR_DEVICE_LOST' },
    ])
    t.same(lines, [])
  })
})
