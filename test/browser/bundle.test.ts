// SPDX-License-Identifier: Apache-2.0
// The single-file build in a real browser.

import t from 'tap'
import { V1_LEAST } from '../evidence/documents.js'
import { mintReport } from '../fake/snp.js'
import { open, skip } from './page.js'

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

t.test('bundle: works under a strict content security policy', { skip }, async (t) => {
  const report = mintReport({ version: 3, product: 'Genoa' })
  const visit = await open(t, SCRIPT, {
    files: {
      '/report.bin': ['application/octet-stream', report],
      '/v1/evidence': ['application/json', JSON.stringify(V1_LEAST)],
    },
  })
  t.same(await visit(), {
    problems: [],
    title: {
      version: 3,
      refused: 'ERR_SNP_LENGTH',
      mode: 'bound',
      signed: '{"alg":"ES256","typ":"eat+jwt"}',
    },
  })
})
