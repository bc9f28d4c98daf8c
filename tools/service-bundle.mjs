// SPDX-License-Identifier: Apache-2.0
// How the process of a service becomes one file: it starts in half the time, in less memory.

/** Options of esbuild, without what goes in and out. */
export const SERVICE_BUNDLE = {
  bundle: true,
  // As CommonJS, what is imported only when it is needed is also read only then.
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  // Names stay as they are, for logs. Shorter ones that are put back (keepNames) cost a call for every
  // closure that is made: a fifth of a request.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'inline',
  // The framework's compilers of schemas: no route of ours has one, so nobody asks for them.
  external: ['koffi', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
  logLevel: 'warning',
}
