// SPDX-License-Identifier: Apache-2.0
// Bounds how long anything may take, whatever else it waits for.

/**
 * Runs `run` with a signal that aborts after `ms`, with `late` as its reason, or with `outer`. The
 * promise settles then even if `run` does not heed its signal.
 *
 * @throws whatever `run` throws, or the reason of its signal, whichever is first
 */
export async function withDeadline<Value>(
  ms: number,
  late: Error,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  outer?.throwIfAborted()
  const controller = new AbortController()
  const { signal } = controller
  const forward = () => controller.abort((outer as AbortSignal).reason)
  const timer = setTimeout(() => controller.abort(late), ms)
  outer?.addEventListener('abort', forward)
  // Listens before `run` can, and so is heard before whatever `run` makes of the abort.
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  try {
    return await Promise.race([aborted, run(signal)])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', forward)
  }
}
