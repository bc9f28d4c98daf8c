// SPDX-License-Identifier: Apache-2.0
// Finds the management library that fits the kernel's driver. In a Kata guest it is part of the
// guest's own root file system, which containers do not see.

import path from 'node:path'
import { exists } from './machine.js'
import { NVML_LIBRARY, NVML_STATUS, type Nvml, type NvmlAnswer, openNvml } from './nvml.js'

/** Roots under which a driver may be installed: that of process 1, and the GPU operator's. */
const ROOTS = ['proc/1/root', 'run/nvidia/driver']
const FOLDERS = [
  'usr/lib/x86_64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'usr/lib64',
  'usr/lib',
  'usr/local/nvidia/lib64',
]

/** What another library may not say. */
const ELSEWHERE: readonly number[] = [NVML_STATUS.libraryNotFound, NVML_STATUS.libraryMismatch]

export interface LibraryOptions {
  /** Where the machine's files begin. */
  readonly root: string
  /** Makes the guest's own root visible; null where that cannot be done. Asked last. */
  readonly guestRoot: () => Promise<string | null>
  readonly open?: typeof openNvml
}

/**
 * The library, initialized: the one that the dynamic linker finds, as the container toolkit puts it
 * there, or else one that lies under another root.
 *
 * One that cannot be loaded, or is of another version than the kernel's driver, is passed over. What
 * the driver refuses is final: it would refuse any other library alike.
 */
export async function findNvml(options: LibraryOptions): Promise<NvmlAnswer<Nvml>> {
  const { open = openNvml } = options
  const answer = await open(NVML_LIBRARY)
  let { failure } = answer
  if (failure === null || !ELSEWHERE.includes(failure.status)) return answer
  for await (const file of files(options)) {
    const next = await open(file)
    if (next.failure === null || !ELSEWHERE.includes(next.failure.status)) return next
    // That there is one of another version says more than that there is none.
    if (next.failure.status === NVML_STATUS.libraryMismatch) failure = next.failure
  }
  return { failure, value: null }
}

async function* files({ root, guestRoot }: LibraryOptions): AsyncGenerator<string> {
  for (const one of ['', ...ROOTS]) yield* filesUnder(path.join(root, one))
  const guest = await guestRoot()
  if (guest !== null) yield* filesUnder(guest)
}

async function* filesUnder(root: string): AsyncGenerator<string> {
  for (const folder of FOLDERS) {
    const file = path.join(root, folder, NVML_LIBRARY)
    if (await exists(file)) yield file
  }
}
