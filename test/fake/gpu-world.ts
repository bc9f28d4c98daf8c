// SPDX-License-Identifier: Apache-2.0
// One GPU, and everything that vouches for it: RIMs of its driver and VBIOS, and the status of every
// certificate, theirs included.

import { parseGpuReport } from '../../src/core/nvidia.js'
import type { GpuEvidence } from '../../src/evidence.js'
import type { OcspClient, RimSource } from '../../src/verify/index.js'
import { hex } from '../helpers.js'
import { type Bytes, mintDevice } from './nvidia-device.js'
import { type Authority, issuerOf, mintOcsp, NOW } from './ocsp.js'
import { mintRimSigner } from './rim.js'

/** At which all of it is good. */
export { NOW }

const DAY = 86_400_000

export async function mintGpuWorld(nonce?: Uint8Array) {
  const device = await mintDevice()
  const dates = (ms: number) =>
    Object.fromEntries([0, 1, 2, 3].map((level) => [level, new Date(NOW.getTime() + ms)]))
  const signer = await mintRimSigner({ notBefore: dates(-DAY), notAfter: dates(DAY) })
  const evidence = device.report(nonce ? { nonce } : {})
  const report = parseGpuReport(evidence)
  const golden = (index: number) => ({
    index,
    alternatives: [hex(report.measurements[index] as Bytes)],
  })
  const { driverVersion, vbiosVersion } = report.opaqueData
  const rims = [
    await signer.rim({ version: `${driverVersion}`, measurements: [golden(7)] }),
    await signer.rim({ version: `${vbiosVersion}`, measurements: [golden(1)] }),
  ]
  const places = ['device', 'provisioner', 'identity'] as const
  const subjects: [Bytes, Authority][] = [
    ...places.map((place, at): [Bytes, Authority] => [
      device.chain[at + 1] as Bytes,
      issuerOf(device, place),
    ]),
    ...[0, 1, 2].map((level): [Bytes, Authority] => [
      signer.chain[level] as Bytes,
      {
        certificate: signer.chain[level + 1] as Bytes,
        key: signer.parties[level + 1]?.keys.privateKey as CryptoKey,
      },
    ]),
  ]
  const ocsp = await Promise.all(subjects.map(([subject, issuer]) => mintOcsp(subject, issuer)))
  const rimSource: RimSource = {
    rim: async ({ version }) => [rims[version === vbiosVersion ? 1 : 0] as Bytes],
  }
  const ocspClient: OcspClient = {
    status: async ({ spki }) => {
      const at = subjects.findIndex(([der]) => hex(der).includes(hex(spki)))
      return ocsp[at] as Bytes
    },
  }
  const gpu: GpuEvidence = { index: 0, evidence, certChain: device.pem }
  return { gpu, roots: [device.root, signer.root], rims, ocsp, rimSource, ocspClient }
}
