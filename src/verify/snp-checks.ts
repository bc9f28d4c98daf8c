// SPDX-License-Identifier: Apache-2.0
// What must agree between an SNP report and the certificate of the key that signed it (AMD 57230,
// 58369): kind, product, TCB, and the chip or the provider. None of it proves anything without the
// signatures; without it, a genuine key of another machine or of older firmware would do.

import { equalBytes, isZero } from '../core/bytes.js'
import { decodeTcb, HW_ID_LEN, type Product, type SnpReport, type Tcb } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import type { VekKind } from './names.js'
import { attempt, type Finding, fail, pass, unknown } from './result.js'
import type { VekExtensions } from './snp-extensions.js'

/** A structurally sound report and a VEK of a known product: what these checks compare. */
export interface Pair {
  readonly report: SnpReport
  readonly kind: VekKind
  readonly product: Product
  readonly extensions: VekExtensions
}

/** All of them, in the order of the findings. */
export function checkPair(pair: Pair): Finding[] {
  const identity = pair.kind === 'vcek' ? checkChip(pair) : checkCsp(pair)
  return [checkKind(pair), checkProduct(pair), checkTcb(pair), identity]
}

/** SIGNING_KEY names the kind of key that signed. */
function checkKind({ report, kind, extensions }: Pair): Finding {
  const check = 'snp.vek'
  const code = 'ERR_SNP_VEK_KIND'
  const [given, named] = [kind.toUpperCase(), report.signingKey.toUpperCase()]
  if (given !== named) return fail(check, code, `the report names a ${named}, this is a ${given}`)
  const foreign = kind === 'vcek' ? extensions.cspId : extensions.hwId
  if (foreign !== null) return fail(check, code, `a ${given} with the identity of the other kind`)
  return pass(check, `the certificate is of a ${given}, the kind that the report names`)
}

/** Version 2 has no CPUID: then the chain alone says which product it is. */
function checkProduct({ report, product, extensions }: Pair): Finding {
  const check = 'snp.product'
  const code = 'ERR_SNP_PRODUCT_MISMATCH'
  if (extensions.productName !== product) {
    return fail(check, code, `productName is not that of the issuer, ${product}`)
  }
  if (report.cpuid === null) return pass(check, `${product}, by its chain`)
  if (report.product === null) {
    return fail(check, 'ERR_SNP_PRODUCT', 'the CPUID of the report is of no known product')
  }
  return report.product === product
    ? pass(check, `${product}, by its chain and by CPUID`)
    : fail(check, code, `CPUID says ${report.product}, the chain says ${product}`)
}

/** The certificate must be for REPORTED_TCB, component by component. */
function checkTcb({ report, product, extensions }: Pair): Finding {
  const check = 'snp.tcb'
  const code = 'ERR_SNP_TCB_MISMATCH'
  const { tcb } = extensions
  if (tcb === null) return fail(check, code, 'the certificate lacks a security patch level')
  const reported = attempt(() => decodeTcb(report.reportedTcb, product))
  if (reported instanceof AttestationError) return fail(check, reported.code, reported.message)
  const names = Object.keys(reported) as (keyof Tcb)[]
  const wrong = names.filter((name) => reported[name] !== tcb[name])
  return wrong.length === 0
    ? pass(check, 'the certificate and REPORTED_TCB agree')
    : fail(check, code, `REPORTED_TCB and the certificate differ in ${wrong.join(', ')}`)
}

/** The VCEK must be of the chip that made the report, which a host may hide. */
function checkChip({ report, product, extensions }: Pair): Finding {
  const check = 'snp.chip'
  const code = 'ERR_SNP_CHIP_ID'
  const { hwId } = extensions
  if (hwId?.length !== HW_ID_LEN[product]) {
    return fail(check, code, `the certificate has no hwID of a ${product} chip`)
  }
  const chipId = report.chipId
  if (isZero(chipId)) {
    return unknown(check, 'ERR_CHIP_ID_MASKED', 'the host masks CHIP_ID')
  }
  const expected = new Uint8Array(chipId.length)
  expected.set(hwId)
  return equalBytes(expected, chipId)
    ? pass(check, 'hwID and CHIP_ID agree')
    : fail(check, code, 'hwID and CHIP_ID differ')
}

/** A VLEK belongs to a provider's fleet; CHIP_ID then says nothing about the key. */
function checkCsp({ extensions }: Pair): Finding {
  const check = 'snp.csp'
  return extensions.cspId === null
    ? fail(check, 'ERR_SNP_CSP_ID', 'the certificate names no cloud service provider')
    : pass(check, `the certificate names ${extensions.cspId}`)
}
