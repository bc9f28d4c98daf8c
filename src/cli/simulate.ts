// SPDX-License-Identifier: Apache-2.0
// `assay simulate`: flags → a sidecar on a simulated platform.

import { Command } from 'commander'
import { AttestationError } from '../errors.js'
import { LIMITS, PORT } from '../protocol.js'
import { once } from './arguments.js'
import type { Io } from './io.js'

interface Flags {
  readonly listen?: string
  readonly product?: string
  readonly gpus?: string
  readonly reportLatency?: string
  readonly gpuLatency?: string
  readonly rootsOut?: string
  readonly rawQuotes?: string
}

const LISTEN = `127.0.0.1:${PORT}`
const PRODUCTS = ['Genoa', 'Milan', 'Turin'] as const
const RAW_QUOTES = ['allow', 'deny'] as const
const LATENCY_MOST_MS = 60_000

const EXAMPLES = `
Examples:
  assay simulate --roots-out roots
  assay verify https://${LISTEN} --policy authenticity --roots roots/ark.pem
  assay simulate --listen 127.0.0.1:0 --gpus 8 --report-latency 10 --gpu-latency 100
With GPUs, add --roots roots/nvidia-root.pem to verify them.
Nothing is kept: the next run has new roots, and writes them to another folder`

export function simulateCommand(io: Io): Command {
  return new Command('simulate')
    .description('serve evidence of a machine that does not exist, under roots that nobody trusts')
    .option('--listen <host:port>', `where; port 0 takes a free one (${LISTEN})`, once('--listen'))
    .option('--product <name>', `${PRODUCTS.join(', ')} (${PRODUCTS[0]})`, once('--product'))
    .option('--gpus <number>', 'GPUs of the guest (0)', once('--gpus'))
    .option('--report-latency <ms>', 'how long each report takes (0)', once('--report-latency'))
    .option('--gpu-latency <ms>', 'how long the GPUs take (0)', once('--gpu-latency'))
    .option(
      '--roots-out <dir>',
      'write ark.pem, crl.der and, with GPUs, nvidia-root.pem there',
      once('--roots-out'),
    )
    .option(
      '--raw-quotes <rule>',
      `${RAW_QUOTES.join(' or ')} raw mode (allow)`,
      once('--raw-quotes'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => {
      const settings = {
        listen: flags.listen ?? LISTEN,
        product: oneOf(PRODUCTS, flags.product, '--product'),
        gpus: number(flags.gpus, '--gpus', LIMITS.gpus),
        reportLatencyMs: number(flags.reportLatency, '--report-latency', LATENCY_MOST_MS),
        gpuLatencyMs: number(flags.gpuLatency, '--gpu-latency', LATENCY_MOST_MS),
        rootsOut: flags.rootsOut ?? null,
        rawQuotes: oneOf(RAW_QUOTES, flags.rawQuotes, '--raw-quotes'),
      }
      // Loaded only here: no other command needs a server.
      const { runSimulator } = await import('./simulator.js')
      await runSimulator(settings, io)
    })
}

function oneOf<T extends string>(
  all: readonly [T, ...T[]],
  text: string | undefined,
  flag: string,
): T {
  const found = text === undefined ? all[0] : all.find((one) => one === text)
  if (found !== undefined) return found
  throw new AttestationError('ERR_ARGUMENT', `${flag} is none of ${all.join(', ')}: ${text}`)
}

/** A whole number; 0 when the flag is not there. */
function number(text: string | undefined, flag: string, most: number): number {
  const value = Number(text ?? 0)
  if (/^\d+$/.test(text ?? '0') && value <= most) return value
  throw new AttestationError('ERR_ARGUMENT', `${flag} is no number from 0 to ${most}: ${text}`)
}
