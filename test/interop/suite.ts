// SPDX-License-Identifier: Apache-2.0
// What a suite of interoperability is, and how it runs the tools of other languages.

import { spawnSync } from 'node:child_process'

/** Somebody else's implementation, and what it makes of ours. */
export interface Suite {
  readonly name: string
  /** @throws {Skip} when what it needs is not on this machine */
  run(): Promise<Verdict[]>
}

export interface Verdict {
  readonly title: string
  /** What went wrong, null when nothing did. */
  readonly problem: string | null
}

/** Why a suite did not run. */
export class Skip extends Error {}

export interface Run {
  readonly cwd: string
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Standard output of a program that succeeded. */
export function run(program: string, args: readonly string[], { cwd, input, env }: Run): string {
  const ran = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    ...(input !== undefined && { input }),
    maxBuffer: 1 << 26,
  })
  if (ran.error) throw ran.error
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr}`)
  return ran.stdout
}

/** A step without which there is nothing to try: a tool, or its packages from the network. */
export function need(what: string, program: string, args: readonly string[], how: Run): void {
  try {
    run(program, args, how)
  } catch (error) {
    const [reason] = (error as Error).message.trim().split('\n').slice(-1)
    throw new Skip(`${what} (${reason})`)
  }
}

/** Runs suites one after another and prints every verdict, then the count. */
export async function runAll(suites: readonly Suite[]): Promise<void> {
  const tally = { passed: 0, failed: 0, skipped: 0 }
  for (const suite of suites) {
    console.log(suite.name)
    try {
      for (const { title, problem } of await suite.run()) {
        if (problem === null) tally.passed++
        else tally.failed++
        console.log(problem === null ? `  pass  ${title}` : `  FAIL  ${title}: ${problem}`)
      }
    } catch (error) {
      if (!(error instanceof Skip)) throw error
      tally.skipped++
      console.log(`  SKIPPED: ${error.message}`)
    }
  }
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} of ${suites.length} suites skipped` : ''
  console.log(`${tally.passed} passed, ${tally.failed} failed${skipped}`)
  if (tally.failed > 0) process.exitCode = 1
}

/** Lines `ok TITLE` and `not ok TITLE: PROBLEM`, as the programs of other languages print them. */
export function readVerdicts(output: string): Verdict[] {
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const [, not, title, problem] = /^(not )?ok (.*?)(?:: (.*))?$/.exec(line) ?? []
      if (title === undefined) throw new Error(`no verdict: ${line}`)
      return { title, problem: not ? (problem ?? 'no reason') : null }
    })
}
