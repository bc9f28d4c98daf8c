// SPDX-License-Identifier: Apache-2.0
// A page with the single-file build in a real browser, under a content security policy that allows
// WebAssembly and nothing else.

import { existsSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { chromium } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .concat(process.env.CHROMIUM ?? [])
  .findLast((candidate) => existsSync(candidate))

/** Why a test in the browser cannot run here; false when it can. */
export const skip = executablePath ? false : 'no Chromium here: install it or set CHROMIUM'

type File = readonly [type: string, body: string | Uint8Array]

const OWN: Readonly<Record<string, File>> = {
  '/': [
    'text/html',
    '<!doctype html><title>assay</title><script type="module" src="/page.js"></script>',
  ],
  '/assay.js': [
    'text/javascript',
    readFileSync(path.resolve(import.meta.dirname, '../../build/assay.js')),
  ],
}
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

/** Paths → files; whatever else is asked for is answered by `other`. */
export interface Site {
  readonly files: Readonly<Record<string, File>>
  readonly other?: (url: string, response: ServerResponse) => unknown
}

/**
 * Opens a page that runs `script`, which ends by writing JSON into the title.
 *
 * @returns visits the page, again and again in one browser: what the title held, and every complaint
 */
export async function open(
  t: Test,
  script: string,
  { files, other }: Site,
): Promise<() => Promise<{ title: unknown; problems: string[] }>> {
  const all: Site['files'] = { ...OWN, '/page.js': ['text/javascript', script], ...files }
  const server = createServer(({ url = '' }, response) => {
    const file = all[url]
    if (file) {
      const headers = { 'content-type': file[0], 'content-security-policy': POLICY }
      response.writeHead(200, headers).end(file[1])
    } else if (other) other(url, response)
    else response.writeHead(404).end()
  })
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
  return async () => {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction(() => document.title.startsWith('{')).catch(() => {})
    const title = await page.title()
    return {
      title: title.startsWith('{') ? JSON.parse(title) : title,
      problems: problems.filter((problem) => !problem.includes('favicon')),
    }
  }
}
