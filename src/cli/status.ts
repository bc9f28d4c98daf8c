// SPDX-License-Identifier: Apache-2.0
// What goes on, shown on a terminal while it goes on, and nowhere else.

import type { Writable } from 'node:stream'
import yoctoSpinner from 'yocto-spinner'

/** Shows a text until the next one; null takes it away. */
export type Status = (text: string | null) => void

type Stream = Writable & { readonly isTTY?: boolean }

/** A spinner on `stream` if that is a terminal; elsewhere nothing is written. */
export function statusOn(stream: Stream): Status {
  if (!stream.isTTY) return () => {}
  const spinner = yoctoSpinner({ stream })
  return (text) => {
    if (text === null) {
      spinner.stop()
    } else if (spinner.isSpinning) {
      spinner.text = text
    } else {
      // A text that is set before would be shown twice.
      spinner.start(text)
    }
  }
}
