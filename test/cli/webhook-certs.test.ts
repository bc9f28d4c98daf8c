// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { FakeKubeApi, registration } from '../fake/kube-webhooks.js'
import { kubeconfigFile } from '../fake/kubeconfig.js'
import { serve } from '../fake/server.js'
import { mintTls } from '../fake/tls.js'
import { assay, type Ran } from './terminal.js'

const tls = mintTls('127.0.0.1')
const AT = new Date('2026-03-01T12:00:00Z')

interface Desk {
  readonly kube: FakeKubeApi
  readonly slept: number[]
  /** `assay webhook-certs` with these flags. */
  run(...flags: readonly string[]): Promise<Ran>
}

async function desk(t: Test, configured = true): Promise<Desk> {
  const kube = new FakeKubeApi()
  if (configured) kube.put(registration())
  const server = await serve(kube.handle, tls)
  t.teardown(() => server.close())
  const slept: number[] = []
  const file = kubeconfigFile(server.url, tls.cert)
  const sleep = async (ms: number) => slept.push(ms)
  const run = (...flags: readonly string[]) =>
    assay(['webhook-certs', '--kubeconfig', file, ...flags], { now: () => AT, sleep })
  return { kube, slept, run }
}

const serving = ({ secret }: FakeKubeApi): X509Certificate =>
  new X509Certificate(Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64'))

t.test('webhook-certs: the first run and the next, as text', async (t) => {
  const { kube, run } = await desk(t)
  const first = await run()
  t.equal(first.code, 0, first.err)
  t.equal(first.err, '')
  t.match(first.out, /^Secret assay-system\/assay-webhook-tls: created: there was none\n/)
  t.match(first.out, 'until 2026-05-30T12:00:00Z, renewed from 2026-04-30T11:40:00Z on\n')
  t.match(first.out, 'akash-attestation-sidecar-injector: patched\n')
  t.match(first.out, 'CN=assay-webhook-ca 2026-03-01T12:00:00Z')
  const names = 'assay-webhook.assay-system.svc'
  t.equal(
    serving(kube).subjectAltName,
    `DNS:${names}, DNS:${names}.cluster.local, DNS:assay-webhook.assay-system`,
  )
  const writes = kube.writes.length
  const second = await run()
  t.match(second.out, /^Secret assay-system\/assay-webhook-tls: unchanged\n/)
  t.equal(kube.writes.length, writes)
})

t.test('webhook-certs: one document of what is, and why', async (t) => {
  const { kube, slept, run } = await desk(t)
  await run()
  const { code, out } = await run('--json', '--renew', '--lifetime', '30', '--settle', '3')
  t.equal(code, 0)
  t.same(slept, [3000])
  const document = JSON.parse(out)
  t.match(document, {
    dryRun: false,
    secret: {
      namespace: 'assay-system',
      name: 'assay-webhook-tls',
      state: 'renewed',
      reason: 'asked',
    },
    serving: {
      subject: 'CN=assay-webhook',
      sha256: serving(kube).fingerprint256.replaceAll(':', '').toLowerCase(),
      notBefore: '2026-03-01T11:00:00Z',
      notAfter: '2026-03-31T12:00:00Z',
      renewAfter: '2026-03-21T11:40:00Z',
    },
    configuration: { name: 'akash-attestation-sidecar-injector', state: 'patched' },
  })
  t.equal(document.serving.names.length, 3)
  const [{ webhook, before, after }] = document.caBundles
  t.same([webhook, before.length, after.length], [0, 1, 2])
})

t.test('webhook-certs: a dry run keeps nothing, and says what would be', async (t) => {
  const { kube, slept, run } = await desk(t)
  const dry = await run('--dry-run')
  t.equal(dry.code, 0, dry.err)
  t.match(dry.out, /^Nothing was kept: .*\n.*: created: .*\n/)
  t.match(dry.out, ': patched\n')
  t.equal(kube.secret, undefined)
  t.ok(kube.writes.every((said) => said.endsWith('?dryRun')))
  t.equal(kube.configuration?.webhooks?.[0]?.clientConfig.caBundle, undefined)
  await run()
  await run('--renew')
  const { resourceVersion } = kube.secret?.metadata ?? {}
  slept.length = 0
  t.match(await run('--dry-run', '--renew'), { code: 0, out: /: renewed: as asked\n/ })
  t.match(await run('--dry-run', '--prune'), { code: 0, out: /: pruned\n/ })
  t.equal(kube.secret?.metadata?.resourceVersion, resourceVersion)
  t.ok(slept.every((ms) => ms === 0))
  t.match(await run('--prune'), { code: 0, out: /: pruned\n/ })
})

t.test(
  'webhook-certs: without a webhook that calls us the Secret is made nevertheless',
  async (t) => {
    const { kube, run } = await desk(t, false)
    const missing = await run('--json')
    t.equal(missing.code, 20)
    t.match(missing.err, /^assay: ERR_WEBHOOK_CONFIGURATION: there is no [^\n]+\n$/)
    t.match(JSON.parse(missing.out), { configuration: { state: 'missing' } })
    t.ok(kube.secret)
    kube.put(registration({ clientConfig: { service: { namespace: 'a', name: 'b' } } }))
    const unrelated = await run()
    t.equal(unrelated.code, 20)
    t.match(unrelated.err, /^assay: ERR_WEBHOOK_CONFIGURATION: no webhook of [^\n]+\n$/)
  },
)

t.test('webhook-certs: a Secret that is not ours is left alone until forced', async (t) => {
  const { kube, run } = await desk(t)
  const metadata = { name: 'assay-webhook-tls', namespace: 'assay-system' }
  kube.put({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    data: { 'tls.crt': 'YQ==', other: 'YQ==' },
  })
  const refused = await run()
  t.equal(refused.code, 30)
  t.match(
    refused.err,
    /^assay: ERR_WEBHOOK_SECRET: the Secret assay-system\/assay-webhook-tls [^\n]+\n$/,
  )
  t.same(kube.writes, [])
  t.match(await run('--force'), { code: 0, out: /: replaced: what was there was not made/ })
  t.equal(kube.secret?.data?.other, 'YQ==')
})

t.test('webhook-certs: what is missing is named', async (t) => {
  const { kube, run } = await desk(t)
  kube.forbidden.add('patch mutatingwebhookconfigurations')
  const forbidden = await run()
  t.equal(forbidden.code, 20)
  t.match(forbidden.err, /^assay: ERR_KUBERNETES_FORBIDDEN: this account may not patch [^\n]+\n$/)
  const nowhere = kubeconfigFile('https://127.0.0.1:1', tls.cert)
  const unreachable = await assay(['webhook-certs', '--kubeconfig', nowhere])
  t.equal(unreachable.code, 20)
  t.match(unreachable.err, /^assay: ERR_KUBERNETES_UNAVAILABLE: [^\n]+ECONNREFUSED[^\n]*\n$/)
  const none = await assay(['webhook-certs', '--kubeconfig', '/nonexistent'])
  t.equal(none.code, 30)
  t.match(none.err, /^assay: ERR_KUBERNETES_CONFIG: [^\n]+\n$/)
})

t.test('webhook-certs: flags are checked before anybody is asked', async (t) => {
  for (const flags of [
    ['--namespace', 'a/b'],
    ['--secret', 'A'],
    ['--san', 'a_b'],
    ['--lifetime', '0'],
    ['--lifetime', '826'],
    ['--settle', '61'],
    ['--renew', '--prune'],
  ]) {
    const { code, err } = await assay(['webhook-certs', ...flags])
    t.equal(code, 30, flags.join(' '))
    t.match(err, /^assay: ERR_USAGE: /)
  }
})

t.test('webhook-certs: more names are for whoever calls by another way', async (t) => {
  const { kube, run } = await desk(t)
  await run('--san', '127.0.0.1', '--san', 'webhook.example')
  t.ok(serving(kube).checkIP('127.0.0.1'))
  t.ok(serving(kube).checkHost('webhook.example'))
})

t.test('webhook-certs: the process of the image is that one command', async (t) => {
  const kube = new FakeKubeApi()
  kube.put(registration())
  const server = await serve(kube.handle, tls)
  t.teardown(() => server.close())
  const main = path.resolve(import.meta.dirname, '../../src/cli/webhook-certs-main.ts')
  const start = async (...flags: readonly string[]) => {
    const child = spawn(process.execPath, [...process.execArgv, main, ...flags])
    const all = [text(child.stdout), text(child.stderr), once(child, 'exit')] as const
    const [out, err, [code]] = await Promise.all(all)
    return { out, err, code }
  }
  const file = kubeconfigFile(server.url, tls.cert)
  const first = await start('--kubeconfig', file)
  t.match(first, { code: 0, err: '', out: /: created: there was none\n/ })
  const second = await start('--kubeconfig', file, '--renew', '--settle', '0', '--json')
  t.equal(second.code, 0, second.err)
  t.match(JSON.parse(second.out), { secret: { state: 'renewed' } })
  t.match(await start('--unknown'), { code: 30, out: '', err: /^assay: ERR_USAGE: [^\n]+\n$/ })
})
