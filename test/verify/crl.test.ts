// SPDX-License-Identifier: Apache-2.0

import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  CRLReason,
  CRLReasons,
  Extension,
  id_ce_cRLReasons,
  type TBSCertList,
} from '@peculiar/asn1-x509'
import t from 'tap'
import { crlTemplate } from '../../src/simulate/amd.js'
import { signCrl } from '../../src/simulate/x509.js'
import { parseCrl } from '../../src/verify/crl.js'
import { amdName } from '../../src/verify/names.js'
import { AT, amdKeys, mintAmd } from '../fake/amd.js'
import { throwsCode } from '../helpers.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'

async function mint(change: (tbs: TBSCertList) => void) {
  const tbs = crlTemplate({
    product: 'Genoa',
    number: 4,
    thisUpdate: AT,
    nextUpdate: new Date('2027-01-01T00:00:00Z'),
    revoked: [0x020001],
  })
  change(tbs)
  return signCrl(tbs, (await amdKeys()).ark.privateKey)
}

t.test('crl: fields as minted', async (t) => {
  const crl = parseCrl(await mint(() => undefined))
  t.match(crl, { issuer: amdName('ARK-Genoa'), number: 4, thisUpdate: AT, pss: true })
  t.same([...crl.revoked], ['020001'])
  t.equal(crl.nextUpdate.toISOString(), '2027-01-01T00:00:00.000Z')
})

t.test('crl: nothing revoked, and no extensions at all', async (t) => {
  const empty = parseCrl(
    await mint((tbs) => {
      delete tbs.revokedCertificates
      delete tbs.crlExtensions
    }),
  )
  t.same([...empty.revoked], [])
  t.equal(empty.number, null)
  const unnumbered = await mint((tbs) => {
    for (const extension of tbs.crlExtensions ?? []) extension.extnID = '2.5.29.35'
  })
  t.equal(parseCrl(unnumbered).number, null)
})

t.test('crl: a reason is no reason to refuse', async (t) => {
  const reason = new Extension({
    extnID: id_ce_cRLReasons,
    extnValue: new OctetString(AsnConvert.serialize(new CRLReason(CRLReasons.superseded))),
  })
  const crl = parseCrl(
    await mint((tbs) => {
      for (const entry of tbs.revokedCertificates ?? []) entry.crlEntryExtensions = [reason]
    }),
  )
  t.same([...crl.revoked], ['020001'])
})

t.test('crl: what it is not made for is refused', async (t) => {
  const critical = new Extension({
    extnID: '2.5.29.27',
    critical: true,
    extnValue: new OctetString(Uint8Array.of(2, 1, 1)),
  })
  const bad: Record<string, (tbs: TBSCertList) => void> = {
    'version 1': (tbs) => {
      delete tbs.version
    },
    'no nextUpdate': (tbs) => {
      delete tbs.nextUpdate
    },
    'a number that is none': (tbs) => {
      for (const extension of tbs.crlExtensions ?? []) {
        extension.extnValue = new OctetString(Uint8Array.of(2, 1, 0x80))
      }
    },
    'a list of nothing': (tbs) => {
      tbs.revokedCertificates = []
    },
    'a padded serial': (tbs) => {
      for (const entry of tbs.revokedCertificates ?? []) {
        entry.userCertificate = Uint8Array.of(0, 7).buffer
      }
    },
    'a delta': (tbs) => {
      tbs.crlExtensions = [critical]
    },
    'an entry of another issuer': (tbs) => {
      for (const entry of tbs.revokedCertificates ?? []) entry.crlEntryExtensions = [critical]
    },
  }
  for (const [what, change] of Object.entries(bad)) {
    const der = await mint(change)
    throwsCode(t, () => parseCrl(der), FORMAT, what)
  }
})

t.test('crl: exactly one DER object, and not a certificate', async (t) => {
  const der = await mint(() => undefined)
  for (let length = 0; length < der.length; length++) {
    throwsCode(t, () => parseCrl(der.slice(0, length)), FORMAT, `cut to ${length}`)
  }
  const { ark } = await mintAmd()
  throwsCode(t, () => parseCrl(ark), FORMAT, 'a certificate')
})
