// SPDX-License-Identifier: Apache-2.0
// The TCBs and firmware of a report → the minimums of a policy, so that nothing older will do.

import { equalBytes } from '../core/bytes.js'
import { decodeTcb, type FirmwareVersion, type Product } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import type { FirmwareFloor, SnpPolicy, TcbFloor } from './policy.js'
import type { Pin, PolicySeed } from './policy-init.js'
import { attempt } from './result.js'

type Floors = 'minimumTcb' | 'minimumFirmware' | 'provisionalFirmware'

const UNKNOWN =
  'Not pinned: nothing proved the product, and levels mean something per product only.'
const SEEN =
  'As seen. Look up what the security bulletins of AMD ask for: a level that runs is not one without known holes.'
const SEEN_UNNAMED = `${SEEN} The report does not name its processor, without which microcode levels say little.`

export function pinFloors({ report, product }: PolicySeed, pin: Pin): Pick<SnpPolicy, Floors> {
  const { current, committed } = report
  // A processor of another product is none that a row can name.
  const cpuid = report.product === product ? report.cpuid : null
  const tcb = (path: string, raw: Uint8Array) => {
    const rows = product ? tcbRows(raw, product, cpuid ?? 'any') : 'any'
    const seen = cpuid ? SEEN : SEEN_UNNAMED
    return pin(`snp.minimumTcb.${path}`, rows, rows === 'any' ? UNKNOWN : seen)
  }
  const firmware = (path: string, version: FirmwareVersion) =>
    pin(
      `snp.minimumFirmware.${path}`,
      firmwareRows(version, product),
      product ? `Seen: ${spell(version)}.` : UNKNOWN,
    )
  const isCommitted =
    equalBytes(report.currentTcb, report.committedTcb) && spell(current) === spell(committed)
  return {
    minimumTcb: {
      reported: tcb('reported', report.reportedTcb),
      committed: tcb('committed', report.committedTcb),
      launch: tcb('launch', report.launchTcb),
      current: tcb('current', report.currentTcb),
    },
    minimumFirmware: {
      current: firmware('current', current),
      committed: firmware('committed', committed),
    },
    provisionalFirmware: pin(
      'snp.provisionalFirmware',
      isCommitted ? 'forbid' : 'any',
      isCommitted ? 'Seen: none.' : 'Seen: what ran there was not committed.',
    ),
  }
}

/** `'any'` for a TCB that this product cannot have. */
function tcbRows(raw: Uint8Array, product: Product, cpuid: TcbFloor['cpuid']): TcbFloor[] | 'any' {
  const tcb = attempt(() => decodeTcb(raw, product))
  if (tcb instanceof AttestationError) return 'any'
  const { fmc, ...levels } = tcb
  return product === 'Turin'
    ? [{ product, cpuid, fmc: fmc as number, ...levels }]
    : [{ product, cpuid, fmc: 'any', ...levels }]
}

const firmwareRows = (
  version: FirmwareVersion,
  product: Product | null,
): FirmwareFloor[] | 'any' => (product ? [{ product, version: spell(version) }] : 'any')

const spell = ({ major, minor, build }: FirmwareVersion): string => `${major}.${minor}.${build}`
