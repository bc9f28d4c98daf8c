// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import { parseGpuReport } from '../../src/core/nvidia.js'
import { parseSnpReport } from '../../src/core/snp.js'
import { fetched, fresh, put, verify } from './desk.js'
import { assay, type Ran } from './terminal.js'

/** The machine that is simulated is made by the clock of this one. */
const NOW = { now: () => new Date() }

async function metricsOf(base: string): Promise<string> {
  const url = new URL(`${base}/metrics`)
  const { signal } = new AbortController()
  const { body } = await nodeTransport()({ method: 'GET', url, headers: {}, body: null, signal })
  return text(Readable.from(body))
}

/** `assay simulate` until `use` is through with its URL. */
async function simulate(
  argv: readonly string[],
  use: (url: string) => Promise<void>,
): Promise<Ran> {
  const stop = new AbortController()
  let ended: Promise<Ran> | undefined
  const url = await new Promise<string>((onOut, reject) => {
    const flags = ['simulate', '--listen', '127.0.0.1:0', ...argv]
    ended = assay(flags, { stop: stop.signal, onOut })
    ended.then(({ err }) => reject(new Error(err)), reject)
  })
  try {
    await use(url.trim())
  } finally {
    stop.abort()
  }
  return ended as Promise<Ran>
}

t.test('simulate: evidence that verifies with the roots it wrote, and not without', async (t) => {
  const dir = path.join(t.testdir(), 'roots')
  const { code, out, err } = await simulate(['--roots-out', dir], async (url) => {
    t.match(url, /^https:\/\/127\.0\.0\.1:[1-9]\d+$/)
    t.same(readdirSync(dir).sort(), ['ark.pem', 'crl.der'])
    const policy = ['--policy', 'authenticity', '--endorsement', path.join(dir, 'crl.der')]
    const trusting = await verify([url, ...policy, '--roots', path.join(dir, 'ark.pem')], NOW)
    t.equal(trusting.result.result, 'verified')
    t.ok(trusting.passed.includes('snp.revocation'))
    const strange = await verify([url, ...policy], NOW)
    t.equal(strange.result.result, 'rejected')
    t.match(strange.codes, ['ERR_CERTIFICATE_ROOT'])
  })
  t.equal(code, 0)
  t.match(out, /^https:[^\n]+\n$/, 'the URL alone')
  t.match(err, /^assay: SIMULATED: .*\nassay: SIMULATED: .*\n$/)
})

t.test('simulate: product, GPUs, latencies and raw mode as asked', async (t) => {
  const dir = t.testdir()
  const flags = ['--product', 'Turin', '--gpus', '2', '--raw-quotes', 'deny', '--roots-out', dir]
  const slow = ['--report-latency', '20', '--gpu-latency', '50']
  await simulate([...flags, ...slow], async (url) => {
    t.same(readdirSync(dir).sort(), ['ark.pem', 'crl.der', 'nvidia-root.pem'])
    const root = (name: string) => new X509Certificate(readFileSync(path.join(dir, name)))
    t.match(root('ark.pem').subject, 'CN=ARK-Turin')
    t.match(root('nvidia-root.pem').subject, 'CN=NVIDIA Device Identity CA')
    const { evidence } = await fetched(url)
    t.equal(parseSnpReport(evidence.report).vmpl, 1)
    t.same(
      evidence.gpus.map((gpu) => parseGpuReport(gpu.evidence).opaqueData.chipInfo),
      ['GB100', 'GB100'],
    )
    // The sidecar's own counts: no report was quicker than that, and no GPU.
    const metrics = await metricsOf(url)
    for (const [device, seconds] of [
      ['cpu', 0.01],
      ['gpu', 0.03],
    ] as const) {
      t.match(metrics, new RegExp(`_bucket\\{le="${seconds}",device="${device}"\\} 0\\n`), device)
      t.match(metrics, new RegExp(`_count\\{device="${device}"\\} 1\\n`))
    }
    await t.rejects(fetched(url, { aep83: true, bind: [] }), { message: /ERR_RAW_DENIED/ })
  })
})

t.test('simulate: nothing is overwritten, and nothing starts before that is known', async (t) => {
  for (const name of ['ark.pem', 'crl.der']) {
    const dir = t.testdir({ [name]: 'mine' })
    const { code, out, err } = await assay(['simulate', '--roots-out', dir])
    t.equal(code, 30)
    t.equal(out, '')
    t.match(err, /^assay: ERR_FILE: cannot write [^\n]+ not overwritten\n$/)
    t.same(readdirSync(dir), [name])
  }
})

t.test('simulate: an address that is taken', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const dir = t.testdir()
  const argv = ['simulate', '--listen', `127.0.0.1:${port}`, '--roots-out', dir]
  const { code, out, err } = await assay(argv)
  t.equal(code, 30)
  t.equal(out, '')
  t.match(err, /^assay: ERR_ARGUMENT: /)
  t.same(readdirSync(dir), [], 'and no roots of it')
})

t.test('simulate: flags that say nothing possible', async (t) => {
  const wrong = [
    ['--listen', '8790'],
    ['--product', 'Rome'],
    ['--gpus', '65'],
    ['--gpus', '-1'],
    ['--report-latency', '1e3'],
    ['--gpu-latency', ''],
    ['--raw-quotes', 'maybe'],
    ['--roots-out', put('a file')],
  ]
  for (const argv of wrong) {
    const { code, out, err } = await assay(['simulate', ...argv])
    t.equal(code, 30, argv.join(' '))
    t.equal(out, '')
    t.match(err, /^assay: ERR_(ARGUMENT|FILE): /)
  }
  const twice = await assay(['simulate', '--gpus', '1', '--gpus', '2'])
  t.match(twice.err, /^assay: ERR_USAGE: --gpus is given twice/)
})

t.test('simulate: told to end at once, it ends', async (t) => {
  const { code, out } = await assay([
    'simulate',
    '--listen',
    '[::1]:0',
    '--roots-out',
    fresh('dir'),
  ])
  t.equal(code, 0)
  t.match(out, /^https:\/\/\[::1\]:\d+\n$/)
})
