// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { fromHex } from '../../src/encoding.js'
import { itaRequest, nrasRequest } from '../../src/verify/vouch-request.js'
import { throwsCode } from '../helpers.js'
import { manifest, skip, vectorBytes } from '../vectors.js'

const NONCE = new Uint8Array(32).fill(0xab)
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const GPU = { index: 0, evidence: bytes('report'), certChain: bytes('chain') }
const SENT = { evidence: 'cmVwb3J0', certificate: 'Y2hhaW4=' }

t.test('vouch-request: NVIDIA’s service', async (t) => {
  const two = [GPU, { ...GPU, index: 1 }]
  t.same(nrasRequest(two, NONCE, 'BLACKWELL'), {
    nonce: 'ab'.repeat(32),
    arch: 'BLACKWELL',
    claims_version: '3.0',
    evidence_list: [SENT, SENT],
  })
  t.same(nrasRequest([GPU], NONCE, 'LS10', '2.0'), {
    nonce: 'ab'.repeat(32),
    arch: 'LS10',
    evidence_list: [SENT],
  })
})

t.test('vouch-request: the request that NVIDIA’s service has answered', { skip }, async (t) => {
  const name = 'h200-570.172.08-nras'
  const read = (file: string) => new Uint8Array(vectorBytes('nvidia', name, file))
  const device = { index: 0, evidence: read('evidence.bin'), certChain: read('cert_chain.pem') }
  const { nonce } = manifest<{ nonce: string }>('nvidia', name)
  const request = nrasRequest([device], fromHex(nonce, 'nonce'), 'HOPPER', '2.0')
  const sent = JSON.parse(Buffer.from(read('nras_request.json')).toString())
  t.match(sent, request)
  t.same(Object.keys(sent).sort(), Object.keys(request).sort())
})

t.test('vouch-request: Intel’s service', async (t) => {
  const nvgpu = { gpu_nonce: 'ab'.repeat(32), arch: 'hopper', evidence_list: [SENT] }
  t.same(itaRequest([GPU], NONCE, 'HOPPER'), { token_signing_alg: 'PS384', nvgpu })
  const verifierNonce = { val: 'AA==', iat: 'AQ==', signature: 'Ag==' }
  const quote = bytes('quote')
  const composite = itaRequest([GPU], NONCE, 'HOPPER', {
    tdx: { quote, runtimeData: bytes('a'), userData: bytes('b') },
    verifierNonce,
    policyIds: ['p'],
    policiesMustMatch: true,
    algorithm: 'RS256',
  })
  t.same(composite, {
    policy_ids: ['p'],
    policy_must_match: true,
    token_signing_alg: 'RS256',
    tdx: {
      quote: 'cXVvdGU=',
      runtime_data: 'YQ==',
      user_data: 'Yg==',
      verifier_nonce: verifierNonce,
    },
    nvgpu: { ...nvgpu, verifier_nonce: verifierNonce },
  })
  const plain = itaRequest([GPU], NONCE, 'HOPPER', { tdx: { quote } })
  t.match(plain, { tdx: { quote: 'cXVvdGU=' } })
})

t.test('vouch-request: what cannot be asked', async (t) => {
  throwsCode(t, () => nrasRequest([GPU], NONCE.subarray(1), 'HOPPER'), 'ERR_ARGUMENT')
  throwsCode(t, () => itaRequest([GPU], new Uint8Array(64), 'HOPPER'), 'ERR_ARGUMENT')
  throwsCode(t, () => nrasRequest([], NONCE, 'HOPPER'), 'ERR_ARGUMENT')
  throwsCode(t, () => nrasRequest(Array(65).fill(GPU), NONCE, 'HOPPER'), 'ERR_ARGUMENT')
  const bare = { ...GPU, certChain: new Uint8Array(0) }
  throwsCode(t, () => nrasRequest([bare], NONCE, 'HOPPER'), 'ERR_ARGUMENT')
})
