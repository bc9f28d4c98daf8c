// SPDX-License-Identifier: Apache-2.0
// `assay policy`: makes a policy from evidence, says in words what one accepts, prints the JSON Schema.

import { createRequire } from 'node:module'
import path from 'node:path'
import { Command } from 'commander'
import {
  authenticity,
  explain,
  explainPolicy,
  initPolicy,
  type Policy,
  parsePolicy,
} from '../verify/index.js'
import { collect, once, parseTime } from './arguments.js'
import { readInput, readInputs } from './files.js'
import type { Io } from './io.js'
import { createFile } from './output.js'
import { readSeed } from './policy-seed.js'

interface InitOptions {
  readonly out?: string
  readonly name?: string
  readonly endorsement?: readonly string[]
  readonly roots?: readonly string[]
  readonly at?: string
  readonly json?: boolean
}

/** Characters of the name that a policy gets from its file. */
const NAME_LEN = 80

export function policyCommand(io: Io): Command {
  return new Command('policy')
    .description('make, read and check the policies that verify decides by')
    .helpCommand(false)
    .addCommand(initCommand(io))
    .addCommand(explainCommand(io))
    .addCommand(
      new Command('schema').description('print the JSON Schema of policies').action(() => {
        const schema: unknown = createRequire(import.meta.url)('assay/policy.schema.json')
        io.out(`${JSON.stringify(schema, null, 2)}\n`)
      }),
    )
}

const EXAMPLES = `
Examples:
  assay policy init report.bin --endorsement vcek.der --out policy.jsonc
  assay policy init evidence.json --name "inference, release 7" > policy.jsonc
Nothing is fetched: without its certificate the evidence is pinned unverified, which the file says.`

function initCommand(io: Io): Command {
  return new Command('init')
    .description('write a strict, commented policy that pins what evidence shows')
    .argument('<file>', 'an SNP report or an evidence file, or - for standard input')
    .option('--out <file>', 'write to this new file instead of standard output', once('--out'))
    .option('--name <text>', 'name of the policy', once('--name'))
    .option('--endorsement <file>', 'certificates or CRLs, DER or PEM (repeatable)', collect)
    .option('--roots <file>', 'roots to trust besides the vendor ones (repeatable)', collect)
    .option('--at <time>', 'appraise the evidence as of this ISO-8601 time', once('--at'))
    .option('--json', 'JSON without comments')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: InitOptions) => {
      await init(file, options, io)
    })
}

async function init(file: string, options: InitOptions, io: Io): Promise<void> {
  const { out, json, name = `pinned from ${nameOf(file)}` } = options
  const { doubt, ...seed } = await readSeed({
    file: await readInput(file, io),
    endorsements: await readInputs(options.endorsement, io),
    roots: await readInputs(options.roots, io),
    at: options.at === undefined ? io.now() : parseTime(options.at),
  })
  const commented = initPolicy({ ...seed, name })
  const text = json ? `${JSON.stringify(parsePolicy(commented), null, 2)}\n` : commented
  const { verdict } = seed
  if (out === undefined) {
    io.out(text)
  } else {
    await createFile(out, text)
    io.out(json ? `${JSON.stringify({ out, evidence: verdict })}\n` : `policy written to ${out}\n`)
  }
  io.err(
    doubt === null
      ? 'the evidence was verified; whether its workload is yours is for you to check\n'
      : `the evidence is ${verdict}: check every value before you rely on it\n  ${doubt}\n`,
  )
}

const nameOf = (file: string): string =>
  file === '-'
    ? 'standard input'
    : path
        .basename(file)
        .replaceAll(/[^ -~]/g, '?')
        .slice(0, NAME_LEN)

function explainCommand(io: Io): Command {
  return new Command('explain')
    .description('say what a policy accepts, where it is weak, and what nothing looks at')
    .argument('<file>', 'a policy, - for standard input, or authenticity for the built-in one')
    .option('--json', 'print one JSON document')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const policy = await readPolicy(file, io)
      io.out(
        json
          ? `${JSON.stringify({ policy, ...explain(policy) }, null, 2)}\n`
          : `${explainPolicy(policy).join('\n')}\n`,
      )
    })
}

/**
 * A policy by its file, or a built-in one by its name.
 *
 * @throws {AttestationError} `ERR_POLICY_DOCUMENT`, or as `readInput`
 */
export async function readPolicy(file: string, io: Io): Promise<Policy> {
  return file === 'authenticity' ? authenticity() : parsePolicy(await readInput(file, io))
}
