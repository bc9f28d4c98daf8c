// SPDX-License-Identifier: Apache-2.0
import t, { type Test } from 'tap'
import { openRim } from '../../src/verify/rim.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { type FakeRim, mintRimSigner } from '../fake/rim.js'
import { rejectsCode } from '../helpers.js'

const signer = await mintRimSigner()
const roots = [parseCertificate(signer.root)]

const refused = async (t: Test, rim: FakeRim, name: string): Promise<void> => {
  await rejectsCode(t, openRim(await signer.rim(rim), roots), 'ERR_RIM_SIGNATURE_FORM', name)
}

t.test('readSignature: exactly one, and a child of the root', async (t) => {
  const signature = /<ds:Signature .*<\/ds:Signature>/s
  const edits: Record<string, (xml: string) => string> = {
    none: (xml) => xml.replace(signature, ''),
    two: (xml) => xml.replace(signature, '$&$&'),
    'two, one of them empty': (xml) =>
      xml.replace(
        '<ds:Signature ',
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>$&',
      ),
    'one in another element': (xml) => xml.replace(signature, '<ns0:Entity>$&</ns0:Entity>'),
    'one of another namespace': (xml) => xml.replace('2000/09/xmldsig#', '2000/09/xmldsig'),
    'nested in another root': (xml) => `<a>${xml}</a>`,
  }
  for (const [name, document] of Object.entries(edits)) await refused(t, { document }, name)
})

t.test('readSignature: the parts of a signature, in their order', async (t) => {
  const edits: Record<string, (xml: string) => string> = {
    empty: (xml) => xml.replace(/(<ds:Signature [^>]*>).*(<\/ds:Signature>)/s, '$1$2'),
    'no SignatureValue': (xml) => xml.replace(/<ds:SignatureValue>.*<\/ds:SignatureValue>/, ''),
    'no KeyInfo': (xml) => xml.replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/s, ''),
    'KeyInfo twice': (xml) => xml.replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/s, '$&$&'),
    'something strange at the end': (xml) => xml.replace('</ds:Signature>', '<Object/>$&'),
    'a value that is not base64': (xml) => xml.replace('<ds:SignatureValue>', '$&*'),
    'KeyValue first': (xml) => xml.replace('<ds:KeyInfo>', '$&<ds:KeyValue/>'),
    'KeyValue last': (xml) => xml.replace('</ds:KeyInfo>', '<ds:KeyValue/>$&'),
    'KeyValue alone': (xml) =>
      xml.replace(/<ds:X509Data>.*<\/ds:X509Data>/s, '<ds:KeyValue>AA==</ds:KeyValue>'),
    'a name instead of a certificate': (xml) =>
      xml.replace('<ds:X509Data>', '$&<ds:X509SubjectName>CN=a</ds:X509SubjectName>'),
    'a certificate that is not base64': (xml) => xml.replace('<ds:X509Certificate>', '$&=='),
  }
  for (const [name, document] of Object.entries(edits)) await refused(t, { document }, name)
  const elements = (xml: string) => xml.replace('<ds:SignatureValue>', '$&<a/>')
  await refused(t, { document: elements }, 'an element in SignatureValue')
})

t.test('readSignedInfo: one set of algorithms, although the signer signed others', async (t) => {
  const c14n = 'http://www.w3.org/2006/12/xml-c14n11'
  const more = 'http://www.w3.org/2001/04/xmldsig-more#'
  const dsig = 'http://www.w3.org/2000/09/xmldsig#'
  const other: Record<string, [string | RegExp, string]> = {
    'Canonical XML 1.0': [c14n, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'],
    'with comments': [c14n, `${c14n}#WithComments`],
    'exclusive canonicalization': [c14n, 'http://www.w3.org/2001/10/xml-exc-c14n#'],
    RSA: [`${more}ecdsa-sha384`, `${more}rsa-sha384`],
    HMAC: [`${more}ecdsa-sha384`, `${more}hmac-sha384`],
    'ECDSA with SHA-256': [`${more}ecdsa-sha384`, `${more}ecdsa-sha256`],
    'SHA-1': [`${more}sha384`, `${dsig}sha1`],
    'SHA-256': [`${more}sha384`, 'http://www.w3.org/2001/04/xmlenc#sha256'],
    'another transform': [
      `${dsig}enveloped-signature`,
      'http://www.w3.org/TR/1999/REC-xpath-19991116',
    ],
    'a transform that canonicalizes otherwise': [
      new RegExp(`(<ds:Transform Algorithm=")${c14n}`),
      '$1http://www.w3.org/2001/10/xml-exc-c14n#',
    ],
    'no transforms': [/<ds:Transforms>.*<\/ds:Transforms>/, ''],
    'one transform': [new RegExp(`<ds:Transform Algorithm="${c14n}"></ds:Transform>`), ''],
    'a third transform': [
      '</ds:Transforms>',
      `<ds:Transform Algorithm="${c14n}"></ds:Transform>$&`,
    ],
    'parameters of a transform': [
      new RegExp(`(<ds:Transform Algorithm="${c14n}">)`),
      '$1<ds:XPath>a</ds:XPath>',
    ],
    'parameters of the method': [
      /(<ds:SignatureMethod [^>]*>)/,
      '$1<ds:HMACOutputLength>1</ds:HMACOutputLength>',
    ],
    'a fragment': ['URI=""', 'URI="#a"'],
    'no URI': [' URI=""', ''],
    'two references': [/<ds:Reference .*<\/ds:Reference>/, '$&$&'],
    'no reference': [/<ds:Reference .*<\/ds:Reference>/, ''],
    'no digest': [/<ds:DigestValue>.*<\/ds:DigestValue>/, ''],
    'a digest that is not base64': ['<ds:DigestValue>', '$&*'],
    nothing: [/(<ds:SignedInfo [^>]*>).*(<\/ds:SignedInfo>)/, '$1$2'],
  }
  for (const [name, [from, to]] of Object.entries(other)) {
    const signedInfo = (canonical: string) => {
      const edited = canonical.replace(from, to)
      t.not(edited, canonical)
      return edited
    }
    await refused(t, { signedInfo }, name)
  }
})
