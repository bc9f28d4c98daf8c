// SPDX-License-Identifier: Apache-2.0
// The boundary to the WASM core: starts the module, owns its two windows, turns a status into an
// error. JS owns all bytes; a call copies in, runs, copies out; no live view leaves `src/core`.

import { instantiateSync } from '@assemblyscript/loader'
import { isBytes } from '@noble/hashes/utils.js'
import { wasm } from '#core.wasm'
import { Status } from '../../assembly/status.js'
import { fromBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { refuse } from './status.js'

/** What `assembly/index.ts` exports. Constants arrive as globals: read `.value`, once. */
interface Exports {
  memory: WebAssembly.Memory
  inputAt: WebAssembly.Global
  outputAt: WebAssembly.Global
  INPUT_CAPACITY: WebAssembly.Global
  OUTPUT_CAPACITY: WebAssembly.Global
  sha2Digest(digestLength: number, length: number): void
  sha2Pair(digestLength: number, first: number, second: number): void
  sha2Start(digestLength: number): void
  sha2Blocks(count: number): void
  sha2Finish(digestLength: number, rest: number, total: number): void
  packRaw(length: number): Status
  packTls(keyLength: number, length: number): Status
  packBound(length: number): Status
  packBatch(size: number, length: number): Status
  hashLeaves(count: number): void
  hashNodes(count: number): void
  rootOf(index: number, size: number, pathLength: number, entryLength: number): Status
  digestEvidence(count: number): Status
  digestRows(count: number): Status
  checkSnpReport(length: number): Status
  checkCertTable(length: number): Status
  checkTdxQuote(length: number): Status
  checkTdReport(length: number): Status
  checkNvidiaReport(length: number): Status
}

/** One started module. Its memory is fixed, so these views never detach. */
export interface Core {
  readonly x: Exports
  readonly input: Uint8Array<ArrayBuffer>
  readonly output: Uint8Array
  /** The output window as rows of u32, the shape of variable-length findings. */
  readonly rows: Uint32Array
}

let shared: Core | undefined

/** The one instance of this thread. Started on first use, so that importing costs nothing. */
export function core(): Core {
  shared ??= start()
  return shared
}

function start(): Core {
  const x = instantiateSync(fromBase64(wasm, 'core.wasm'), {}).exports as unknown as Exports
  const output = new Uint8Array(x.memory.buffer, x.outputAt.value, x.OUTPUT_CAPACITY.value)
  return {
    x,
    input: new Uint8Array(x.memory.buffer, x.inputAt.value, x.INPUT_CAPACITY.value),
    output,
    rows: new Uint32Array(x.memory.buffer, output.byteOffset, output.length / 4),
  }
}

/**
 * Copies evidence to the start of the input window and returns its length.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` when it is not bytes, `ERR_EVIDENCE_SIZE` when it does
 * not fit
 */
export function put({ input }: Core, bytes: Uint8Array): number {
  if (!isBytes(bytes))
    throw new AttestationError('ERR_ARGUMENT', 'evidence expected as a Uint8Array')
  if (bytes.length > input.length) {
    throw new AttestationError(
      'ERR_EVIDENCE_SIZE',
      `evidence of at most ${input.length} bytes expected, got ${bytes.length}`,
    )
  }
  input.set(bytes)
  return bytes.length
}

/** Runs one export. A trap is our bug: say so and throw the instance away. */
export function call<T>(run: (core: Core) => T): T {
  const c = core()
  try {
    return run(c)
  } catch (cause) {
    if (!(cause instanceof WebAssembly.RuntimeError)) throw cause
    shared = undefined
    throw new AttestationError('ERR_CORE_TRAP', 'the core trapped', { cause })
  }
}

/** Throws for every status but Ok; the core left the number for it in the first output word. */
export function settle(c: Core, status: Status): void {
  if (status !== Status.Ok) refuse(status, c.rows[0] as number)
}
