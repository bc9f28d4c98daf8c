// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { type KubeFlags, kubeSettings } from '../../src/directory/kube-settings.js'
import { throwsCode } from '../helpers.js'

const NONE: KubeFlags = { nodeHost: null, gateway: null, expectations: null }
const ROUTE = '/lease/{dseq}/{gseq}/{oseq}/attestation/quote?service={service}&podIndex={podIndex}'

t.test('kube settings: what is not given', async (t) => {
  t.same(kubeSettings(NONE), {
    nodeHost: null,
    gateway: null,
    expectations: { namespace: 'assay-system', name: 'assay-directory-expectations' },
  })
  t.same(kubeSettings({ nodeHost: '', gateway: '', expectations: '' }), kubeSettings(NONE))
})

t.test('kube settings: a gateway by its address, or by a whole URL', async (t) => {
  const of = (gateway: string) => kubeSettings({ ...NONE, gateway }).gateway
  t.equal(of('https://provider.example:8443'), `https://provider.example:8443${ROUTE}`)
  t.equal(of('https://provider.example:8443/'), `https://provider.example:8443${ROUTE}`)
  const whole = 'https://gw.example/{owner}/{dseq}/{gseq}/{oseq}'
  t.equal(of(whole), whole)
  for (const bad of [
    'provider.example:8443',
    'http://provider.example',
    'https://[/{dseq}/{gseq}/{oseq}',
    'https://user:secret@provider.example',
    'https://user@provider.example',
    'https://provider.example/{dseq}/{gseq}',
    'https://provider.example/{dseq}/{gseq}/{oseq}/{pod}',
    'https://provider.example/{dseq}/{gseq}/{oseq}#x',
    'https://provider.example/{dseq}/{gseq}/{oseq}/ü',
    'https://provider.example/{dseq}/{gseq}/{oseq}/ ',
  ]) {
    throwsCode(t, () => of(bad), 'ERR_ARGUMENT')
  }
})

t.test('kube settings: a host for node ports', async (t) => {
  const of = (nodeHost: string) => kubeSettings({ ...NONE, nodeHost }).nodeHost
  t.equal(of('nodes.example.com'), 'nodes.example.com')
  t.equal(of('2001:db8::1'), '2001:db8::1')
  for (const bad of ['a b', 'https://x', 'x/y', '1:2']) {
    throwsCode(t, () => of(bad), 'ERR_ARGUMENT')
  }
})

t.test('kube settings: a ConfigMap by namespace and name', async (t) => {
  const of = (expectations: string) => kubeSettings({ ...NONE, expectations }).expectations
  t.same(of('ns/name'), { namespace: 'ns', name: 'name' })
  for (const bad of ['name', 'a/b/c', 'A/b', '/', 'ns/x&y']) {
    throwsCode(t, () => of(bad), 'ERR_ARGUMENT')
  }
})
