// SPDX-License-Identifier: Apache-2.0
// `assay inspect`: decodes any kind of evidence, verifies nothing, and says so.

import { Command, Option } from 'commander'
import { LIMITS } from '../protocol.js'
import { DECODERS } from './decoders.js'
import { evidenceKind, KINDS, type Kind } from './evidence-kind.js'
import { readInput } from './files.js'
import { formatFields } from './format.js'
import type { Io } from './io.js'

export function inspectCommand(io: Io): Command {
  return new Command('inspect')
    .description(
      'decode a report, quote, GPU evidence, certificate table or evidence file; verifies nothing',
    )
    .argument('<file>', 'the evidence, or - for standard input')
    .addOption(new Option('--as <kind>', 'decode as this kind').choices(KINDS))
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: { as?: Kind; json?: boolean }) => {
      const bytes = await readInput(file, io, LIMITS.document)
      const kind = options.as ?? evidenceKind(bytes)
      const { title, fields } = DECODERS[kind](bytes)
      if (options.json) {
        io.out(`${JSON.stringify({ kind, verified: false, evidence: fields }, null, 2)}\n`)
      } else {
        io.out(`${title}: decoded, NOT verified\n${formatFields(fields)}`)
      }
    })
}
