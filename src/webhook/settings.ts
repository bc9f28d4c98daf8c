// SPDX-License-Identifier: Apache-2.0
// Command line and environment → what the process is to do.

import { AttestationError } from '../errors.js'
import { TEES } from '../protocol.js'
import { type Environment, oneOf, parseFlags } from '../service/flags.js'
import { type ListenAddress, parseListenAddress } from '../service/listen-address.js'
import { LEVELS, type Level } from '../service/log.js'
import type { WebhookPolicy } from './decide.js'
import type { TlsFileNames } from './tls-files.js'

export interface Settings {
  readonly listen: ListenAddress
  readonly tls: TlsFileNames
  readonly policy: WebhookPolicy
  /** How long to go on after being told to end, until nobody sends anything here any more. */
  readonly graceMs: number
  readonly level: Level
  /** What is worth a line at the start. */
  readonly warnings: readonly string[]
}

/** Flags as they were written. */
export interface Flags {
  readonly listen?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly clientCa?: string | undefined
  readonly sidecarImage?: string | undefined
  readonly platform?: string | undefined
  readonly carveResources?: boolean | undefined
  readonly nativeSidecar?: boolean | undefined
  readonly shutdownDelay?: string | undefined
  readonly logLevel?: string | undefined
}

/** What stands in for flags that are not given: the keys of the ConfigMap. */
export const VARIABLES = {
  sidecarImage: 'ASSAY_WEBHOOK_SIDECAR_IMAGE',
  platform: 'ASSAY_WEBHOOK_PLATFORM',
  carveResources: 'ASSAY_WEBHOOK_CARVE_RESOURCES',
  nativeSidecar: 'ASSAY_WEBHOOK_NATIVE_SIDECAR',
} as const

const FLAGS = {
  listen: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'client-ca': { type: 'string' },
  'sidecar-image': { type: 'string' },
  platform: { type: 'string' },
  'carve-resources': { type: 'boolean' },
  'native-sidecar': { type: 'boolean' },
  'shutdown-delay': { type: 'string' },
  'log-level': { type: 'string' },
} as const

/** Of the Service in deploy/. */
export const LISTEN = ':9443'
/** Kubernetes takes a Pod out of its Service while it tells it to end, and that takes time. */
export const SHUTDOWN_DELAY_S = 10
/** What Kubernetes gives a Pod by default to end, less what the last answers may take. */
const SHUTDOWN_DELAY_MOST_S = 20

/**
 * Settings of the command of the image.
 *
 * @param argv arguments without the interpreter and the script
 * @throws {AttestationError} `ERR_USAGE`, `ERR_ARGUMENT`
 */
export function readSettings(argv: readonly string[], environment: Environment): Settings {
  const values = parseFlags(argv, FLAGS)
  return settingsOf(
    {
      listen: values.listen,
      tlsCert: values['tls-cert'],
      tlsKey: values['tls-key'],
      clientCa: values['client-ca'],
      sidecarImage: values['sidecar-image'],
      platform: values.platform,
      carveResources: values['carve-resources'],
      nativeSidecar: values['native-sidecar'],
      shutdownDelay: values['shutdown-delay'],
      logLevel: values['log-level'],
    },
    environment,
  )
}

/** @throws {AttestationError} `ERR_USAGE`, `ERR_ARGUMENT` */
export function settingsOf(flags: Flags, environment: Environment): Settings {
  const policy = policyOf(flags, environment)
  return {
    listen: parseListenAddress(flags.listen ?? LISTEN, '--listen'),
    tls: {
      cert: given(flags.tlsCert, '--tls-cert'),
      key: given(flags.tlsKey, '--tls-key'),
      clientCa: flags.clientCa ?? null,
    },
    policy,
    graceMs: delay(flags.shutdownDelay ?? `${SHUTDOWN_DELAY_S}`),
    level: oneOf(LEVELS, flags.logLevel ?? 'info', '--log-level'),
    warnings: policy.sidecarImage.includes('@')
      ? []
      : ['the sidecar image is named by tag, and not by digest: what runs may change'],
  }
}

function policyOf(flags: Flags, environment: Environment): WebhookPolicy {
  const either = (name: keyof typeof VARIABLES, flag: string, value: string | undefined) => {
    // An empty variable is one that is not set.
    const text = value ?? (environment[VARIABLES[name]] || undefined)
    return given(text, `${flag} (or ${VARIABLES[name]})`)
  }
  return {
    sidecarImage: image(either('sidecarImage', '--sidecar-image', flags.sidecarImage)),
    platform: oneOf(TEES, either('platform', '--platform', flags.platform), '--platform'),
    carveResources: flags.carveResources ?? isOn(environment, VARIABLES.carveResources),
    nativeSidecar: flags.nativeSidecar ?? isOn(environment, VARIABLES.nativeSidecar),
  }
}

function given(value: string | undefined, name: string): string {
  if (value) return value
  throw new AttestationError('ERR_USAGE', `${name} is missing`)
}

/** As the registries have it: host, path, tag, digest. */
const IMAGE = /^[a-z0-9][a-z0-9._:/-]*(:[\w.-]{1,128})?(@sha256:[0-9a-f]{64})?$/

function image(text: string): string {
  if (IMAGE.test(text)) return text
  throw new AttestationError(
    'ERR_ARGUMENT',
    `--sidecar-image: name@sha256:… or name:tag expected, got ${JSON.stringify(text)}`,
  )
}

const isOn = (environment: Environment, variable: string): boolean =>
  oneOf(['true', 'false'], environment[variable] || 'false', variable) === 'true'

function delay(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= SHUTDOWN_DELAY_MOST_S) return Number(text) * 1000
  throw new AttestationError(
    'ERR_ARGUMENT',
    `--shutdown-delay takes whole seconds from 0 to ${SHUTDOWN_DELAY_MOST_S}, got ${JSON.stringify(text)}`,
  )
}
