// SPDX-License-Identifier: Apache-2.0
// The endorser and its store in a real browser: a page with a mirror on its own origin, fetching
// once and finding it again after a reload, when the mirror is gone.

import { existsSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { chromium } from 'playwright-core'
import t from 'tap'
import { AT } from '../fake/amd.js'
import { world } from '../verify/kds-world.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .concat(process.env.CHROMIUM ?? [])
  .findLast((candidate) => existsSync(candidate))

const bundle = readFileSync(path.resolve(import.meta.dirname, '../../build/assay.js'))

const PAGE = '<!doctype html><title>assay</title><script type="module" src="/page.js"></script>'
const SCRIPT = `
  import { amdKds, cacheStorageStore } from '/assay.js'
  const sleep = (ms, signal) => new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason) })
  })
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())
  const endorser = amdKds({
    fetch, sleep, now: () => ${AT.getTime()}, baseUrl: location.origin + '/mirror',
    store: cacheStorageStore(caches), roots: [await bytes('/ark')],
  })
  const chipId = new Uint8Array(64).fill(0xc1)
  const tcb = { fmc: null, bootLoader: 4, tee: 0, snp: 0x18, microcode: 0xdb }
  const attempt = async (work) => {
    try { return await work } catch (error) { return error.code }
  }
  const vcek = await attempt(endorser.vcek({ product: 'Milan', chipId, tcb }))
  const redirected = await attempt(endorser.crl('Genoa', 'vcek'))
  document.title = JSON.stringify({ vcek: [...vcek], redirected })`

t.test(
  'store: a browser keeps what it fetched',
  { skip: executablePath ? false : 'no Chromium here: install it or set CHROMIUM' },
  async (t) => {
    const { kds, amd } = await world()
    kds.fault = ({ path }) =>
      path.includes('Genoa') ? { status: 302, headers: { location: '/ark' } } : null
    const files: Record<string, readonly [type: string, body: string | Uint8Array]> = {
      '/': ['text/html', PAGE],
      '/page.js': ['text/javascript', SCRIPT],
      '/assay.js': ['text/javascript', bundle],
      '/ark': ['application/octet-stream', amd.ark],
    }
    const serve = (url: string, response: ServerResponse) => {
      const file = files[url]
      if (file) return response.writeHead(200, { 'content-type': file[0] }).end(file[1])
      if (!url.startsWith('/mirror')) return response.writeHead(404).end()
      const { status, headers, body = '' } = kds.plan(url.slice('/mirror'.length))
      return response.writeHead(status, headers).end(body)
    }
    const server = createServer((request, response) => serve(request.url as string, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const browser = await chromium.launch({
      executablePath: executablePath as string,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    })
    t.teardown(() => browser.close())
    const page = await browser.newPage()
    const visit = async () => {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      await page.waitForFunction(() => document.title.startsWith('{'))
      return JSON.parse(await page.title())
    }
    const expected = { vcek: [...amd.vek], redirected: 'ERR_ENDORSER_STATUS' }
    t.same(await visit(), expected)
    t.equal(kds.requests.length, 3)
    const genuine = kds.fault
    kds.fault = (asked) => genuine(asked) ?? { status: 410 }
    kds.requests.length = 0
    t.same(await visit(), expected, 'after a reload')
    t.same(kds.requests, ['/vcek/v1/Genoa/crl'], 'nothing of what is kept was asked for again')
  },
)
