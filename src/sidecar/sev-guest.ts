// SPDX-License-Identifier: Apache-2.0
// `/dev/sev-guest` as an attestation surface: reports, with the certificates of the host where it has
// some.

import { type FileHandle, open, readFile } from 'node:fs/promises'
import { ENTRY_LEN, ENTRY_LENGTH_AT, ENTRY_OFFSET_AT } from '../../assembly/snp/certs-layout.js'
import { parseCertTable } from '../core/cert-table.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { type Asked, checkLevel, checkReportDataLength } from './asked.js'
import { ERRNO, system } from './errno.js'
import { type Ioctl, systemIoctl } from './ioctl.js'
import { INVALID_LEN } from './sev-guest-layout.js'
import { type Device, type Outcome, reportOf, request } from './sev-guest-request.js'
import type { CpuSurface, PlatformReport } from './surface.js'
import { persist } from './tsm-retry.js'

export interface SevGuestOptions {
  /** `/dev/sev-guest`, or where that device is. */
  readonly path: string
  readonly clock: Clock
  /** That of this process where none is given. */
  readonly ioctl?: Ioctl
  /** The file in which the driver says whose key it uses. */
  readonly vmpckId?: string
}

const VMPCK_ID = '/sys/module/sev_guest/parameters/vmpck_id'
/** asm-generic/errno-base.h. */
const EIO = 5

/**
 * Opens the device, and asks it nothing yet.
 *
 * @throws {AttestationError} `ERR_DEVICE_ABSENT`, `ERR_DEVICE_PERMISSION`
 */
export async function openSevGuest(options: SevGuestOptions): Promise<CpuSurface> {
  const { path, clock, vmpckId = VMPCK_ID } = options
  const ioctl = options.ioctl ?? (await systemIoctl())
  const handle = await system('opening the device', open(path, 'r'))
  return new SevGuest(handle, { fd: handle.fd, ioctl }, clock, await floorOf(vmpckId))
}

/** The VMPCK's number is the lowest level that the firmware lets it ask for; -1 is the driver's choice. */
async function floorOf(vmpckId: string): Promise<number> {
  const text = await readFile(vmpckId, 'latin1').catch(() => '')
  return /^[0-3]\n?$/.test(text) ? Number(text) : 0
}

class SevGuest implements CpuSurface {
  readonly name = 'sev-guest'
  readonly tee = 'snp'
  /** Settles when the last request so far has: neither the next one nor `close` cuts it off. */
  #last: Promise<unknown> = Promise.resolve()
  /** False from when certificates turn out not to be had in this way. */
  #extended = true
  #lost: AttestationError | null = null

  constructor(
    private readonly handle: FileHandle,
    private readonly device: Device,
    private readonly clock: Clock,
    readonly floor: number,
  ) {}

  async collect(reportData: Uint8Array, vmpl: number): Promise<PlatformReport> {
    checkReportDataLength(reportData)
    checkLevel(vmpl, this.floor)
    const asked = { reportData: reportData.slice(), vmpl }
    const turn = this.#last.then(() => this.#collect(asked))
    this.#last = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    await this.#last
    await this.handle.close()
  }

  async #collect(asked: Asked): Promise<PlatformReport> {
    if (this.#lost) throw this.#lost
    try {
      return await persist(this.clock, () => this.#ask(asked))
    } catch (error) {
      const isLost = error instanceof AttestationError && error.code === 'ERR_DEVICE_LOST'
      if (isLost) this.#lost = error
      throw error
    }
  }

  async #ask(asked: Asked): Promise<PlatformReport> {
    const question = { ...asked, extended: this.#extended }
    const outcome = await request(this.device, question)
    if (question.extended && isNotToBeHad(outcome)) {
      this.#extended = false
      return this.#ask(asked)
    }
    return { report: reportOf(outcome, question), auxblob: trimmed(outcome.certs) }
  }
}

/**
 * Whether the driver refuses to bring certificates but has kept its key: the host has more than the
 * driver can take, or the driver did not make the request at all.
 */
const isNotToBeHad = ({ errno, vmmError }: Outcome): boolean =>
  (errno === EIO && vmmError === INVALID_LEN) || errno === ERRNO.EINVAL

/** A certificate table up to the end of its last certificate; empty when it has none. */
function trimmed(table: Bytes): Bytes {
  const view = new DataView(table.buffer)
  const ends = Array.from({ length: entriesOf(table) }, (_, index) => {
    const entry = index * ENTRY_LEN
    const offset = view.getUint32(entry + ENTRY_OFFSET_AT, true)
    return offset + view.getUint32(entry + ENTRY_LENGTH_AT, true)
  })
  return table.slice(0, Math.max(0, ...ends))
}

/** The host may put anything there; what is no table endorses nothing, and the report stands alone. */
function entriesOf(table: Bytes): number {
  try {
    return parseCertTable(table).length
  } catch {
    return 0
  }
}
