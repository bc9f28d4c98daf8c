// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import type { WantedRim } from '../../src/verify/rim-ids.js'
import { type RimSource, rimLibrary } from '../../src/verify/rim-source.js'
import { digestOf, mintRimSigner } from '../fake/rim.js'
import { hex, rejectsCode, throwsCode } from '../helpers.js'

const signer = await mintRimSigner()
const stranger = await mintRimSigner()
const roots = [signer.root]
const wanted: WantedRim = {
  kind: 'driver',
  id: 'NV_GPU_CC_DRIVER_GB20X_1.2',
  what: 'driver 1.2 of GB202',
  products: ['GB202', 'GB20X'],
  version: '1.2',
}

t.test('RIM library: every genuine document for this chip and version', async (t) => {
  const issues = [
    await signer.rim({ product: 'GB20X', version: '1.2' }),
    await signer.rim({
      product: 'GB202',
      version: '1.2',
      measurements: [{ index: 1, alternatives: [digestOf(7)] }],
    }),
  ]
  const library = rimLibrary(
    [
      await signer.rim({ product: 'GB100', version: '1.2' }),
      ...issues,
      await signer.rim({ product: 'GB202', version: '1.20' }),
      await stranger.rim({ product: 'GB202', version: '1.2' }),
      new TextEncoder().encode('not a RIM at all'),
    ],
    { roots },
  )
  const found = await library.rim(wanted)
  t.same(found.map(hex), issues.map(hex))
  found[0]?.fill(0)
  t.same((await library.rim(wanted)).map(hex), issues.map(hex), 'copies are handed out')
})

t.test('RIM library: nothing in it, and where to look then', async (t) => {
  const document = await stranger.rim({ product: 'GB202', version: '1.2' })
  await rejectsCode(t, rimLibrary([document]).rim(wanted), 'ERR_RIM_MISSING')
  const next: RimSource = { rim: async ({ id }) => [new TextEncoder().encode(id)] }
  const [given] = await rimLibrary([document], { roots, next }).rim(wanted)
  t.equal(new TextDecoder().decode(given), wanted.id)
})

t.test('RIM library: its roots are certificates', async (t) => {
  throwsCode(t, () => rimLibrary([], { roots: [Uint8Array.of(1)] }), 'ERR_ARGUMENT')
})
