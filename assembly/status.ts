// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. Every way the core can say no, numbered once. A status means that the
// bytes are bad; `src/core/status.ts` gives each one its code and its sentence.

export enum Status {
  Ok = 0,

  ReportDataLength = 1,
  ClaimTruncated = 2,
  ClaimOrder = 3,
  ClaimUnknown = 4,
  ClaimLength = 5,
  ClaimNonce = 6,
  MerkleIndex = 7,
  MerklePath = 8,
  DigestOrder = 9,

  SnpLength = 16,
  SnpVersion = 17,
  SnpReserved = 18,
  SnpPolicy = 19,
  SnpVmpl = 20,
  SnpSigningKey = 21,
  SnpSignatureAlgorithm = 22,
  SnpSignatureFormat = 23,
  CertTableUnterminated = 24,
  CertTableBounds = 25,

  TdxLength = 48,
  TdxVersion = 49,
  TdxKeyType = 50,
  TdxTeeType = 51,
  TdxReserved = 52,
  TdxVendor = 53,
  TdxBodyType = 54,
  TdxBodySize = 55,
  TdxSignatureLength = 56,
  TdxCertificationType = 57,
  TdxCertificationLength = 58,
  TdReportLength = 59,
  TdReportType = 60,
  TdReportReserved = 61,

  NvidiaLength = 80,
  NvidiaRequest = 81,
  NvidiaResponse = 82,
  NvidiaBlockCount = 83,
  NvidiaBlock = 84,
  NvidiaRecordLength = 85,
  NvidiaOpaque = 86,
  NvidiaOpaqueDuplicate = 87,
  NvidiaTooManyFields = 88,
  NvidiaTrailing = 89,
}
