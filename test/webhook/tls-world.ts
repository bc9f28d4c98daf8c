// SPDX-License-Identifier: Apache-2.0
// Files of certificate and key as a renewal of a Secret leaves them: a link that is swapped, two levels
// above what is read.

import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TlsFileNames } from '../../src/webhook/tls-files.js'
import type { Issued } from '../fake/authority.js'

export interface Secret {
  /** Every file that is given. */
  readonly cert: string
  readonly key: string
  readonly clientCa?: string
}

/** A volume of a Secret. */
export class SecretVolume {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'assay-secret-'))
  #version = 0

  readonly names: TlsFileNames

  /** @param first null for a volume that nothing is in yet */
  constructor(first: Secret | null) {
    for (const name of ['tls.crt', 'tls.key', 'ca.crt']) {
      symlinkSync(path.join('..data', name), this.file(name))
    }
    const clientCa = first?.clientCa === undefined ? null : this.file('ca.crt')
    this.names = { cert: this.file('tls.crt'), key: this.file('tls.key'), clientCa }
    if (first) this.put(first)
  }

  file(name: string): string {
    return path.join(this.dir, name)
  }

  /** As the kubelet does it. */
  put({ cert, key, clientCa }: Secret): void {
    const version = `..${this.#version++}`
    mkdirSync(this.file(version))
    const write = (name: string, text: string) =>
      writeFileSync(path.join(this.dir, version, name), text)
    write('tls.crt', cert)
    write('tls.key', key)
    if (clientCa !== undefined) write('ca.crt', clientCa)
    symlinkSync(version, this.file('..next'))
    renameSync(this.file('..next'), this.file('..data'))
  }
}

/** The key of another one. */
export const mixed = (one: Issued, other: Issued): Issued => ({ cert: one.cert, key: other.key })
