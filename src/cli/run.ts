// SPDX-License-Identifier: Apache-2.0
// Every command of `assay`.

import { Command } from 'commander'
import { bundleCommand } from './bundle.js'
import { demoCommand } from './demo.js'
import { detectCommand } from './detect.js'
import { directoryCommand } from './directory.js'
import type { ExitCode } from './exit.js'
import { inspectCommand } from './inspect.js'
import type { Io } from './io.js'
import { policyCommand } from './policy.js'
import { quoteCommand } from './quote.js'
import { type Answer, runProgram } from './runner.js'
import { sidecarCommand } from './sidecar.js'
import { simulateCommand } from './simulate.js'
import { verifyCommand } from './verify.js'
import { webhookCommand } from './webhook.js'
import { webhookCertsCommand } from './webhook-certs.js'

/**
 * Runs one command line.
 *
 * @param argv arguments without the interpreter and the script
 * @returns the exit code; nothing is thrown
 */
export const run = (argv: readonly string[], version: string, world: Io): Promise<ExitCode> =>
  runProgram(argv, world, (io, answer) => assay(version, io, answer))

function assay(version: string, io: Io, answer: Answer): Command {
  const program = new Command('assay')
    .description(
      'Decodes and verifies confidential-computing evidence: AMD SEV-SNP, Intel TDX, NVIDIA GPU',
    )
    .version(version)
    .addHelpText(
      'after',
      '\nEvery refusal has a code; docs/errors.md says what each means and what to do',
    )
    .helpCommand(false)
    .showSuggestionAfterError(true)
  for (const command of [
    demoCommand(io, answer),
    detectCommand(io, answer),
    directoryCommand(io),
    inspectCommand(io),
    policyCommand(io),
    quoteCommand(io),
    sidecarCommand(io),
    verifyCommand(version, io, answer),
    bundleCommand(io),
    simulateCommand(io),
    webhookCommand(io),
    webhookCertsCommand(io),
  ]) {
    program.addCommand(command)
  }
  return program
}
