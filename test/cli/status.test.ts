// SPDX-License-Identifier: Apache-2.0
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { statusOn } from '../../src/cli/status.js'
import { assay } from './terminal.js'

/** A terminal with one line, which says what can be read on it. */
class Screen extends Writable {
  readonly isTTY = true
  line = ''
  written = 0
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.line += stripVTControlCharacters(chunk.toString())
    this.written++
    done()
  }
  cursorTo(): void {}
  moveCursor(): void {}
  clearLine(): void {
    this.line = ''
  }
}

/** Whether a terminal can redraw, its users say in the environment. */
function environment(t: { teardown(run: () => void): unknown }, dumb: boolean): void {
  const { CI, TERM } = process.env
  t.teardown(() => {
    if (CI !== undefined) process.env.CI = CI
    process.env.TERM = TERM
  })
  delete process.env.CI
  process.env.TERM = dumb ? 'dumb' : 'xterm'
}

t.test('status: shown until the next one, and gone', async (t) => {
  environment(t, false)
  const screen = new Screen()
  const status = statusOn(screen)
  status(null)
  t.equal(screen.written, 0, 'nothing to take away')
  for (const text of ['one', 'two']) {
    status(text)
    t.match(screen.line, new RegExp(`^. ${text}$`, 'u'))
  }
  status(null)
  t.equal(screen.line, '')
  status('again')
  t.match(screen.line, /again$/)
  status(null)
})

t.test('status: each text once where nothing can be taken away', async (t) => {
  environment(t, true)
  const screen = new Screen()
  const status = statusOn(screen)
  for (const text of ['one', 'two', null]) status(text)
  t.match(screen.line, /^. one\n. two\n$/u)
})

t.test('status: no terminal, nothing is written', async (t) => {
  const written: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk))
      done()
    },
  })
  const status = statusOn(stream)
  status('one')
  status(null)
  t.same(written, [])
})

t.test('status: taken away before anything is written, and at the end', async (t) => {
  for (const argv of [['--version'], ['verify']]) {
    const seen: unknown[] = []
    await assay(argv, { status: (text) => seen.push(text) })
    t.same(seen, [null, null])
  }
})
