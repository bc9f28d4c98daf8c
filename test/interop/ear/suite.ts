// SPDX-License-Identifier: Apache-2.0
// EARs before the libraries of Project Veraison.

import { tmpdir } from 'node:os'
import path from 'node:path'
import { compactVerify, importJWK } from 'jose'
import { need, readVerdicts, run, type Suite } from '../suite.js'
import { type Sample, samples } from './mint.js'

const here = import.meta.dirname
const go = { cwd: path.join(here, 'go') }
const rust = {
  cwd: path.join(here, 'rust'),
  // Kept between runs: compiling takes minutes.
  env: { CARGO_TARGET_DIR: path.join(tmpdir(), 'assay-interop-ear') },
}

/** Reads the names before the draft, documents and tokens; and the signatures of all tokens. */
export const earGo: Suite = {
  name: 'EAR, github.com/veraison/ear (Go) and github.com/lestrrat-go/jwx',
  async run() {
    need('go is not installed', 'go', ['version'], go)
    need('modules cannot be fetched', 'go', ['mod', 'download'], go)
    const old = (await samples('veraison-2023')).map((sample) => ({ ...sample, reader: 'ear' }))
    const draft = (await samples('ietf-04'))
      .filter(({ key }) => key)
      .map((sample) => ({ ...sample, reader: 'jws' }))
    return readVerdicts(
      run('go', ['run', '.'], { ...go, input: JSON.stringify([...old, ...draft]) }),
    )
  },
}

/** Reads the names of the draft. Its own signature code takes a C compiler, so jose does that part. */
export const earRust: Suite = {
  name: 'EAR, ear (Rust)',
  async run() {
    need('cargo is not installed', 'cargo', ['--version'], rust)
    need('crates cannot be fetched', 'cargo', ['fetch', '--locked', '--quiet'], rust)
    const given = (await samples('ietf-04')).filter(({ forged }) => !forged)
    const read = await Promise.all(
      given.map(async (sample) => ({ ...sample, text: await open(sample) })),
    )
    const args = ['run', '--locked', '--quiet']
    return readVerdicts(run('cargo', args, { ...rust, input: JSON.stringify(read) }))
  },
}

async function open({ text, key, algorithm }: Sample): Promise<string> {
  if (!key || algorithm === null) return text
  const { payload } = await compactVerify(text, await importJWK(key, algorithm))
  return new TextDecoder().decode(payload)
}
