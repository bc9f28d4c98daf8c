// SPDX-License-Identifier: Apache-2.0
// The structures and requests of `/dev/sev-guest`. Linux include/uapi/linux/sev-guest.h.

import { DIRECTION, requestNumber } from './ioctl.js'

/** snp_guest_request_ioctl: the argument of every request. */
export const REQUEST_LEN = 32
export const MSG_VERSION_AT = 0
export const REQ_DATA_AT = 8
export const RESP_DATA_AT = 16
/** EXITINFO2 in two halves: what the firmware said, and what the host said. */
export const FW_ERROR_AT = 24
export const VMM_ERROR_AT = 28

/** snp_report_req. */
export const REPORT_REQ_LEN = 96
export const USER_DATA_AT = 0
export const USER_DATA_LEN = 64
export const VMPL_AT = 64

/** snp_ext_report_req: a snp_report_req, and where the host's certificates go. */
export const EXT_REPORT_REQ_LEN = 112
export const CERTS_ADDRESS_AT = 96
export const CERTS_LEN_AT = 104

/** snp_report_resp. */
export const REPORT_RESP_LEN = 4000
export const STATUS_AT = 0

/** The one version of messages that there is. */
export const MSG_VERSION = 1

/** VMM_ERROR: the certificates need more room (AMD 56421, SNP_GUEST_VMM_ERR_INVALID_LEN). */
export const INVALID_LEN = 1

/** The driver takes this many bytes for certificates at most, in whole pages. */
export const CERTS_LEN_MAX = 0x4000
export const PAGE_LEN = 0x1000

const TYPE = 'S'
export const SNP_GET_REPORT = requestNumber(DIRECTION.both, TYPE, 0, REQUEST_LEN)
export const SNP_GET_EXT_REPORT = requestNumber(DIRECTION.both, TYPE, 2, REQUEST_LEN)
