// SPDX-License-Identifier: Apache-2.0
// `npm run test:image`: the image's own file system, read-only, with its own command started in it. It
// takes root and packages of Debian, so it is no part of `npm test`; what it cannot run, it names.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { runAll, type Verdict } from '../interop/suite.js'
import { request, secured } from '../service/sockets.js'
import { assemble, root } from './assemble.js'
import { type Image, lastStage } from './dockerfile.js'

const image = lastStage(readFileSync(path.join(root, 'deploy/sidecar.Dockerfile'), 'utf8'))
/** AEP-83. */
const MEMORY_MOST_KIB = 44 * 1024

const verdict = (title: string, holds: boolean, otherwise: unknown): Verdict => ({
  title,
  problem: holds ? null : JSON.stringify(otherwise),
})

/** Mounts are this process's own and end with it; nothing of the machine but /proc is in there. */
const INSIDE =
  'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'

function inside(rootfs: string, { env }: Image, argv: readonly string[]): ChildProcess {
  const args = ['--mount', 'sh', '-c', INSIDE, rootfs, ...argv]
  return spawn('unshare', args, { env: { PATH: process.env.PATH, ...env } })
}

interface Line {
  readonly level: string
  readonly code?: string
  readonly msg: string
  readonly url?: string
}

async function sidecar(rootfs: string): Promise<Verdict[]> {
  const child = inside(rootfs, image, [...image.entrypoint, '--listen', '127.0.0.1:0'])
  const lines: Line[] = []
  const other: string[] = []
  let answers: Promise<Verdict[]> | undefined
  for await (const text of createInterface({ input: child.stderr as Readable })) {
    if (!text.startsWith('{')) {
      other.push(text)
      continue
    }
    const line: Line = JSON.parse(text)
    lines.push(line)
    if (line.level !== 'error' || answers) continue
    const url = new URL(String(lines.find(({ url }) => url)?.url))
    answers = asked(Number(url.port), line, child).finally(() => child.kill('SIGTERM'))
  }
  const code = child.exitCode ?? (await once(child, 'exit'))[0]
  return [
    verdict('it writes lines of JSON and nothing else', other.length === 0, other),
    ...((await answers) ?? [verdict('it says what is missing', false, lines)]),
    verdict('told to end, it ends well', code === 0 && lines.at(-1)?.msg === 'stopped', { code }),
  ]
}

async function asked(port: number, missing: Line, { pid }: ChildProcess): Promise<Verdict[]> {
  const client = await secured(port)
  const subject = (client.socket as TLSSocket).getPeerCertificate().subject.CN
  client.send(request('GET /healthz'))
  const answer = await client.all
  const honest =
    answer.startsWith('HTTP/1.1 503 ') && answer.endsWith(`${missing.code}: ${missing.msg}\n`)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const anonymous = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1])
  return [
    verdict(`no hardware is ${missing.code}`, missing.code === 'ERR_DEVICE_ABSENT', missing),
    verdict('/healthz says so', honest, answer),
    verdict('it serves TLS under its own name', subject === 'akash-attestation-sidecar', subject),
    verdict(`RssAnon is ${anonymous} KiB`, anonymous < MEMORY_MOST_KIB, status),
  ]
}

async function contents(rootfs: string): Promise<Verdict[]> {
  const shells = ['bin', 'usr/bin', 'sbin'].flatMap((dir) =>
    ['sh', 'bash', 'dash', 'busybox']
      .map((name) => path.join(rootfs, dir, name))
      .filter(existsSync),
  )
  const script =
    "process.stdout.write(String(require('koffi').load(null).func('int getpid()')() > 0))"
  const child = inside(rootfs, image, ['/usr/local/bin/node', '-e', script])
  const [out, [code]] = await Promise.all([
    (child.stdout as Readable).setEncoding('utf8').toArray(),
    once(child, 'exit'),
  ])
  return [
    verdict('there is no shell in it', shells.length === 0, shells),
    verdict('it calls C through koffi', code === 0 && out.join('') === 'true', { code, out }),
  ]
}

const scratch = mkdtempSync(path.join(tmpdir(), 'assay-image-'))
try {
  const rootfs = path.join(scratch, 'root')
  const run = async () => {
    assemble(image, rootfs)
    return [...(await contents(rootfs)), ...(await sidecar(rootfs))]
  }
  await runAll([{ name: 'deploy/sidecar.Dockerfile', run }])
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
