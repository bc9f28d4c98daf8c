// SPDX-License-Identifier: Apache-2.0
// The lab: boots an unmodified kernel, runs our script in it as root, and prints what that said.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { readVerdicts, run, Skip, type Verdict } from '../interop/suite.js'
import { GUEST_SCRIPT } from './bundle.js'

const lab = process.env.ASSAY_LAB ?? path.resolve(import.meta.dirname, '../../../shared/lab')
const script = path.join(lab, 'tsm/run.sh')

/** Why there can be no boot here, or null. */
export function missing(): string | null {
  if (!existsSync(script)) return 'no lab here: set ASSAY_LAB to its folder'
  if (process.getuid?.() !== 0) return 'the lab needs root'
  return null
}

/** The lab's own choice, and what V8 wants for the vector instructions of the core. */
const CPU = 'qemu64,-cx16,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt'

export interface Boot {
  /** As the lab calls it. */
  readonly kernel: '6.12' | 'new'
  /** Major version of the Node in the guest. */
  readonly node: number
  /** Folder that becomes /guest/extra. */
  readonly guest: string
  /** Where the lab keeps what it downloads and builds. */
  readonly work: string
}

/** @throws {Skip} without the Node that is wanted */
export function boot({ kernel, node, guest, work }: Boot): Verdict[] {
  mkdirSync(work, { recursive: true })
  const args = ['--kernel', kernel, '--script', `/guest/extra/${GUEST_SCRIPT}`]
  const env = { LAB_EXTRA: guest, LAB_WORK: work, LAB_NODE: binary(node, work), LAB_CPU: CPU }
  const { status, stdout, stderr } = spawnSync(script, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  })
  const verdicts = readVerdicts(stdout.match(/^(not )?ok .*$/gm)?.join('\n') ?? '')
  if (status === 0) return verdicts
  const end = `${stdout}${stderr}`.trim().split('\n').slice(-20).join('\n')
  return [...verdicts, { title: 'the lab', problem: `exit ${status}\n${end}` }]
}

/** This one if it will do; else from the npm registry, which carries Node itself. */
function binary(major: number, work: string): string {
  if (process.version.startsWith(`v${major}.`)) return process.execPath
  const prefix = path.join(work, `node-${major}`)
  const node = path.join(prefix, 'node_modules/node/bin/node')
  if (existsSync(node)) return node
  try {
    run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--silent', '--prefix', prefix, `node@${major}`],
      {
        cwd: work,
      },
    )
  } catch {
    throw new Skip(`Node ${major} is not to be had here`)
  }
  return node
}
