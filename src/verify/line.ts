// SPDX-License-Identifier: Apache-2.0
// Everybody who wants something of one origin, in the order in which they came, one at a time.

/** A place in a line. */
export interface Place {
  /** Resolves when everybody before has left. */
  readonly turn: Promise<void>
  /** Gives the place up, be it done or tired of waiting. */
  readonly leave: () => void
}

export class Line {
  /** The origin told us to ask nothing before this time, in milliseconds since 1970. */
  pausedUntil = 0
  #end: Promise<void> = Promise.resolve()

  enter(): Place {
    const turn = this.#end
    let leave!: () => void
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    // Who leaves early does not let those behind pass the ones before.
    this.#end = turn.then(() => left)
    return { turn, leave }
  }
}

/** Joins whoever does the same already; the last one done forgets it. */
export function joined<Value>(
  flights: Map<string, Promise<Value>>,
  key: string,
  start: () => Promise<Value>,
): Promise<Value> {
  let flight = flights.get(key)
  if (flight === undefined) {
    flight = start().finally(() => flights.delete(key))
    flights.set(key, flight)
  }
  return flight
}
