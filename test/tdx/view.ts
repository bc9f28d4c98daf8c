// SPDX-License-Identifier: Apache-2.0
// Typed views flattened to the form in which the oracle reads, so that the two can be compared.

import type { QeReport } from '../../src/core/qe-report.js'
import type { TdReport } from '../../src/core/tdreport.js'
import type { TdReportBody, TdxQuote } from '../../src/core/tdx.js'
import { hex } from '../helpers.js'
import type { Reading } from '../oracle/tdx.js'

/** A u64 as hex of its little-endian bytes. */
export function hex64(value: bigint): string {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return hex(bytes)
}

export function quoteReading(quote: TdxQuote): Reading {
  return {
    version: quote.version,
    userData: hex(quote.userData),
    ...bodyReading(quote.body),
    signedBytes: hex(quote.signedBytes),
    signature: hex(quote.signature),
    attestationKey: hex(quote.attestationKey),
    ...qeReading(quote.qeReport),
    qeReportBytes: hex(quote.qeReportBytes),
    qeReportSignature: hex(quote.qeReportSignature),
    qeAuthData: hex(quote.qeAuthData),
    pckType: quote.certificationData.type,
    pckData: hex(quote.certificationData.data),
    pckChain: quote.pckChain?.map(hex).join() ?? null,
    bytes: hex(quote.bytes),
    trailingBytes: quote.trailingBytes,
  }
}

function bodyReading(body: TdReportBody): Reading {
  return {
    bodyType: body.type,
    teeTcbSvn: hex(body.teeTcbSvn),
    mrSeam: hex(body.mrSeam),
    mrSignerSeam: hex(body.mrSignerSeam),
    seamAttributes: hex64(body.seamAttributes),
    tdAttributes: hex64(body.tdAttributes),
    xfam: hex64(body.xfam),
    mrTd: hex(body.mrTd),
    mrConfigId: hex(body.mrConfigId),
    mrOwner: hex(body.mrOwner),
    mrOwnerConfig: hex(body.mrOwnerConfig),
    ...Object.fromEntries(body.rtmr.map((rtmr, index) => [`rtmr${index}`, hex(rtmr)])),
    reportData: hex(body.reportData),
    ...(body.teeTcbSvn2 && { teeTcbSvn2: hex(body.teeTcbSvn2) }),
    ...(body.mrServiceTd && { mrServiceTd: hex(body.mrServiceTd) }),
    ...extensionReading(body),
  }
}

function extensionReading({ extension }: TdReportBody): Reading {
  if (extension === null) return {}
  return {
    vmid: extension.vmid,
    tdId: hex(extension.tdId),
    devInfo: hex(extension.devInfo),
    initServtdHash: hex(extension.initServtdHash),
    initServtdAttr: hex64(extension.initServtdAttr),
    initCpuSvn: hex(extension.initCpuSvn),
    initTeeTcbSvn: hex(extension.initTeeTcbSvn),
    initTeeFmspc: hex(extension.initTeeFmspc),
    currServtdHash: hex(extension.currServtdHash),
    currServtdAttr: hex64(extension.currServtdAttr),
  }
}

function qeReading(qe: QeReport): Reading {
  return {
    'qe.cpuSvn': hex(qe.cpuSvn),
    'qe.miscSelect': qe.miscSelect,
    'qe.isvExtProdId': hex(qe.isvExtProdId),
    'qe.attributes': hex(qe.attributes),
    'qe.mrEnclave': hex(qe.mrEnclave),
    'qe.mrSigner': hex(qe.mrSigner),
    'qe.configId': hex(qe.configId),
    'qe.isvProdId': qe.isvProdId,
    'qe.isvSvn': qe.isvSvn,
    'qe.configSvn': qe.configSvn,
    'qe.isvFamilyId': hex(qe.isvFamilyId),
    'qe.reportData': hex(qe.reportData),
  }
}

export function tdReportReading(report: TdReport): Reading {
  const { teeTcbInfo, tdInfo } = report
  return {
    version: report.version,
    cpuSvn: hex(report.cpuSvn),
    teeTcbInfoHash: hex(report.teeTcbInfoHash),
    teeInfoHash: hex(report.teeInfoHash),
    reportData: hex(report.reportData),
    mac: hex(report.mac),
    valid: hex64(teeTcbInfo.valid),
    teeTcbSvn: hex(teeTcbInfo.teeTcbSvn),
    mrSeam: hex(teeTcbInfo.mrSeam),
    mrSignerSeam: hex(teeTcbInfo.mrSignerSeam),
    seamAttributes: hex64(teeTcbInfo.attributes),
    teeTcbSvn2: hex(teeTcbInfo.teeTcbSvn2),
    tdAttributes: hex64(tdInfo.attributes),
    xfam: hex64(tdInfo.xfam),
    mrTd: hex(tdInfo.mrTd),
    mrConfigId: hex(tdInfo.mrConfigId),
    mrOwner: hex(tdInfo.mrOwner),
    mrOwnerConfig: hex(tdInfo.mrOwnerConfig),
    ...Object.fromEntries(tdInfo.rtmr.map((rtmr, index) => [`rtmr${index}`, hex(rtmr)])),
    servtdHash: hex(tdInfo.servtdHash),
    bytes: hex(report.bytes),
  }
}
