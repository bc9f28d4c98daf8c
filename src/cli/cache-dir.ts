// SPDX-License-Identifier: Apache-2.0
// Where fetched endorsements are kept between runs.

import path from 'node:path'

/**
 * `assay` below `$XDG_CACHE_HOME`, or below `~/.cache` where that is not set to an absolute path
 * (XDG Base Directory Specification).
 */
export function defaultCacheDir(
  env: { readonly XDG_CACHE_HOME?: string },
  homedir: string,
): string {
  const { XDG_CACHE_HOME: base } = env
  return path.join(base && path.isAbsolute(base) ? base : path.join(homedir, '.cache'), 'assay')
}
