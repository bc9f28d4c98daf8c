// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto'
import t from 'tap'
import { derObjects } from '../../src/pem.js'
import { mintNvidia } from '../../src/simulate/nvidia.js'
import { DEVICE_ROOT, nvidiaAnchor, RIM_ROOT } from '../../src/verify/nvidia-roots.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { skip, vectorBytes } from '../vectors.js'

t.test('nvidia roots: the keys are the ones whose digests are pinned', async (t) => {
  for (const { spki, spkiSha256, subject } of [DEVICE_ROOT, RIM_ROOT]) {
    t.equal(createHash('sha256').update(spki).digest('hex'), spkiSha256, subject)
  }
})

t.test(
  'nvidia roots: both certificates of the device root, and that of RIMs',
  { skip },
  async (t) => {
    const open = (file: string) => {
      const [der] = derObjects(new Uint8Array(vectorBytes('nvidia', 'trust-roots', file)))
      return parseCertificate(der as Uint8Array<ArrayBuffer>)
    }
    for (const file of ['device_root.pem', 'device_root_l1b.pem']) {
      t.equal(nvidiaAnchor(open(file), DEVICE_ROOT, []), 'vendor', file)
      t.equal(nvidiaAnchor(open(file), RIM_ROOT, []), 'none', file)
    }
    t.equal(nvidiaAnchor(open('rim_root.pem'), RIM_ROOT, []), 'vendor')
  },
)

t.test('nvidia roots: the name alone is nothing, and a caller vouches by key', async (t) => {
  const { root } = await mintNvidia('HOPPER', 0, new Date('2026-01-01T00:00:00Z'))
  const minted = parseCertificate(root)
  t.equal(minted.subject, DEVICE_ROOT.subject)
  t.equal(nvidiaAnchor(minted, DEVICE_ROOT, []), 'none')
  t.equal(nvidiaAnchor(minted, DEVICE_ROOT, [minted]), 'caller')
  t.equal(nvidiaAnchor({ ...minted, spki: DEVICE_ROOT.spki }, DEVICE_ROOT, []), 'vendor')
  const other = { ...minted, spki: DEVICE_ROOT.spki, subject: 'CN=Somebody' }
  t.equal(nvidiaAnchor(other, DEVICE_ROOT, []), 'none', 'another name')
})
