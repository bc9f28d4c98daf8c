// SPDX-License-Identifier: Apache-2.0
// What is started ahead is what is asked for later, and nobody can make it a lot.

import t, { type Test } from 'tap'
import { anticipate } from '../../src/verify/anticipate.js'
import { type Crl, parseCrl } from '../../src/verify/crl.js'
import { PINNED } from '../../src/verify/roots.js'
import { isSignedBy } from '../../src/verify/signature.js'
import { readVek, type Vek } from '../../src/verify/vek.js'
import { type Certificate, type Identity, parseCertificate } from '../../src/verify/x509.js'
import { mintAmd } from '../fake/amd.js'
import { appraise, complaints } from './appraise.js'

/** Verifications of certificates and CRLs since the last call, until the test ends. */
function counting(t: Test): () => number {
  const { verify } = crypto.subtle
  const calls = t.capture(crypto.subtle, 'verify', (...args: Parameters<typeof verify>) =>
    verify.apply(crypto.subtle, args),
  )
  return () =>
    calls().filter(({ args: [algorithm] }) => (algorithm as Algorithm).name === 'RSA-PSS').length
}

/** Everything that an appraisal may ask for, whether or not it was started before. */
function askAll(signed: readonly (Certificate | Crl)[], issuers: readonly Identity[]) {
  const asked = signed.flatMap((one) =>
    issuers
      .filter(({ subject }) => subject === one.issuer)
      .map((issuer) => isSignedBy(one, issuer)),
  )
  return Promise.all(asked)
}

async function presented() {
  const amd = await mintAmd()
  const [vek, authority, ark] = amd.chain.map(parseCertificate)
  if (!vek || !authority || !ark) throw new Error('minted')
  return { vek: readVek(vek) as Vek, authority, ark, crl: parseCrl(await amd.crl()) }
}

t.test('anticipate: every signature on the way is under way', async (t) => {
  const { vek, authority, ark, crl } = await presented()
  const started = counting(t)
  anticipate({ veks: [vek], others: [authority, ark], crls: [crl] })
  const way = [
    await askAll([vek.certificate, authority], [...PINNED, authority, ark]),
    await askAll([ark, crl], [ark]),
  ]
  t.same(way, [
    [false, true, false, true],
    [true, true],
  ])
  t.equal(started(), 6, 'asked once each')
  anticipate({ veks: [vek], others: [authority, ark], crls: [crl] })
  await askAll([ark, crl], [ark])
  t.equal(started(), 0, 'and never again')
})

t.test('anticipate: a CRL alone is asked of AMD’s root', async (t) => {
  const { crl } = await presented()
  const started = counting(t)
  anticipate({ veks: [], others: [], crls: [crl] })
  t.same(await askAll([crl], PINNED), [false])
  t.equal(started(), 1)
})

t.test('anticipate: nothing for who presents a lot', async (t) => {
  const { vek, authority } = await presented()
  const started = counting(t)
  const others = Array.from({ length: 8 }, () => authority)
  anticipate({ veks: [vek], others, crls: [] })
  t.equal(started(), 0)
  await askAll([vek.certificate], [authority])
  t.equal(started(), 1, 'only what is asked for')
})

t.test('anticipate: what fails ahead fails for who asks', async (t) => {
  const amd = await mintAmd()
  const report = await amd.report()
  const { restore } = t.intercept(crypto.subtle, 'importKey', {
    value: () => Promise.reject(new TypeError('out of memory')),
  })
  await t.rejects(appraise(amd, { report }), TypeError)
  restore()
  t.same(complaints(await appraise(amd, { report })), {}, 'and is not remembered')
})
