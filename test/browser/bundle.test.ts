// SPDX-License-Identifier: Apache-2.0
// The single-file build in a real browser, on a page whose policy allows WebAssembly and nothing else.

import { existsSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { chromium } from 'playwright-core'
import t from 'tap'
import { V1_LEAST } from '../evidence/documents.js'
import { mintReport } from '../fake/snp.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .concat(process.env.CHROMIUM ?? [])
  .findLast((candidate) => existsSync(candidate))

const report = mintReport({ version: 3, product: 'Genoa' })
const bundle = readFileSync(path.resolve(import.meta.dirname, '../../build/assay.js'))

const PAGE = '<!doctype html><title>assay</title><script type="module" src="/page.js"></script>'
const SCRIPT = `
  import {
    AttestationError, fetchEvidence, fetchTransport, parseSnpReport, signEar,
  } from '/assay.js'
  const bytes = new Uint8Array(await (await fetch('/report.bin')).arrayBuffer())
  const version = parseSnpReport(bytes).version
  let refused
  try { parseSnpReport(bytes.subarray(1)) } catch (e) { refused = e instanceof AttestationError && e.code }
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const [header] = (await signEar({ exp: 1 }, privateKey)).split('.')
  const transport = fetchTransport(fetch)
  const nonce = crypto.getRandomValues(new Uint8Array(32))
  const { evidence } = await fetchEvidence({ url: location.origin, transport, nonce })
  document.title = JSON.stringify({ version, refused, signed: atob(header), mode: evidence.mode })`

const FILES: Record<string, readonly [type: string, body: string | Uint8Array]> = {
  '/': ['text/html', PAGE],
  '/page.js': ['text/javascript', SCRIPT],
  '/assay.js': ['text/javascript', bundle],
  '/report.bin': ['application/octet-stream', report],
  '/v1/evidence': ['application/json', JSON.stringify(V1_LEAST)],
}

function serve(url: string | undefined, response: ServerResponse): void {
  const file = FILES[url ?? '']
  if (!file) {
    response.writeHead(404).end()
    return
  }
  response
    .writeHead(200, {
      'content-type': file[0],
      'content-security-policy':
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
    })
    .end(file[1])
}

t.test(
  'bundle: parses a report under a strict content security policy',
  { skip: executablePath ? false : 'no Chromium here: install it or set CHROMIUM' },
  async (t) => {
    const server = createServer((request, response) => serve(request.url, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const browser = await chromium.launch({
      executablePath: executablePath as string,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    })
    t.teardown(() => browser.close())
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => problems.push(message.text()))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction(() => document.title.startsWith('{')).catch(() => {})
    t.same(
      problems.filter((problem) => !problem.includes('favicon')),
      [],
    )
    t.same(JSON.parse(await page.title()), {
      version: 3,
      refused: 'ERR_SNP_LENGTH',
      mode: 'bound',
      signed: '{"alg":"ES256","typ":"eat+jwt"}',
    })
  },
)
