// SPDX-License-Identifier: Apache-2.0
// A tenant's page: a bundle, a policy document and a mirror on the page's own origin → a verdict.

import t from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import { fetchEvidence } from '../../src/client/index.js'
import { parseSnpReport } from '../../src/core/snp.js'
import { encodeBundle } from '../../src/evidence.js'
import { initPolicy } from '../../src/verify/index.js'
import { AT } from '../fake/amd.js'
import { pattern } from '../fake/nvidia.js'
import { assaySidecar } from '../fake/sidecar.js'
import { world } from '../verify/kds-world.js'
import { open, skip } from './page.js'

const SCRIPT = `
  import { amdKds, appraise, memoryStore, parseEvidenceFile, parsePolicy } from '/assay.js'
  const text = async (path) => (await fetch(path)).text()
  const { evidence, nonce, channelSpki } = parseEvidenceFile(await text('/bundle.json'))
  const policy = parsePolicy(await text('/policy.jsonc'))
  const roots = [new Uint8Array(await (await fetch('/ark')).arrayBuffer())]
  const at = new Date(${AT.getTime()})
  const endorser = amdKds({
    fetch, roots, store: memoryStore(), baseUrl: location.origin + '/mirror',
    now: () => at.getTime(), sleep: () => new Promise(() => {}),
  })
  const challenge = { nonce, channelSpki }
  const call = { evidence, challenge, endorsements: [], endorser, roots, at, policy }
  const { result, findings } = await appraise(call)
  const other = { nonce: nonce.map((byte) => byte ^ 1), channelSpki }
  const replayed = await appraise({ ...call, challenge: other })
  const failed = (list) => list.filter(({ outcome }) => outcome !== 'pass').map(({ code }) => code)
  document.title = JSON.stringify({
    result, failed: failed(findings), replayed: failed(replayed.findings),
  })`

t.test(
  'appraise: in a browser, with the certificate and the CRL of a mirror',
  { skip },
  async (t) => {
    const { url, guest, close } = await assaySidecar()
    t.teardown(close)
    const nonce = pattern(32, 3)
    const transport = nodeTransport()
    const fetched = await fetchEvidence({
      url,
      transport,
      nonce,
      bind: ['tls'],
      endorsements: false,
    })
    const report = parseSnpReport(fetched.evidence.report)
    const policy = initPolicy({
      name: 'of the page',
      report,
      product: 'Milan',
      kind: 'vcek',
      cspId: null,
      mode: 'bound',
      binds: { tlsKey: true, hpkeKey: false, userData: false },
      verdict: 'verified',
    })
    const { kds } = await world()
    const visit = await open(t, SCRIPT, {
      files: {
        '/bundle.json': ['application/json', encodeBundle({ ...fetched, nonce, endorsements: [] })],
        '/policy.jsonc': ['application/json', policy],
        '/ark': ['application/octet-stream', guest.amd.ark],
      },
      other: (path, response) => {
        const { status, headers, body = '' } = kds.plan(path.slice('/mirror'.length))
        return response.writeHead(status, headers).end(body)
      },
    })
    t.same(await visit(), {
      problems: [],
      title: {
        result: 'verified',
        failed: [],
        replayed: ['ERR_BINDING_REPORT_DATA', 'ERR_BINDING_REPORT_DATA'],
      },
    })
  },
)
