// SPDX-License-Identifier: Apache-2.0
// The flags that have directories say where the endpoints of a lease are.

import type { Command } from 'commander'
import { type DirectoryOptions, leaseEndpoints, resolveLease } from '../client/index.js'
import { type EndpointHint, type LeaseId, parseLeaseId } from '../discovery/index.js'
import { collect, once, refuseFlags, usage } from './arguments.js'
import type { Io } from './io.js'
import type { LiveOptions } from './live.js'
import { type LiveFlags, requestOf } from './live-flags.js'

export interface LeaseFlags extends LiveFlags {
  readonly lease?: string
  readonly directory?: readonly string[]
  readonly service?: string
  readonly replica?: string
  readonly allowPrivate?: boolean
  readonly headerTo?: string
}

/** A lease, and which of its endpoints to ask; all of that is the word of one directory. */
export interface FoundLease {
  readonly lease: LeaseId
  readonly directory: string
  readonly endpoints: readonly EndpointHint[]
}

/** As many as one call asks: a directory that lies must not have it ask half of the world. */
const MAX_ENDPOINTS = 64

export function leaseOptions(command: Command): Command {
  return command
    .option(
      '--lease <owner/dseq/gseq/oseq>',
      'instead of a URL: the endpoints that a directory names, which is not trusted',
      once('--lease'),
    )
    .option('--directory <url>', 'a directory to ask, in this order (repeatable)', collect)
    .option('--service <name>', 'of a lease with several services, which one', once('--service'))
    .option('--replica <name>', 'of the service, this replica only', once('--replica'))
    .option('--allow-private', 'ask endpoints on hosts that not everybody reaches, too')
    .option(
      '--header-to <url>',
      'of the endpoints of a lease, those of this origin alone get --header',
      once('--header-to'),
    )
}

/** @throws {AttestationError} `ERR_USAGE` for a flag that only a lease has a use for */
export const refuseLeaseFlags = (flags: LeaseFlags, more: readonly 'directory'[] = []): void =>
  refuseFlags(flags, ['service', 'replica', 'allowPrivate', 'headerTo', ...more], 'is for --lease')

/** How the directories of `--directory` are asked. */
export function directoryOptions({ directory }: LeaseFlags, io: Io): DirectoryOptions {
  if (directory === undefined) throw usage('name a directory to ask: --directory URL')
  return { directories: directory, fetch: io.fetch }
}

/**
 * Finds out which endpoints to ask. Everything that is wrong with the flags is found first.
 *
 * @throws {AttestationError} `ERR_USAGE`, and as `resolveLease` and `leaseEndpoints`
 */
export async function findLease(flags: LeaseFlags, io: Io): Promise<FoundLease> {
  const { service, replica, allowPrivate = false, header, headerTo } = flags
  const lease = parseLeaseId(flags.lease as string)
  if (header && headerTo === undefined) {
    throw usage('a directory would choose who gets --header: name its origin with --header-to')
  }
  if (headerTo !== undefined) originOf(headerTo)
  const named = service === undefined ? {} : { service }
  const resolved = await resolveLease(lease, { ...directoryOptions(flags, io), ...named })
  const endpoints = leaseEndpoints(resolved, {
    ...named,
    ...(replica !== undefined && { replica }),
    allowPrivate,
  })
  if (endpoints.length > MAX_ENDPOINTS) {
    const many = `the directory names ${endpoints.length} endpoints, at most ${MAX_ENDPOINTS} are asked`
    throw usage(`${many}: name one with --replica`)
  }
  return { lease, directory: resolved.directory, endpoints }
}

/** How to ask one of them: headers go to the origin that the caller named, and nowhere else. */
export function hintRequest(
  url: string,
  { headerTo, header, allowPrivate = false, ...flags }: LeaseFlags,
  given: Parameters<typeof requestOf>[2],
): LiveOptions {
  const told = headerTo !== undefined && originOf(headerTo) === new URL(url).origin
  const asked = requestOf(url, { ...flags, ...(told && header && { header }) }, given)
  return { ...asked, publicOnly: !allowPrivate }
}

function originOf(url: string): string {
  const origin = URL.canParse(url) ? new URL(url).origin : ''
  if (origin.startsWith('https:')) return origin
  throw usage('--header-to takes an https URL, such as https://provider.example:8443')
}
