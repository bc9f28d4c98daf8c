// SPDX-License-Identifier: Apache-2.0
// argv → command → exit code.

import { type Command, CommanderError } from 'commander'
import { AttestationError } from '../errors.js'
import { EXIT, EXIT_OF_LAYER, type ExitCode } from './exit.js'
import type { Io } from './io.js'

/** A command's answer: what it exits with once it has written. */
export type Answer = (code: ExitCode) => void

type Streams = Pick<Io, 'out' | 'err' | 'status'>

/**
 * Runs one command line.
 *
 * @param argv arguments without the interpreter and the script
 * @param build the commands there are, over what they may touch
 * @returns the exit code; nothing is thrown
 */
export async function runProgram<World extends Streams>(
  argv: readonly string[],
  world: World,
  build: (io: World, answer: Answer) => Command,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done
  let answered = false
  const io: World = {
    ...world,
    out: (text: string) => {
      answered = true
      world.status(null)
      world.out(text)
    },
    err: (text: string) => {
      world.status(null)
      world.err(text)
    },
  }
  const program = build(io, (given) => {
    code = given
  })
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
function settings(command: Command, io: Streams): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text),
    // The parser's own complaint is rewritten as one coded line in `fail`.
    writeErr: () => {},
  })
  for (const child of command.commands) settings(child, io)
}

/** One line on standard error and, where JSON was asked for, one document on standard output. */
function fail(error: unknown, json: boolean, io: Streams): ExitCode {
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
