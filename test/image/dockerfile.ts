// SPDX-License-Identifier: Apache-2.0
// What the last stage of a Dockerfile says, as far as ours goes; anything else is refused.

export interface Copy {
  /** In the stage before. */
  readonly from: string
  readonly to: string
}

export interface Image {
  readonly base: string
  readonly copies: readonly Copy[]
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly ports: readonly string[]
  readonly entrypoint: readonly string[]
}

/** @throws {Error} for an instruction that this reader does not know */
export function lastStage(text: string): Image {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const start = lines.findLastIndex((line) => line.startsWith('FROM '))
  const copies: Copy[] = []
  const ports: string[] = []
  const env: Record<string, string> = {}
  let [base, user, entrypoint] = ['', '', [] as string[]]
  const known: Record<string, (rest: string) => void> = {
    FROM: (rest) => {
      base = rest
    },
    COPY: (rest) => {
      const [, from = '', to = ''] = matched(rest, /^--from=build (\S+) (\S+)$/)
      copies.push({ from, to })
    },
    ENV: (rest) => {
      const [, name = '', value = ''] = matched(rest, /^([A-Z_]+)="([^"$\\]*)"$/)
      env[name] = value
    },
    USER: (rest) => {
      user = rest
    },
    EXPOSE: (rest) => {
      ports.push(rest)
    },
    ENTRYPOINT: (rest) => {
      entrypoint = JSON.parse(rest)
    },
  }
  for (const line of lines.slice(start)) {
    const [, name = '', rest = ''] = matched(line, /^([A-Z]+) (.+)$/)
    const read = known[name]
    if (!read) throw new Error(`an instruction that nobody reads: ${line}`)
    read(rest)
  }
  return { base, copies, env, user, ports, entrypoint }
}

function matched(text: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(text)
  if (!found) throw new Error(`an instruction that nobody reads: ${text}`)
  return found
}
