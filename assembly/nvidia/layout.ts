// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. An NVIDIA attestation report: an SPDM 1.1 GET_MEASUREMENTS request and its
// MEASUREMENTS response (DMTF DSP0274 1.1, tables "GET_MEASUREMENTS request message", "Successful
// MEASUREMENTS response message" and "Measurement block format"), one after the other.

// The request.
export const REQUEST_VERSION_AT = 0
export const REQUEST_VERSION_LEN = 1
export const REQUEST_CODE_AT = 1
export const REQUEST_CODE_LEN = 1
export const REQUEST_PARAM1_AT = 2
export const REQUEST_PARAM1_LEN = 1
export const REQUEST_PARAM2_AT = 3
export const REQUEST_PARAM2_LEN = 1
export const REQUEST_NONCE_AT = 4
export const REQUEST_NONCE_LEN = 32
export const REQUEST_SLOT_AT = 36
export const REQUEST_SLOT_LEN = 1

// The response, as far as its offsets are fixed. After the measurement record follow the nonce of
// the responder, the length of the opaque data, the opaque data and the signature.
export const RESPONSE_VERSION_AT = 37
export const RESPONSE_VERSION_LEN = 1
export const RESPONSE_CODE_AT = 38
export const RESPONSE_CODE_LEN = 1
export const RESPONSE_PARAM1_AT = 39
export const RESPONSE_PARAM1_LEN = 1
export const RESPONSE_PARAM2_AT = 40
export const RESPONSE_PARAM2_LEN = 1
export const BLOCK_COUNT_AT = 41
export const BLOCK_COUNT_LEN = 1
export const RECORD_LENGTH_AT = 42
export const RECORD_LENGTH_LEN = 3
export const RECORD_AT = 45

export const RESPONDER_NONCE_LEN = 32
export const OPAQUE_LENGTH_LEN = 2
/** ECDSA P-384, r then s, each big-endian (IEEE P1363). */
export const SIGNATURE_LEN = 96

export const SPDM_VERSION = 0x11
export const GET_MEASUREMENTS = 0xe0
export const SIGNATURE_REQUESTED = 0x01
export const ALL_MEASUREMENTS = 0xff
export const SLOT = 0
export const MEASUREMENTS = 0x60

/** How many blocks a GPU answers with, and an LS10 NVSwitch. */
export const GPU_BLOCKS = 64
export const SWITCH_BLOCKS = 31

// A measurement block, relative to its first byte.
export const BLOCK_INDEX_AT = 0
export const BLOCK_INDEX_LEN = 1
export const BLOCK_SPECIFICATION_AT = 1
export const BLOCK_SPECIFICATION_LEN = 1
export const BLOCK_SIZE_AT = 2
export const BLOCK_SIZE_LEN = 2
export const BLOCK_VALUE_TYPE_AT = 4
export const BLOCK_VALUE_TYPE_LEN = 1
export const BLOCK_VALUE_SIZE_AT = 5
export const BLOCK_VALUE_SIZE_LEN = 2
export const BLOCK_VALUE_AT = 7
export const BLOCK_VALUE_LEN = 48
export const BLOCK_LEN = 55

export const SPECIFICATION_DMTF = 1
/** What MeasurementSize must say: the block from VALUE_TYPE on. */
export const BLOCK_SIZE = 51
/** DMTFSpecMeasurementValueType: digest of mutable firmware. */
export const VALUE_TYPE_FIRMWARE = 1

// Opaque data, up to R595: fields of type u16, size u16, value, back to back. From opaque data
// version 2 on (R620): a header, and fields of type u16, value type u16, size u16, value
// (NVIDIA/attestation-sdk, spdm_opaque_data_parser).
export const FIELD_HEADER_LEN = 4
export const TYPED_FIELD_HEADER_LEN = 6
/** "NVDAOD", as the two little-endian integers it is compared as. */
export const OPAQUE_MAGIC_LOW = 0x4144564e
export const OPAQUE_MAGIC_HIGH = 0x444f
export const OPAQUE_MAGIC_AT = 0
export const OPAQUE_MAGIC_LEN = 6
export const OPAQUE_PROFILE_AT = 6
export const OPAQUE_PROFILE_LEN = 2
export const OPAQUE_MAJOR_AT = 8
export const OPAQUE_MAJOR_LEN = 1
export const OPAQUE_MINOR_AT = 9
export const OPAQUE_MINOR_LEN = 1
export const OPAQUE_RESERVED_AT = 10
export const OPAQUE_RESERVED_LEN = 2
export const OPAQUE_HEADER_LEN = 12

export const OPAQUE_PROFILE = 0
export const OPAQUE_MAJOR = 2

/** More opaque fields than this are refused; real reports have far fewer. */
export const MAX_FIELDS = 128

// What the check leaves in the output window, in words of u32: a summary, then a row for each
// block, then a row for each opaque field.
export const SUMMARY_SIGNATURE = 0
export const SUMMARY_BLOCKS = 1
export const SUMMARY_FIELDS = 2
/** Major version of the opaque data header, 0 where there is none. */
export const SUMMARY_OPAQUE_MAJOR = 3
export const SUMMARY_WORDS = 4

/** Index of a block, type of a field. */
export const ROW_ID = 0
/** DMTFSpecMeasurementValueType of a block or of a typed field; 0 for a field without one. */
export const ROW_VALUE_TYPE = 1
/** Where the value stands in the report, and its length. */
export const ROW_AT = 2
export const ROW_LEN = 3
export const ROW_WORDS = 4
