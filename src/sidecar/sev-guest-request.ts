// SPDX-License-Identifier: Apache-2.0
// One request to `/dev/sev-guest`: its memory laid out, and what the answer comes to.

import type { Bytes } from '../core/private-copy.js'
import { snpReportFromIoctl } from '../core/snp-response.js'
import { AttestationError } from '../errors.js'
import { type Asked, checkAnswer } from './asked.js'
import { deviceError } from './errno.js'
import { type Memory, memory, viewOf } from './foreign.js'
import type { Ioctl } from './ioctl.js'
import * as at from './sev-guest-layout.js'

export interface Device {
  readonly fd: number
  readonly ioctl: Ioctl
}

export interface Question extends Asked {
  /** Whether to ask for the certificates of the host too. */
  readonly extended: boolean
}

/** What the driver left behind. */
export interface Outcome {
  /** 0 when the request was made and answered; the response says how. */
  readonly errno: number
  readonly fwError: number
  readonly vmmError: number
  readonly response: Bytes
  /** Of `CERTS_LEN_MAX`, zero where the host gave nothing. */
  readonly certs: Bytes
}

/** AMD 56860, status codes of guest messages that a guest or its host can bring about. */
const STATUS_TEXT: Readonly<Record<number, string>> = {
  22: 'INVALID_PARAM: is the level one that the guest may ask for?',
  39: 'INVALID_KEY: the host has forbidden the key that signs',
}

/** Makes one request; what came of it is for `reportOf` to say. */
export async function request({ fd, ioctl }: Device, question: Question): Promise<Outcome> {
  // The most that the driver takes: with too little, one request of the firmware is spent on being
  // told how much it should have been.
  const certs = memory(at.CERTS_LEN_MAX)
  const response = memory(at.REPORT_RESP_LEN)
  const argument = memory(at.REQUEST_LEN, [
    { at: at.REQ_DATA_AT, to: reportRequest(question, certs) },
    { at: at.RESP_DATA_AT, to: response },
  ])
  argument.bytes[at.MSG_VERSION_AT] = at.MSG_VERSION
  const number = question.extended ? at.SNP_GET_EXT_REPORT : at.SNP_GET_REPORT
  const errno = await ioctl(fd, number, argument)
  const view = viewOf(argument)
  return {
    errno,
    fwError: view.getUint32(at.FW_ERROR_AT, true),
    vmmError: view.getUint32(at.VMM_ERROR_AT, true),
    response: response.bytes,
    certs: certs.bytes,
  }
}

function reportRequest({ reportData, vmpl, extended }: Question, certs: Memory): Memory {
  const request = extended
    ? memory(at.EXT_REPORT_REQ_LEN, [{ at: at.CERTS_ADDRESS_AT, to: certs }])
    : memory(at.REPORT_REQ_LEN)
  request.bytes.set(reportData, at.USER_DATA_AT)
  const view = viewOf(request)
  view.setUint32(at.VMPL_AT, vmpl, true)
  if (extended) view.setUint32(at.CERTS_LEN_AT, certs.bytes.length, true)
  return request
}

/**
 * The report of an outcome, which is one over what was asked for.
 *
 * @throws {AttestationError} `ERR_DEVICE_…`
 */
export function reportOf(outcome: Outcome, question: Question): Bytes {
  const { errno, fwError, vmmError, response } = outcome
  if (errno !== 0) {
    const said = `errno ${errno}, fw_error 0x${fwError.toString(16)}, vmm_error 0x${vmmError.toString(16)}`
    throw deviceError(errno, nameOf(question), { cause: new Error(said) })
  }
  const status = new DataView(response.buffer).getUint32(at.STATUS_AT, true)
  if (status !== 0) throw refused(status, question)
  return checkAnswer('snp', parse(response), question)
}

function parse(response: Bytes): Bytes {
  try {
    return snpReportFromIoctl(response).bytes
  } catch (cause) {
    throw new AttestationError('ERR_DEVICE_ANSWER', 'the response holds no report', { cause })
  }
}

function refused(status: number, question: Question): AttestationError {
  const text = STATUS_TEXT[status] ?? 'a failure of the firmware'
  return new AttestationError(
    'ERR_DEVICE_IO',
    `${nameOf(question)} at VMPL ${question.vmpl}: STATUS 0x${status.toString(16)}, ${text}`,
  )
}

const nameOf = ({ extended }: Question): string =>
  extended ? 'SNP_GET_EXT_REPORT' : 'SNP_GET_REPORT'
