// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { readSettings } from '../../src/webhook/settings.js'
import { throwsCode } from '../helpers.js'

const IMAGE = `registry.example:5000/akash/sidecar@sha256:${'0f'.repeat(32)}`
const FILES = ['--tls-cert', 'tls.crt', '--tls-key', 'tls.key']
const LEAST = [...FILES, '--sidecar-image', IMAGE, '--platform', 'tdx']
const ENVIRONMENT = {
  ASSAY_WEBHOOK_SIDECAR_IMAGE: IMAGE,
  ASSAY_WEBHOOK_PLATFORM: 'snp',
  ASSAY_WEBHOOK_CARVE_RESOURCES: 'true',
  ASSAY_WEBHOOK_NATIVE_SIDECAR: 'false',
}

t.test('settings: what must be said, and what need not', async (t) => {
  t.same(readSettings(LEAST, {}), {
    listen: { host: '', port: 9443 },
    tls: { cert: 'tls.crt', key: 'tls.key', clientCa: null },
    policy: { sidecarImage: IMAGE, platform: 'tdx', carveResources: false, nativeSidecar: false },
    graceMs: 10_000,
    level: 'info',
    warnings: [],
  })
})

t.test('settings: every flag', async (t) => {
  const argv = [
    ...['--listen', '[::1]:1', '--client-ca', 'ca.crt', '--shutdown-delay', '0'],
    ...['--carve-resources', '--native-sidecar', '--log-level', 'debug'],
  ]
  t.match(readSettings([...LEAST, ...argv], {}), {
    listen: { host: '::1', port: 1 },
    tls: { clientCa: 'ca.crt' },
    policy: { carveResources: true, nativeSidecar: true },
    graceMs: 0,
    level: 'debug',
  })
})

t.test(
  'settings: the environment stands in for flags, and empty variables for nothing',
  async (t) => {
    const { policy } = readSettings(FILES, ENVIRONMENT)
    t.same(policy, {
      sidecarImage: IMAGE,
      platform: 'snp',
      carveResources: true,
      nativeSidecar: false,
    })
    const flags = [...LEAST, '--native-sidecar']
    t.match(readSettings(flags, ENVIRONMENT).policy, { platform: 'tdx', nativeSidecar: true })
    const empty = { ...ENVIRONMENT, ASSAY_WEBHOOK_CARVE_RESOURCES: '' }
    t.equal(readSettings(FILES, empty).policy.carveResources, false)
  },
)

t.test('settings: an image by tag is served, and warned of', async (t) => {
  const { warnings } = readSettings(
    [...LEAST, '--sidecar-image', 'localhost:5000/sidecar:v1.2'],
    {},
  )
  t.match(warnings, [/by tag/])
})

t.test('settings: what is wrong is named', async (t) => {
  const table: [
    argv: string[],
    env: Record<string, string>,
    code: 'ERR_USAGE' | 'ERR_ARGUMENT',
    name: RegExp,
  ][] = [
    [['--mock'], {}, 'ERR_USAGE', /--mock/],
    [LEAST.slice(2), {}, 'ERR_USAGE', /--tls-cert is missing/],
    [[...LEAST.slice(0, 2), ...LEAST.slice(4)], {}, 'ERR_USAGE', /--tls-key is missing/],
    [FILES, {}, 'ERR_USAGE', /--sidecar-image \(or ASSAY_WEBHOOK_SIDECAR_IMAGE\) is missing/],
    [FILES, { ...ENVIRONMENT, ASSAY_WEBHOOK_PLATFORM: '' }, 'ERR_USAGE', /ASSAY_WEBHOOK_PLATFORM/],
    [[...LEAST, '--platform', 'sgx'], {}, 'ERR_ARGUMENT', /--platform is one of snp, tdx/],
    [[...LEAST, '--sidecar-image', 'a b'], {}, 'ERR_ARGUMENT', /--sidecar-image/],
    [[...LEAST, '--sidecar-image', 'a@sha256:12'], {}, 'ERR_ARGUMENT', /--sidecar-image/],
    [[...LEAST, '--listen', 'x'], {}, 'ERR_ARGUMENT', /--listen/],
    [[...LEAST, '--shutdown-delay', '21'], {}, 'ERR_ARGUMENT', /--shutdown-delay/],
    [[...LEAST, '--shutdown-delay', '5s'], {}, 'ERR_ARGUMENT', /--shutdown-delay/],
    [[...LEAST, '--log-level', 'all'], {}, 'ERR_ARGUMENT', /--log-level is one of /],
    [
      FILES,
      { ...ENVIRONMENT, ASSAY_WEBHOOK_NATIVE_SIDECAR: 'yes' },
      'ERR_ARGUMENT',
      /ASSAY_WEBHOOK_NATIVE_SIDECAR is one of true, false/,
    ],
  ]
  for (const [argv, env, code, name] of table) {
    t.match(
      throwsCode(t, () => readSettings(argv, env), code, argv.join(' ')),
      name,
    )
  }
})
