// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { checkDeviceClaims } from '../../src/verify/nras-claims.js'
import { deviceClaims, refusedClaims } from '../fake/nras.js'
import { codeOf, throwsCode } from '../helpers.js'

const NONCE = new Uint8Array(32)
const WORLDS = (['2.0', '3.0'] as const).flatMap((version) =>
  (['gpu', 'switch'] as const).map((kind) => ({ version, kind })),
)
/** Of the token, not of the device. */
const REGISTERED = ['iss', 'iat', 'nbf', 'exp', 'jti', 'eat_nonce']
/** Said, but not asked for. */
const FREE = ['oemid', 'x-nvidia-attestation-warning']

t.test('nras-claims: every claim has to be there and to be good', async (t) => {
  for (const { version, kind } of WORLDS) {
    const good = deviceClaims('17', NONCE, version, kind)
    const check = (claims: Record<string, unknown>) =>
      codeOf(() => checkDeviceClaims(claims, kind, version))
    t.equal(check(good), null)
    const names = Object.keys(good).filter((name) => ![...REGISTERED, ...FREE].includes(name))
    const missing = names.filter(
      (name) => check({ ...good, [name]: undefined }) !== 'ERR_TOKEN_CLAIM',
    )
    t.same(missing, [], `${version} ${kind}: missing`)
    for (const bad of [false, null, 1, 'true', {}, [true], '']) {
      const passed = names.filter((name) => {
        const text = /version$|hwmodel|ueid/.test(name) && bad === 'true'
        return !text && check({ ...good, [name]: bad }) !== 'ERR_TOKEN_CLAIM'
      })
      t.same(passed, [], `${version} ${kind}: ${JSON.stringify(bad)}`)
    }
    for (const name of FREE) t.equal(check({ ...good, [name]: undefined }), null, name)
  }
})

t.test('nras-claims: chains of certificates in claims 3.0', async (t) => {
  const good = deviceClaims('17', NONCE, '3.0')
  const chains = Object.keys(good).filter((name) => name.endsWith('-cert-chain'))
  t.equal(chains.length, 3)
  for (const name of chains) {
    for (const bad of [
      { 'x-nvidia-cert-status': 'expired' },
      { 'x-nvidia-cert-status': undefined },
      { 'x-nvidia-cert-ocsp-status': 'revoked' },
      { 'x-nvidia-cert-ocsp-status': 'unknown' },
      { 'x-nvidia-cert-ocsp-status': null },
    ]) {
      const claims = { ...good, [name]: { ...(good[name] as object), ...bad } }
      const message = throwsCode(
        t,
        () => checkDeviceClaims(claims, 'gpu', '3.0'),
        'ERR_TOKEN_CLAIM',
      )
      t.match(message, `${name}: `)
    }
  }
})

t.test('nras-claims: what a device is called', async (t) => {
  const good = deviceClaims('17', NONCE, '2.0')
  const check = (more: object) => checkDeviceClaims({ ...good, ...more }, 'gpu', '2.0')
  const serial = String(2n ** 159n + 1n)
  t.equal(check({ ueid: serial }).ueid, serial)
  for (const ueid of ['017', '-1', '0x11', '1e3', ' 17', '17\n', '', 17, '1'.repeat(50), '0']) {
    throwsCode(t, () => check({ ueid }), 'ERR_TOKEN_CLAIM', JSON.stringify(ueid))
  }
  for (const hwmodel of ['', 'GH100\n', 'G\u202eH', 'x'.repeat(257)]) {
    throwsCode(t, () => check({ hwmodel }), 'ERR_TOKEN_CLAIM', JSON.stringify(hwmodel))
  }
})

t.test('nras-claims: warnings', async (t) => {
  const good = deviceClaims('17', NONCE, '2.0')
  const warning = (said: unknown) =>
    checkDeviceClaims({ ...good, 'x-nvidia-attestation-warning': said }, 'gpu', '2.0').warning
  t.equal(warning(null), null)
  t.equal(warning(undefined), null)
  t.equal(warning('old\u001b[31m driver'), 'old [31m driver')
  t.equal(warning(['a', 'b']), '["a","b"]')
  t.equal(warning('x'.repeat(1000))?.length, 256)
})

t.test('nras-claims: refusals', async (t) => {
  const refused = (code: unknown, message: unknown) => {
    const claims = refusedClaims(code as number, message as string)
    return throwsCode(t, () => checkDeviceClaims(claims, 'gpu', '2.0'), 'ERR_TOKEN_RESULT')
  }
  t.match(refused(4010, 'NONCE_NOT_MATCHING'), 'error 4010, "NONCE_NOT_MATCHING"')
  t.match(refused({}, ['\u001b']), 'error a object, a list')
  t.match(refused(undefined, 'x\n'), 'error missing, a string')
  const details = { 'x-nvidia-error-details': 'no' }
  throwsCode(t, () => checkDeviceClaims(details, 'gpu', '2.0'), 'ERR_TOKEN_RESULT')
  const good = { ...deviceClaims('17', NONCE, '2.0'), 'x-nvidia-error-details': null }
  t.equal(checkDeviceClaims(good, 'gpu', '2.0').ueid, '17')
})
