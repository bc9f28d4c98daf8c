// SPDX-License-Identifier: Apache-2.0
// `assay quote`: evidence of a live endpoint, fetched with a fresh nonce and kept as it came.

import { Command } from 'commander'
import { encodeBundle } from '../evidence.js'
import { once, usage } from './arguments.js'
import type { Io } from './io.js'
import {
  findLease,
  hintRequest,
  type LeaseFlags,
  leaseOptions,
  refuseLeaseFlags,
} from './lease-flags.js'
import { fetchLive, type LiveEvidence, type LiveOptions } from './live.js'
import { liveOptions, readNonce, readUserData, requestOf } from './live-flags.js'
import { checkCreatable, createFile } from './output.js'

interface Flags extends LeaseFlags {
  readonly out?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  assay quote https://provider.example:8790 --out evidence.json
  assay quote https://provider.example:8790 --batch --user-data order.json --out evidence.json
  assay quote https://provider.example:8790 | assay verify - --policy policy.jsonc
Where a directory says that a lease has an endpoint:
  assay quote --lease akash1…/1234/1/1 --directory https://directory.example --service web
Through the gateway of an Akash provider, with your token:
  assay quote https://provider.example:8443/lease/1234/1/1/attestation/quote \
    --header "Authorization: Bearer $TOKEN" --out evidence.json`

export function quoteCommand(io: Io): Command {
  const command = new Command('quote')
    .description('fetch evidence with a fresh nonce, as "assay verify" reads it; verifies nothing')
    .argument('[url]', 'a sidecar, or one of its endpoints')
    .option('--out <file>', 'the evidence; an existing file is kept', once('--out'))
    .option('--nonce <base64>', 'a nonce of 32 to 64 bytes instead of a fresh one', once('--nonce'))
    .option('--user-data <file>', 'have these up to 4096 bytes bound', once('--user-data'))
  return leaseOptions(liveOptions(command))
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (url: string | undefined, flags: Flags) => {
      const { out } = flags
      if (out !== undefined) await checkCreatable(out)
      const given = {
        nonce: readNonce(flags.nonce),
        userData: await readUserData(flags.userData, io),
      }
      const { target, asked } = await targetOf(url, flags, given, io)
      const live = await fetchLive(target, asked, io)
      const document = encodeBundle(live)
      if (out === undefined) {
        io.out(document)
        io.err('assay: NOTHING WAS VERIFIED: assay verify FILE --policy POLICY decides on it\n')
        return
      }
      await createFile(out, document)
      io.out(flags.json ? `${JSON.stringify(summary(out, live))}\n` : sentence(out, live))
    })
}

/** What is asked, and how: a URL, or the one endpoint of a lease that is left to choose from. */
async function targetOf(
  url: string | undefined,
  flags: Flags,
  given: Parameters<typeof requestOf>[2],
  io: Io,
): Promise<{ target: string; asked: LiveOptions }> {
  if ((url === undefined) === (flags.lease === undefined)) throw usage('name a URL or a --lease')
  if (url !== undefined) {
    refuseLeaseFlags(flags, ['directory'])
    return { target: url, asked: requestOf(url, flags, given) }
  }
  const { directory, endpoints } = await findLease(flags, io)
  const [hint, ...others] = endpoints
  if (hint === undefined || others.length > 0) {
    const replicas = endpoints.map(({ replica }) => replica).join(', ')
    throw usage(`one endpoint at a time: name one with --replica, of ${replicas}`)
  }
  io.err(`assay: ${hint.url} is a hint of ${directory}, not trusted\n`)
  return { target: hint.url, asked: hintRequest(hint.url, flags, given) }
}

const summary = (out: string, { evidence: { tee, mode, gpus } }: LiveEvidence) => ({
  out,
  tee,
  mode,
  gpus: gpus.length,
})

function sentence(out: string, live: LiveEvidence): string {
  const { tee, mode, gpus } = summary(out, live)
  const devices = gpus > 0 ? ` with ${gpus} GPU${gpus > 1 ? 's' : ''}` : ''
  return `${out}: ${mode} evidence of ${tee.toUpperCase()}${devices}, NOT verified\nto verify it: assay verify ${out} --policy POLICY\n`
}
