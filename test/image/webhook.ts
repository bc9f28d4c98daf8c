// SPDX-License-Identifier: Apache-2.0
// The image of the webhook, started as its Deployment does: as nobody, with the files of a Secret.

import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { only, readFolder, templates } from '../deploy/manifests.js'
import { Authority } from '../fake/authority.js'
import type { Suite, Verdict } from '../interop/suite.js'
import { request, secured } from '../service/sockets.js'
import { assemble } from './assemble.js'
import { anonymousKib, follow, imageOf, inside, output, shells, verdict } from './inside.js'

const image = imageOf('webhook')
/** Far from the limit of the Deployment, before anybody asks it anything. */
const MEMORY_MOST_KIB = 96 * 1024
const SETTINGS = {
  ASSAY_WEBHOOK_SIDECAR_IMAGE: 'registry.example/akash-attestation-sidecar:0.1.0',
  ASSAY_WEBHOOK_PLATFORM: 'snp',
}

export const webhook = (rootfs: string): Suite => ({
  name: 'deploy/webhook.Dockerfile',
  async run() {
    assemble(image, rootfs)
    return [...(await contents(rootfs)), ...(await started(rootfs))]
  },
})

async function started(rootfs: string): Promise<Verdict[]> {
  const [{ args, volumeMounts }] = only(readFolder('webhook/base').objects, 'Deployment').spec
    .template.spec.containers
  const dir = path.join(rootfs, volumeMounts[0].mountPath)
  const { cert, key } = new Authority().issue()
  mkdirSync(dir, { recursive: true })
  writeFileSync(path.join(dir, 'tls.crt'), cert)
  writeFileSync(path.join(dir, 'tls.key'), key)
  const more = ['--listen=127.0.0.1:0', '--shutdown-delay=0']
  const flags = args.filter((arg: string) => !arg.startsWith('--listen'))
  const child = inside(rootfs, image, [...image.entrypoint, ...flags, ...more], SETTINGS)
  let answers: Promise<Verdict[]> | undefined
  const { lines, verdicts } = await follow(child, ({ url }) => {
    if (!url) return
    answers = asked(Number(new URL(url).port), child).finally(() => child.kill('SIGTERM'))
  })
  return [...verdicts, ...((await answers) ?? [verdict('it serves', false, lines)])]
}

async function asked(port: number, child: ChildProcess): Promise<Verdict[]> {
  const client = await secured(port)
  client.send(request('GET /readyz'))
  const answer = await client.all
  const anonymous = anonymousKib(child)
  return [
    verdict('/readyz says that it is', answer.startsWith('HTTP/1.1 200 '), answer),
    verdict(`RssAnon is ${anonymous} KiB`, anonymous < MEMORY_MOST_KIB, anonymous),
  ]
}

async function contents(rootfs: string): Promise<Verdict[]> {
  const found = shells(rootfs)
  const [job] = templates(readFolder('webhook/no-cert-manager').objects)
  const ran = await output(inside(rootfs, image, [...job.spec.containers[0].command, '--help']))
  return [
    verdict('there is no shell in it', found.length === 0, found),
    verdict('it holds the command of the job', ran.code === 0, ran),
  ]
}
