// SPDX-License-Identifier: Apache-2.0
// The driver behind `/dev/sev-guest` as its source reads, with Node alone: it follows the pointers of
// a request, answers with a report, and loses its key where the real one does.

import { constants } from 'node:os'
import { type Memory, viewOf } from '../../src/sidecar/foreign.js'
import type { Ioctl } from '../../src/sidecar/ioctl.js'
import { mintReport, type ReportFields } from './snp.js'

const { EAGAIN, EBUSY, EINTR, EINVAL, EIO, ENOTTY } = constants.errno
/** Errors after which the driver can still ask. */
const HARMLESS: readonly number[] = [EAGAIN, EBUSY, EINTR]

export const GET_REPORT = 0xc0205300
export const GET_EXT_REPORT = 0xc0205302

export interface Asked {
  readonly fd: number
  readonly request: number
  readonly version: number
  readonly userData: Uint8Array
  readonly vmpl: number
  /** Of an extended request; null of another one. */
  readonly certsLen: number | null
}

/** What goes otherwise than it should, for one request. */
export interface Fault {
  readonly errno?: number
  /** EXITINFO2, low and high half. */
  readonly fwError?: number
  readonly vmmError?: number
  /** STATUS of the response. */
  readonly status?: number
  /** What the report says instead. */
  readonly fields?: ReportFields
  /** Changes the whole response. */
  readonly spoil?: (response: Uint8Array) => void
}

export class FakeSevGuest {
  readonly asked: Asked[] = []
  /** One for each request to come, then none. */
  readonly faults: Fault[] = []
  /** The host's table. */
  certs = new Uint8Array()
  /** Older than extended requests, or a limit of its own for them. */
  refusesExtended = false
  lost = false
  /** What the firmware waits for before it answers. */
  hold: Promise<unknown> | null = null
  /** Requests under way; more than one is what a security processor does not do. */
  atOnce = 0
  most = 0

  readonly ioctl: Ioctl = async (fd, request, argument) => {
    this.most = Math.max(this.most, ++this.atOnce)
    await (this.hold ?? new Promise((resolve) => setImmediate(resolve)))
    const errno = this.#answer(fd, request, argument)
    this.atOnce--
    return errno
  }

  #answer(fd: number, request: number, argument: Memory): number {
    const view = viewOf(argument)
    const body = target(argument, 8)
    const asked = read(fd, request, view.getUint8(0), body)
    this.asked.push(asked)
    if (this.lost) return ENOTTY
    if (asked.certsLen !== null) {
      if (this.refusesExtended || asked.certsLen > 0x4000 || asked.certsLen % 0x1000) return EINVAL
      if (asked.certsLen < this.certs.length) {
        view.setUint32(28, 1, true)
        return EIO
      }
      target(body, 96).bytes.set(this.certs)
    }
    return this.#respond(asked, view, target(argument, 16).bytes)
  }

  #respond({ userData, vmpl }: Asked, argument: DataView, response: Uint8Array): number {
    const fault = this.faults.shift() ?? {}
    argument.setUint32(24, fault.fwError ?? 0, true)
    argument.setUint32(28, fault.vmmError ?? 0, true)
    if (fault.errno !== undefined) {
      this.lost ||= !HARMLESS.includes(fault.errno)
      return fault.errno
    }
    const view = new DataView(response.buffer, response.byteOffset)
    view.setUint32(0, fault.status ?? 0, true)
    if (fault.status) return 0
    const report = mintReport({ reportData: userData, vmpl, ...fault.fields })
    view.setUint32(4, report.length, true)
    response.set(report, 32)
    fault.spoil?.(response)
    return 0
  }
}

function read(fd: number, request: number, version: number, body: Memory): Asked {
  if (request !== GET_REPORT && request !== GET_EXT_REPORT) throw new Error(`request ${request}`)
  const extended = request === GET_EXT_REPORT
  if (body.bytes.length !== (extended ? 112 : 96)) throw new Error('length of the request')
  const view = viewOf(body)
  return {
    fd,
    request,
    version,
    userData: body.bytes.slice(0, 64),
    vmpl: view.getUint32(64, true),
    certsLen: extended ? view.getUint32(104, true) : null,
  }
}

function target({ pointers }: Memory, at: number): Memory {
  const found = pointers.find((pointer) => pointer.at === at)
  if (!found) throw new Error(`no pointer at ${at}`)
  return found.to
}
