// SPDX-License-Identifier: Apache-2.0
// The flags that say how a live endpoint is asked, the same for every command that asks one.

import type { Command } from 'commander'
import { isGatewayUrl } from '../client/urls.js'
import { fromBase64 } from '../encoding.js'
import { BINDS, type Bind, LIMITS } from '../protocol.js'
import { collect, once, usage } from './arguments.js'
import { readInput } from './files.js'
import type { Io } from './io.js'
import type { LiveOptions } from './live.js'

export interface LiveFlags {
  readonly nonce?: string
  readonly bind?: string
  readonly batch?: boolean
  readonly aep83?: boolean
  readonly userData?: string
  readonly header?: readonly string[]
}

export const URL_SCHEME = /^https?:\/\//i
const HEX_NONCE = /^([0-9a-f]{2}){32,64}$/i

/** Those that mean something for a live endpoint alone. */
export function liveOptions(command: Command): Command {
  return command
    .option(
      '--bind <keys>',
      'of a live endpoint, the keys to bind: tls, hpke, both with a comma, or none (tls)',
      once('--bind'),
    )
    .option('--batch', 'of a live endpoint, accept one report for many requests')
    .option('--aep83', 'ask a live endpoint the AEP-83 way (POST /quote)')
    .option('--header <line>', 'send this to a live endpoint: "Name: value" (repeatable)', collect)
}

/** How to ask: the TLS key is bound unless told otherwise, or unless TLS ends at a gateway. */
export function requestOf(
  url: string,
  { bind, batch = false, aep83 = false, header = [] }: LiveFlags,
  { nonce, userData }: { nonce: Uint8Array | null; userData: Uint8Array | null },
): LiveOptions {
  return {
    ...(nonce && { nonce }),
    ...(userData && { userData }),
    aep83,
    batch,
    bind: bindings(bind ?? (isGatewayUrl(url) ? '' : 'tls')),
    headers: Object.fromEntries(header.map(readHeader)),
  }
}

/** Hex of a nonce reads as base64 of something longer, and would only be found to be too long. */
export function readNonce(text: string | undefined): Uint8Array | null {
  if (text === undefined) return null
  if (HEX_NONCE.test(text)) throw usage('--nonce takes base64, and this looks like hex')
  return fromBase64(text, '--nonce')
}

export async function readUserData(file: string | undefined, io: Io): Promise<Uint8Array | null> {
  return file === undefined ? null : readInput(file, io, LIMITS.userData)
}

function bindings(list: string): Bind[] {
  const names = list === '' || list === 'none' ? [] : list.split(',')
  for (const name of names) {
    if (!isBind(name)) throw usage(`--bind takes ${BINDS.join(', ')} or none, got ${name}`)
  }
  return names.filter(isBind)
}

const isBind = (name: string): name is Bind => (BINDS as readonly string[]).includes(name)

function readHeader(line: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(line) ?? []
  if (name === undefined || value === undefined) throw usage('--header takes "Name: value"')
  return [name.toLowerCase(), value]
}
