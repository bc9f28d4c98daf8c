// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { startRelay } from '../../src/cli/demo-attacks.js'
import { nodeTransport } from '../../src/cli/transport.js'
import { fetchEvidence } from '../../src/client/index.js'
import { pattern } from '../fake/nvidia.js'
import { aep83Sidecar } from '../fake/sidecar.js'
import { rejectsCode } from '../helpers.js'

t.test('relay: binds its own key to a genuine report of the nonce', async (t) => {
  const target = await aep83Sidecar({ gpus: 1 })
  const relay = await startRelay(target.url, new Date())
  t.teardown(() => Promise.all([relay.close(), target.close()]))
  const nonce = pattern(32, 1)
  const transport = nodeTransport()
  const fetched = await fetchEvidence({ url: relay.url, transport, nonce, bind: ['tls'] })
  t.same(fetched.evidence.claims.tlsSpki, fetched.channelSpki)
  t.notSame(fetched.channelSpki, target.identity.spki)
  t.equal(fetched.evidence.gpus.length, 1)
})

t.test('relay: has nothing to say without somebody to relay', async (t) => {
  const target = await aep83Sidecar()
  const relay = await startRelay(target.url, new Date())
  t.teardown(relay.close)
  await target.close()
  const transport = nodeTransport()
  const asked = fetchEvidence({ url: relay.url, transport, nonce: pattern(32, 1) })
  await rejectsCode(t, asked, 'ERR_ATTESTER_STATUS')
})
