// SPDX-License-Identifier: Apache-2.0
// argv → command → exit code.

import { Command, CommanderError } from 'commander'
import { AttestationError } from '../errors.js'
import { bundleCommand } from './bundle.js'
import { demoCommand } from './demo.js'
import { detectCommand } from './detect.js'
import { directoryCommand } from './directory.js'
import { EXIT, EXIT_OF_LAYER, type ExitCode } from './exit.js'
import { inspectCommand } from './inspect.js'
import type { Io } from './io.js'
import { policyCommand } from './policy.js'
import { quoteCommand } from './quote.js'
import { sidecarCommand } from './sidecar.js'
import { simulateCommand } from './simulate.js'
import { verifyCommand } from './verify.js'
import { webhookCommand } from './webhook.js'
import { webhookCertsCommand } from './webhook-certs.js'

/** A command's answer: what it exits with once it has written. */
export type Answer = (code: ExitCode) => void

/**
 * Runs one command line.
 *
 * @param argv arguments without the interpreter and the script
 * @returns the exit code; nothing is thrown
 */
export async function run(argv: readonly string[], version: string, world: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.done
  let answered = false
  const io: Io = {
    ...world,
    out: (text) => {
      answered = true
      world.status(null)
      world.out(text)
    },
    err: (text) => {
      world.status(null)
      world.err(text)
    },
  }
  const answer: Answer = (given) => {
    code = given
  }
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
  settings(program, io)
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    // A document that stands there already must not be followed by another one.
    code = fail(error, argv.includes('--json') && !answered, io)
  }
  io.status(null)
  return code
}

/** Every command: throw instead of exiting, write through `io`. */
function settings(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text),
    // The parser's own complaint is rewritten as one coded line in `fail`.
    writeErr: () => {},
  })
  for (const child of command.commands) settings(child, io)
}

/** One line on standard error and, where JSON was asked for, one document on standard output. */
function fail(error: unknown, json: boolean, io: Io): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
  const { code, message, exit } = describe(error)
  io.err(`assay: ${code}: ${message}\n`)
  if (json) io.out(`${JSON.stringify({ error: { code, message } })}\n`)
  return exit
}

function describe(error: unknown): { code: string; message: string; exit: ExitCode } {
  if (error instanceof AttestationError) {
    return { code: error.code, message: error.message, exit: EXIT_OF_LAYER[error.layer] }
  }
  if (error instanceof CommanderError) {
    const message = error.code === 'commander.help' ? 'no command given' : error.message
    return {
      code: 'ERR_USAGE',
      message: `${message.replace(/^error: |\.$/g, '').replaceAll(/\s*\n\s*/g, ' ')}; see --help`,
      exit: EXIT.usage,
    }
  }
  return { code: 'ERR_INTERNAL', message: (error as Error).message, exit: EXIT.bug }
}
