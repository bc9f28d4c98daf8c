// SPDX-License-Identifier: Apache-2.0
// The single-file build in a real browser.

import t from 'tap'
import { expectationsDigest, expectationsPath, leasePath } from '../../src/discovery/index.js'
import { V1_LEAST } from '../evidence/documents.js'
import { expectationsBytes, leaseHints } from '../fake/akash.js'
import { mintReport } from '../fake/snp.js'
import { open, skip } from './page.js'

const LEASE = leaseHints()

const SCRIPT = `
  import {
    AttestationError, fetchEvidence, fetchExpectations, fetchTransport, leaseEndpoints, parseSnpReport,
    resolveLease, signEar, withExpectations,
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
  const directories = [location.origin + '/liar', location.origin]
  const resolved = await resolveLease(LEASE, { directories, fetch })
  const [{ url }] = leaseEndpoints(resolved)
  const { expectations } = await fetchExpectations('DIGEST', { directories, fetch })
  const { name } = withExpectations('authenticity', expectations)
  document.title = JSON.stringify({
    version, refused, signed: atob(header), mode: evidence.mode, url, name,
  })`

t.test('bundle: works under a strict content security policy', { skip }, async (t) => {
  const report = mintReport({ version: 3, product: 'Genoa' })
  const bytes = expectationsBytes()
  const digest = expectationsDigest(bytes)
  const script = SCRIPT.replace('LEASE', JSON.stringify(LEASE.lease)).replace('DIGEST', digest)
  const visit = await open(t, script, {
    files: {
      '/report.bin': ['application/octet-stream', report],
      '/v1/evidence': ['application/json', JSON.stringify(V1_LEAST)],
      [leasePath(LEASE.lease)]: ['application/json', JSON.stringify(LEASE)],
      [expectationsPath(digest)]: ['application/json', bytes],
      [`/liar${leasePath(LEASE.lease)}`]: ['text/html', '<h1>Sign in</h1>'],
      [`/liar${expectationsPath(digest)}`]: ['application/json', '{}'],
    },
  })
  t.same(await visit(), {
    problems: [],
    title: {
      version: 3,
      refused: 'ERR_SNP_LENGTH',
      mode: 'bound',
      url: LEASE.endpoints[0]?.url,
      name: 'authenticity, as web 1.0',
      signed: '{"alg":"ES256","typ":"eat+jwt"}',
    },
  })
})
