// SPDX-License-Identifier: Apache-2.0
import { BlockList } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { isPublicAddress, isPublicHost } from '../../src/client/public-hosts.js'

const hostOf = (authority: string): string => new URL(`https://${authority}/`).hostname

t.test('hosts: those that everybody reaches', async (t) => {
  for (const authority of [
    'provider.example.com',
    'provider.example.com.',
    'localhost.example.com',
    'internal.example',
    '8.8.8.8',
    '100.128.0.1',
    '172.32.0.1',
    '[2606:4700::1111]',
    '[2a00:1450:4001:80f::200e]:8790',
    'xn--bcher-kva.example',
  ]) {
    t.ok(isPublicHost(hostOf(authority)), authority)
  }
})

t.test('hosts: those that only the caller reaches, in every spelling', async (t) => {
  for (const authority of [
    'localhost',
    'localhost.',
    'web.localhost',
    'LOCALHOST',
    'metadata',
    'metadata.google.internal',
    'web.default.svc',
    'web.default.svc.cluster.local',
    'router.lan',
    'nas.home.arpa',
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:10.0.0.1]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::a00:1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '[2001::1]',
    '[2002:a00:1::]',
    '[3fff::1]',
  ]) {
    t.notOk(isPublicHost(hostOf(authority)), authority)
  }
})

t.test('addresses: as a resolver spells them', async (t) => {
  t.ok(isPublicAddress('1.1.1.1'))
  t.ok(isPublicAddress('2606:4700:4700:0:0:0:0:1111'))
  for (const address of ['', 'web.example.com', 'fe80::1%eth0', '::ffff:127.0.0.1', '1:2']) {
    t.notOk(isPublicAddress(address), address)
  }
})

t.test('addresses: agree with the lists of Node', async (t) => {
  const special = new BlockList()
  for (const [first, prefix] of [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const) {
    special.addSubnet(first, prefix)
  }
  const routed = new BlockList()
  routed.addSubnet('2000::', 3, 'ipv6')
  const inside = new BlockList()
  inside.addSubnet('2001::', 23, 'ipv6')
  inside.addSubnet('2001:db8::', 32, 'ipv6')
  inside.addSubnet('2002::', 16, 'ipv6')
  inside.addSubnet('3fff::', 20, 'ipv6')
  const numRuns = 2000
  const judged = (address: string, expected: boolean) => isPublicAddress(address) === expected
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.ipV4(), (address) => judged(address, !special.check(address))),
      { numRuns },
    ),
  )
  const v6 = fc.oneof(
    fc.ipV6(),
    fc.ipV6().map((address) => address.replace(/^[^:]+/, '2001')),
  )
  const routable = (address: string) =>
    routed.check(address, 'ipv6') && !inside.check(address, 'ipv6')
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(v6, (address) => judged(address, routable(address))),
      { numRuns },
    ),
  )
})
