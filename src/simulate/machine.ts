// SPDX-License-Identifier: Apache-2.0
// Mints a machine that does not exist: its processor, its GPUs, and the vendors behind them.

import { CHIP_ID_LEN, REPORT_ID_LEN } from '../../assembly/snp/layout.js'
import type { Bytes } from '../core/private-copy.js'
import { decodeTcb, HW_ID_LEN, type Product, parseSnpReport } from '../core/snp.js'
import { generateAmdKeys, mintAmd, mintCrl } from './amd.js'
import { writeCertTable } from './cert-table.js'
import { type MintedGpu, mintNvidia } from './nvidia.js'
import type { Architecture } from './nvidia-models.js'
import { mintReport, type ReportFields } from './snp-report.js'

export interface MachineOptions {
  /** Genoa unless given. */
  readonly product?: Product
  /** Of ATTESTATION_REPORT; the newest unless given. */
  readonly version?: 2 | 3 | 5
  /** None unless given. */
  readonly gpus?: number
  /** HOPPER for one GPU and BLACKWELL for several, unless given: that is how guests get them. */
  readonly architecture?: Architecture
  /** What its reports say, other than `product` and `version`. */
  readonly fields?: ReportFields
  /** Certificates are valid from the day before. */
  readonly now: Date
}

/** Plain data, so that another process can be handed it. */
export interface Machine {
  /** A report that lacks REPORT_DATA, VMPL and signature. */
  readonly template: Bytes
  /** Certificate table: VCEK, ASK, ARK. */
  readonly auxblob: Bytes
  /** DER. */
  readonly ark: Bytes
  /** What the ARK has revoked, which is nothing; DER. */
  readonly crl: Bytes
  /** The VCEK's: P-384, PKCS#8. */
  readonly vek: Bytes
  /** DER; null without GPUs. */
  readonly nvidiaRoot: Bytes | null
  readonly gpus: readonly MintedGpu[]
}

const DAY_MS = 86_400_000
/** How long AMD's lists are good for. */
const CRL_DAYS = 365

/** That of a guest with so many GPUs: without protected PCIe a HOPPER comes alone. */
export const architectureOf = (gpus: number): Architecture => (gpus === 1 ? 'HOPPER' : 'BLACKWELL')

export async function mintMachine(options: MachineOptions): Promise<Machine> {
  const { gpus = 0, architecture = architectureOf(gpus) } = options
  const notBefore = new Date(options.now.getTime() - DAY_MS)
  const [processor, nvidia] = await Promise.all([
    mintProcessor(options, notBefore),
    gpus > 0 ? mintNvidia(architecture, gpus, notBefore) : { root: null, gpus: [] },
  ])
  return { ...processor, nvidiaRoot: nvidia.root, gpus: nvidia.gpus }
}

async function mintProcessor(
  { product = 'Genoa', version = 5, fields }: MachineOptions,
  notBefore: Date,
): Promise<Omit<Machine, 'nvidiaRoot' | 'gpus'>> {
  const chipId = new Uint8Array(CHIP_ID_LEN)
  crypto.getRandomValues(chipId.subarray(0, HW_ID_LEN[product]))
  const reportId = crypto.getRandomValues(new Uint8Array(REPORT_ID_LEN))
  const template = mintReport({ chipId, reportId, ...fields, product, version })
  const report = parseSnpReport(template)
  const tcb = decodeTcb(report.reportedTcb, product)
  const identity = {
    product,
    kind: 'vcek',
    tcb,
    chipId: report.chipId,
    cspId: '',
    notBefore,
  } as const
  const keys = await generateAmdKeys()
  const nextUpdate = new Date(notBefore.getTime() + CRL_DAYS * DAY_MS)
  const [{ ark, authority, vek }, crl, key] = await Promise.all([
    mintAmd(identity, keys),
    mintCrl({ product, number: 1, thisUpdate: notBefore, nextUpdate, revoked: [] }, keys),
    crypto.subtle.exportKey('pkcs8', keys.vek.privateKey),
  ])
  const auxblob = writeCertTable([
    ['vcek', vek],
    ['ask', authority],
    ['ark', ark],
  ])
  return { template, auxblob, ark, crl, vek: new Uint8Array(key) }
}
