// SPDX-License-Identifier: Apache-2.0
// What an appraisal accepts. Nothing is left out: a field that is not judged says `'any'`.

/** The built-in policy that can be named. */
export type PolicyName = 'authenticity'

/** One field per thing of a report that a tenant may want to pin (AMD 56860). */
export interface SnpPolicy {
  readonly debug: 'forbid'
  /** Hex of the 64 bytes that REPORT_DATA must be. */
  readonly reportData: string | 'any'
  readonly products: 'any'
  readonly endorsementKey: 'any'
  readonly vmpl: 'any'
  readonly measurement: 'any'
  readonly hostData: 'any'
  readonly familyId: 'any'
  readonly imageId: 'any'
  readonly idKeyDigest: 'any'
  readonly authorKeyDigest: 'any'
  readonly guestSvn: 'any'
  readonly chipId: 'any'
  readonly guestPolicy: {
    readonly abiVersion: 'any'
    readonly smt: 'any'
    readonly migrateMa: 'any'
    readonly singleSocket: 'any'
    readonly cxlAllow: 'any'
    readonly memAes256Xts: 'any'
    readonly raplDis: 'any'
    readonly ciphertextHidingDram: 'any'
    readonly pageSwapDisable: 'any'
  }
  readonly platformInfo: 'any'
  readonly mitigationVector: 'any'
  readonly minimumTcb: {
    readonly reported: 'any'
    readonly committed: 'any'
    readonly launch: 'any'
    readonly current: 'any'
  }
  readonly minimumFirmware: 'any'
  /** Age of revocation data; what is presented is checked all the same. */
  readonly revocation: 'any'
}

export interface Policy {
  readonly name: PolicyName
  readonly snp: SnpPolicy
}

/**
 * Origin and integrity only: genuine AMD evidence of a guest that the host cannot debug, whatever
 * runs in it.
 */
export function authenticity(reportData: string | 'any'): Policy {
  return {
    name: 'authenticity',
    snp: {
      debug: 'forbid',
      reportData,
      products: 'any',
      endorsementKey: 'any',
      vmpl: 'any',
      measurement: 'any',
      hostData: 'any',
      familyId: 'any',
      imageId: 'any',
      idKeyDigest: 'any',
      authorKeyDigest: 'any',
      guestSvn: 'any',
      chipId: 'any',
      guestPolicy: {
        abiVersion: 'any',
        smt: 'any',
        migrateMa: 'any',
        singleSocket: 'any',
        cxlAllow: 'any',
        memAes256Xts: 'any',
        raplDis: 'any',
        ciphertextHidingDram: 'any',
        pageSwapDisable: 'any',
      },
      platformInfo: 'any',
      mitigationVector: 'any',
      minimumTcb: { reported: 'any', committed: 'any', launch: 'any', current: 'any' },
      minimumFirmware: 'any',
      revocation: 'any',
    },
  }
}
