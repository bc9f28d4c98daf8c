// SPDX-License-Identifier: Apache-2.0
// What every application of ours starts from: fastify without what nothing of ours uses, behind a
// server that is there already.

import type { RequestListener, Server } from 'node:http'
import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'

/** No route has a schema of the framework's, whose compilers are half of its code. */
const NO_SCHEMAS = { buildValidator: noCompiler, buildSerializer: noCompiler }

export interface BareAppOptions {
  /** Of paths that are not there, too: their bodies are read before anybody says so. */
  readonly bodyLimit: number
  /** The framework's own answer to a path that it cannot decode quotes it. */
  readonly frameworkErrors: NonNullable<FastifyServerOptions['frameworkErrors']>
  /** What goes to fastify as it is: https, logger, time-outs. */
  readonly server?: Readonly<Record<string, unknown>> | undefined
}

export const bareApp = ({ bodyLimit, frameworkErrors, server }: BareAppOptions): FastifyInstance =>
  fastify({
    return503OnClosing: false,
    bodyLimit,
    schemaController: { compilersFactory: NO_SCHEMAS },
    frameworkErrors,
    ...server,
  }) as FastifyInstance

function noCompiler(): never {
  throw new AttestationError('ERR_INTERNAL', 'a route has a schema')
}

/**
 * Options that put an application behind a server that listens and logs for itself.
 *
 * @param take gets the application's listener
 */
export const behind = (
  server: Server,
  log: Logger,
  take: (listener: RequestListener) => void,
): Readonly<Record<string, unknown>> => ({
  loggerInstance: log,
  logController: new LogController({ disableRequestLogging: true }),
  // One logger for all: another for each request costs more than what it says.
  childLoggerFactory: (logger: Logger) => logger,
  // The server is there already, and answers for itself what is no HTTP.
  serverFactory: (handler: RequestListener) => {
    take(handler)
    return server
  },
  clientErrorHandler: () => {},
})
