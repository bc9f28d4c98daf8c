// SPDX-License-Identifier: Apache-2.0
// Commands of an image in its own root file system, which they can only read.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Verdict } from '../interop/suite.js'
import { root } from './assemble.js'
import { type Image, lastStage } from './dockerfile.js'

export const imageOf = (name: string): Image =>
  lastStage(readFileSync(path.join(root, `deploy/${name}.Dockerfile`), 'utf8'))

export const verdict = (title: string, holds: boolean, otherwise: unknown): Verdict => ({
  title,
  problem: holds ? null : JSON.stringify(otherwise),
})

/** Mounts are this process's own and end with it; nothing of the machine but /proc is in there. */
const INSIDE =
  'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && mount -t proc proc "$0/proc" && user="$1" && shift && exec chroot --userspec="$user" "$0" "$@"'

export function inside(
  rootfs: string,
  { env, user }: Image,
  argv: readonly string[],
  more: Readonly<Record<string, string>> = {},
): ChildProcess {
  const args = ['--mount', 'sh', '-c', INSIDE, rootfs, user, ...argv]
  return spawn('unshare', args, { env: { PATH: process.env.PATH, ...env, ...more } })
}

export interface Line {
  readonly level: string
  readonly code?: string
  readonly msg: string
  readonly url?: string
}

/** What it writes; `seen` is called for each line and may start to ask it something. */
export async function follow(child: ChildProcess, seen: (line: Line) => void) {
  const lines: Line[] = []
  const other: string[] = []
  for await (const text of createInterface({ input: child.stderr as Readable })) {
    if (!text.startsWith('{')) {
      other.push(text)
      continue
    }
    const line: Line = JSON.parse(text)
    lines.push(line)
    seen(line)
  }
  const code = child.exitCode ?? (await once(child, 'exit'))[0]
  return {
    lines,
    verdicts: [
      verdict('it writes lines of JSON and nothing else', other.length === 0, other),
      verdict('told to end, it ends well', code === 0 && lines.at(-1)?.msg === 'stopped', { code }),
    ],
  }
}

export function anonymousKib({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1])
}

export async function output(child: ChildProcess): Promise<{ code: number; out: string }> {
  const [out, [code]] = await Promise.all([
    (child.stdout as Readable).setEncoding('utf8').toArray(),
    once(child, 'exit'),
  ])
  return { code, out: out.join('') }
}

export function shells(rootfs: string): string[] {
  return ['bin', 'usr/bin', 'sbin'].flatMap((dir) =>
    ['sh', 'bash', 'dash', 'busybox']
      .map((name) => path.join(rootfs, dir, name))
      .filter(existsSync),
  )
}
