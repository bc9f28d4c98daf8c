// SPDX-License-Identifier: Apache-2.0
// Where to listen, written as in Go: `:8790`, `127.0.0.1:8790`, `[::1]:8790`.

import { AttestationError } from '../errors.js'

export interface ListenAddress {
  /** Empty: every address of the machine. */
  readonly host: string
  /** 0: one that is free. */
  readonly port: number
}

const MOST_PORT = 0xffff

/**
 * @param name what the value is called where it was given
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function parseListenAddress(text: string, name: string): ListenAddress {
  const [, bracketed, bare = '', digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > MOST_PORT) {
    throw new AttestationError(
      'ERR_ARGUMENT',
      `${name}: host:port expected, such as :8790 or [::1]:8790, got ${JSON.stringify(text)}`,
    )
  }
  return { host: bracketed ?? bare, port }
}

/** Whether nobody but this machine can reach it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** Of a server, as a URL has it. */
export const formatHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)
