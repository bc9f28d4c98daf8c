// SPDX-License-Identifier: Apache-2.0
// Command line → what the process is to do.

import { isIP } from 'node:net'
import { AttestationError } from '../errors.js'
import { oneOf, parseFlags } from '../service/flags.js'
import { type ListenAddress, parseListenAddress } from '../service/listen-address.js'
import { LEVELS, type Level } from '../service/log.js'
import { RATE } from './app.js'
import { MAX_AGE_S, MOST_MAX_AGE_S } from './cache.js'

/** Flags of the source `kube`, as they were written. */
export interface KubeFlags {
  readonly kubeconfig: string | null
  readonly nodeHost: string | null
  readonly gateway: string | null
  /** NAMESPACE/NAME */
  readonly expectations: string | null
}

export type SourceSettings =
  | { readonly kind: 'example' }
  | { readonly kind: 'file'; readonly file: string }
  | ({ readonly kind: 'kube' } & KubeFlags)

export interface Settings {
  readonly source: SourceSettings
  readonly listen: ListenAddress
  readonly trustProxy: readonly string[]
  /** Requests per second of one address; 0 for any number. */
  readonly rate: number
  readonly maxAgeS: number
  readonly level: Level
  /** What is worth a line at the start. */
  readonly warnings: readonly string[]
}

/** Flags as they were written. */
export interface Flags {
  readonly source?: string | undefined
  readonly listen?: string | undefined
  readonly trustProxy?: string | undefined
  readonly rateLimit?: string | undefined
  readonly maxAge?: string | undefined
  readonly kubeconfig?: string | undefined
  readonly nodeHost?: string | undefined
  readonly gateway?: string | undefined
  readonly expectationsConfigMap?: string | undefined
  readonly logLevel?: string | undefined
}

const TEXT = { type: 'string' } as const
const FLAGS = {
  source: TEXT,
  listen: TEXT,
  'trust-proxy': TEXT,
  'rate-limit': TEXT,
  'max-age': TEXT,
  kubeconfig: TEXT,
  'node-host': TEXT,
  gateway: TEXT,
  'expectations-config-map': TEXT,
  'log-level': TEXT,
} as const

/** Of the Service in deploy/. */
export const LISTEN = ':8791'
const MOST_RATE = 1_000_000

/**
 * Settings of the command of the image.
 *
 * @param argv arguments without the interpreter and the script
 * @throws {AttestationError} `ERR_USAGE`, `ERR_ARGUMENT`
 */
export function readSettings(argv: readonly string[]): Settings {
  const values = parseFlags(argv, FLAGS)
  return settingsOf({
    source: values.source,
    listen: values.listen,
    trustProxy: values['trust-proxy'],
    rateLimit: values['rate-limit'],
    maxAge: values['max-age'],
    kubeconfig: values.kubeconfig,
    nodeHost: values['node-host'],
    gateway: values.gateway,
    expectationsConfigMap: values['expectations-config-map'],
    logLevel: values['log-level'],
  })
}

/** @throws {AttestationError} `ERR_USAGE`, `ERR_ARGUMENT` */
export function settingsOf(flags: Flags): Settings {
  const source = sourceOf(flags)
  return {
    source,
    listen: parseListenAddress(flags.listen ?? LISTEN, '--listen'),
    trustProxy: (flags.trustProxy?.split(',') ?? []).map(network),
    rate: count('--rate-limit', flags.rateLimit, RATE, MOST_RATE),
    maxAgeS: count('--max-age', flags.maxAge, MAX_AGE_S, MOST_MAX_AGE_S),
    level: oneOf(LEVELS, flags.logLevel ?? 'info', '--log-level'),
    warnings:
      source.kind === 'example'
        ? ['no --source: this directory serves one lease that nobody has, to look at']
        : [],
  }
}

const FILE = /^file:(.+)$/

function sourceOf(flags: Flags): SourceSettings {
  const kube = {
    kubeconfig: flags.kubeconfig ?? null,
    nodeHost: flags.nodeHost ?? null,
    gateway: flags.gateway ?? null,
    expectations: flags.expectationsConfigMap ?? null,
  }
  const { source } = flags
  if (source === 'kube') return { kind: 'kube', ...kube }
  if (Object.values(kube).some((value) => value !== null)) {
    throw new AttestationError(
      'ERR_USAGE',
      '--kubeconfig, --node-host, --gateway and --expectations-config-map need --source kube',
    )
  }
  const file = FILE.exec(source ?? '')?.[1]
  if (file !== undefined) return { kind: 'file', file }
  if (source === undefined) return { kind: 'example' }
  throw new AttestationError(
    'ERR_ARGUMENT',
    `--source is kube or file:PATH, got ${JSON.stringify(source)}`,
  )
}

function network(text: string): string {
  const [address = '', bits = '0', ...rest] = text.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] as number
  if (rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most) return text
  throw new AttestationError(
    'ERR_ARGUMENT',
    `--trust-proxy takes addresses and networks such as 10.0.0.0/8 with commas, got ${JSON.stringify(text)}`,
  )
}

function count(flag: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise
  if (/^\d{1,7}$/.test(text) && Number(text) <= most) return Number(text)
  throw new AttestationError(
    'ERR_ARGUMENT',
    `${flag} takes a number from 0 to ${most}, got ${JSON.stringify(text)}`,
  )
}
