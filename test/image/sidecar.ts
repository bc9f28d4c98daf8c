// SPDX-License-Identifier: Apache-2.0
// The image of the sidecar, started where there is no hardware.

import type { ChildProcess } from 'node:child_process'
import type { TLSSocket } from 'node:tls'
import type { Suite, Verdict } from '../interop/suite.js'
import { request, secured } from '../service/sockets.js'
import { assemble } from './assemble.js'
import {
  anonymousKib,
  follow,
  imageOf,
  inside,
  type Line,
  output,
  shells,
  verdict,
} from './inside.js'

const image = imageOf('sidecar')
/** AEP-83. */
const MEMORY_MOST_KIB = 44 * 1024

export const sidecar = (rootfs: string): Suite => ({
  name: 'deploy/sidecar.Dockerfile',
  async run() {
    assemble(image, rootfs)
    return [...(await contents(rootfs)), ...(await started(rootfs))]
  },
})

async function started(rootfs: string): Promise<Verdict[]> {
  const child = inside(rootfs, image, [...image.entrypoint, '--listen', '127.0.0.1:0'])
  let url = ''
  let answers: Promise<Verdict[]> | undefined
  const { lines, verdicts } = await follow(child, (line) => {
    url = line.url ?? url
    if (line.level !== 'error' || answers) return
    answers = asked(Number(new URL(url).port), line, child).finally(() => child.kill('SIGTERM'))
  })
  return [...verdicts, ...((await answers) ?? [verdict('it says what is missing', false, lines)])]
}

async function asked(port: number, missing: Line, child: ChildProcess): Promise<Verdict[]> {
  const client = await secured(port)
  const subject = (client.socket as TLSSocket).getPeerCertificate().subject.CN
  client.send(request('GET /healthz'))
  const answer = await client.all
  const honest =
    answer.startsWith('HTTP/1.1 503 ') && answer.endsWith(`${missing.code}: ${missing.msg}\n`)
  const anonymous = anonymousKib(child)
  return [
    verdict(`no hardware is ${missing.code}`, missing.code === 'ERR_DEVICE_ABSENT', missing),
    verdict('/healthz says so', honest, answer),
    verdict('it serves TLS under its own name', subject === 'akash-attestation-sidecar', subject),
    verdict(`RssAnon is ${anonymous} KiB`, anonymous < MEMORY_MOST_KIB, anonymous),
  ]
}

async function contents(rootfs: string): Promise<Verdict[]> {
  const found = shells(rootfs)
  const script =
    "process.stdout.write(String(require('koffi').load(null).func('int getpid()')() > 0))"
  const ran = await output(inside(rootfs, image, ['/usr/local/bin/node', '-e', script]))
  return [
    verdict('there is no shell in it', found.length === 0, found),
    verdict('it calls C through koffi', ran.code === 0 && ran.out === 'true', ran),
  ]
}
