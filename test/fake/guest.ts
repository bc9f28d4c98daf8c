// SPDX-License-Identifier: Apache-2.0
// A confidential VM of the test world: hardware that signs any REPORT_DATA at any level, and GPUs
// that answer any nonce.

import type { Bytes } from '../../src/core/private-copy.js'
import { type Amd, mintAmd } from './amd.js'
import { GUIDS, mintCertTable } from './cert-table.js'
import { mintGpuReport, mintPemChain } from './nvidia.js'
import type { ReportFields } from './snp.js'

export interface GpuAnswer {
  readonly index: number
  readonly report: Bytes
  readonly certChain: Bytes
}

export interface Guest {
  readonly platform: 'snp' | 'snp-gpu'
  readonly amd: Amd
  /** The certificate table that the host gave. */
  readonly auxblob: Bytes
  attest(reportData: Uint8Array, vmpl: number): Promise<Bytes>
  /** @param nonce 32 bytes */
  askGpus(nonce: Uint8Array): GpuAnswer[]
}

/** @param fields what every report of it says */
export async function mintGuest(gpus = 0, fields: ReportFields = {}): Promise<Guest> {
  const amd = await mintAmd()
  return {
    platform: gpus > 0 ? 'snp-gpu' : 'snp',
    amd,
    auxblob: mintCertTable([
      [GUIDS.vcek, amd.vek],
      [GUIDS.ask, amd.authority],
      [GUIDS.ark, amd.ark],
    ]),
    attest: (reportData, vmpl) =>
      amd.report({ ...fields, reportData: new Uint8Array(reportData), vmpl }),
    askGpus: (nonce) =>
      Array.from({ length: gpus }, (_, index) => ({
        index,
        report: mintGpuReport({ nonce: nonce.subarray(0, 32), seed: index + 1 }),
        certChain: mintPemChain(3, index + 1),
      })),
  }
}
