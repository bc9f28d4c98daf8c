// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { leaseEndpoints } from '../../src/client/index.js'
import { endpointHint, leaseHints } from '../fake/akash.js'
import { throwsCode } from '../helpers.js'

const WEB_0 = endpointHint()
const WEB_0_GATEWAY = endpointHint({ kind: 'gateway', url: 'https://provider.example/quote' })
const WEB_1_GATEWAY = endpointHint({ replica: 'web-1', kind: 'gateway' })
const API = endpointHint({ service: 'api', replica: 'api-0' })
const resolved = { hints: leaseHints({ endpoints: [API, WEB_0, WEB_0_GATEWAY, WEB_1_GATEWAY] }) }

t.test('endpoints: of one service, of each replica the nearest', async (t) => {
  t.strictSame(leaseEndpoints(resolved, { service: 'web' }), [WEB_0, WEB_1_GATEWAY])
  t.strictSame(leaseEndpoints(resolved, { service: 'web', replica: 'web-1' }), [WEB_1_GATEWAY])
  t.strictSame(leaseEndpoints(resolved, { replica: 'api-0' }), [API], 'of the only one left')
  t.strictSame(leaseEndpoints({ hints: leaseHints() }), [WEB_0])
})

t.test('endpoints: which service is for the caller to say', async (t) => {
  const sentence = throwsCode(t, () => leaseEndpoints(resolved), 'ERR_ARGUMENT')
  t.match(sentence, 'one of api, web expected')
})

t.test('endpoints: of none there is', async (t) => {
  for (const choice of [{ service: 'db' }, { service: 'web', replica: 'api-0' }]) {
    throwsCode(t, () => leaseEndpoints(resolved, choice), 'ERR_DIRECTORY_SERVICE')
  }
})

t.test('endpoints: on hosts of the caller only when they are meant', async (t) => {
  for (const host of ['127.0.0.1', '169.254.169.254', 'kubernetes.default.svc', '[fd00::1]']) {
    const endpoints = [WEB_0, endpointHint({ replica: 'web-1', url: `https://${host}:8790/` })]
    const inside = { hints: leaseHints({ endpoints }) }
    const sentence = throwsCode(t, () => leaseEndpoints(inside), 'ERR_ENDPOINT_ADDRESS')
    t.match(sentence, host)
    t.strictSame(leaseEndpoints(inside, { allowPrivate: true }), endpoints)
    t.strictSame(leaseEndpoints(inside, { replica: 'web-0' }), [WEB_0], 'it is not asked')
  }
})

t.test('endpoints: options that nobody reads', async (t) => {
  const wrong = [{ services: 'web' }, { allowPrivate: 'no' }] as unknown as { service: string }[]
  for (const choice of wrong) throwsCode(t, () => leaseEndpoints(resolved, choice), 'ERR_ARGUMENT')
})
