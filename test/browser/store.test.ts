// SPDX-License-Identifier: Apache-2.0
// The endorser and its store in a real browser: a page with a mirror on its own origin, fetching
// once and finding it again after a reload, when the mirror is gone.

import t from 'tap'
import { AT } from '../fake/amd.js'
import { world } from '../verify/kds-world.js'
import { open, skip } from './page.js'

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

t.test('store: a browser keeps what it fetched', { skip }, async (t) => {
  const { kds, amd } = await world()
  kds.fault = ({ path }) =>
    path.includes('Genoa') ? { status: 302, headers: { location: '/ark' } } : null
  const visit = await open(t, SCRIPT, {
    files: { '/ark': ['application/octet-stream', amd.ark] },
    other: (url, response) => {
      if (!url.startsWith('/mirror')) return response.writeHead(404).end()
      const { status, headers, body = '' } = kds.plan(url.slice('/mirror'.length))
      return response.writeHead(status, headers).end(body)
    },
  })
  const expected = { vcek: [...amd.vek], redirected: 'ERR_ENDORSER_STATUS' }
  t.same((await visit()).title, expected)
  t.equal(kds.requests.length, 3)
  const genuine = kds.fault
  kds.fault = (asked) => genuine(asked) ?? { status: 410 }
  kds.requests.length = 0
  t.same((await visit()).title, expected, 'after a reload')
  t.same(kds.requests, ['/vcek/v1/Genoa/crl'], 'nothing of what is kept was asked for again')
})
