// SPDX-License-Identifier: Apache-2.0
// AMD's Key Distribution Service, or a mirror of it, as an Endorser (AMD 57230, 58369).

import type { Bytes } from '../core/private-copy.js'
import type { Product } from '../core/snp.js'
import { toHex } from '../encoding.js'
import { findPath } from './chain.js'
import type { Chip, SnpEndorser } from './endorser.js'
import { checkPath, type Read, readChain, readCrl, readVcek } from './kds-checks.js'
import {
  type AmdKdsOptions,
  type CheckedKdsOptions,
  checkKdsOptions,
  vcekPath,
} from './kds-options.js'
import type { Item, Keeper } from './keeper.js'
import type { VekKind } from './names.js'
import { openKeeper } from './service.js'
import type { Certificate } from './x509.js'

export type { AmdKdsOptions } from './kds-options.js'

const CHAIN_REUSE_MS = 7 * 24 * 3_600_000
/** Several times what AMD hands out, and a CRL has room for thousands of serials. */
const MAX_ANSWER_LEN = 0x20000

/**
 * AMD's service. Answers are checked against what was asked and against AMD's pinned keys, kept in
 * the store, and used again: a VCEK as long as it is valid, a chain for 7 days, a CRL for 24 hours.
 * When the service fails, an older VCEK or chain is used all the same, but never an older CRL.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`. What it returns rejects with `ERR_ENDORSER_…` codes, and
 * with `ERR_ARGUMENT` for a chip that no product has
 */
export function amdKds(options: AmdKdsOptions): SnpEndorser {
  return new AmdKds(checkKdsOptions(options))
}

class AmdKds implements SnpEndorser {
  readonly #options: CheckedKdsOptions
  readonly #keeper: Keeper

  constructor(options: CheckedKdsOptions) {
    this.#options = options
    this.#keeper = openKeeper(options)
  }

  async vcek(chip: Chip): Promise<Bytes> {
    const asked = { ...chip, chipId: new Uint8Array(chip.chipId), tcb: { ...chip.tcb } }
    const { product, chipId, tcb } = asked
    const path = vcekPath(asked)
    const { fmc, bootLoader, tee, snp, microcode } = tcb
    const spls = [fmc ?? 'x', bootLoader, tee, snp, microcode].join('-')
    const { der } = await this.#keeper.obtain<Read<Certificate>>({
      ...this.#item(`vcek/${product}/${toHex(chipId)}/${spls}`, path, `VCEK of a ${product} chip`),
      read: (bytes) => this.#readVcek(bytes, asked),
      isFresh: ({ value }) => this.#options.now() <= value.notAfter.getTime(),
      staleOnError: true,
    })
    return der.slice()
  }

  async chain(product: Product, kind: VekKind): Promise<readonly Bytes[]> {
    const chain = await this.#chain(product, kind)
    return chain.map(({ der }) => der.slice())
  }

  async crl(product: Product, kind: VekKind): Promise<Bytes> {
    const { now, roots, crlReuseMs } = this.#options
    const { der } = await this.#keeper.obtain({
      ...this.#item(
        `crl/${product}/${kind}`,
        `/${kind}/v1/${product}/crl`,
        `CRL of ARK-${product}`,
      ),
      read: (bytes: Bytes) => readCrl(bytes, product, roots),
      isFresh: ({ value }, age) => age < crlReuseMs && now() <= value.nextUpdate.getTime(),
      staleOnError: false,
      isSuccessor: ({ value }, kept) => value.thisUpdate >= kept.value.thisUpdate,
    })
    return der.slice()
  }

  #chain(product: Product, kind: VekKind): Promise<readonly Read<Certificate>[]> {
    const what = `${product} chain for ${kind.toUpperCase()}s`
    return this.#keeper.obtain({
      ...this.#item(`chain/${product}/${kind}`, `/${kind}/v1/${product}/cert_chain`, what),
      read: (bytes) => readChain(bytes, product, kind, this.#options.roots),
      isFresh: (_, age) => age < CHAIN_REUSE_MS,
      staleOnError: true,
    })
  }

  /** AMD's pinned keys are enough, unless AMD has a new intermediate or the root is the caller's. */
  async #readVcek(bytes: Bytes, chip: Chip): Promise<Read<Certificate>> {
    const { roots } = this.#options
    const vcek = readVcek(bytes, chip)
    let path = await findPath(vcek.value, { roots, presented: [] })
    if (path.authority === null) {
      const chain = await this.#chain(chip.product, 'vcek')
      path = await findPath(vcek.value, { roots, presented: chain.map(({ value }) => value) })
    }
    checkPath(path)
    return vcek
  }

  #item(key: string, path: string, what: string) {
    return {
      key: `kds/v1/${key}`,
      url: this.#options.baseUrl + path,
      what: `${what} from ${new URL(this.#options.baseUrl).host}`,
      maxLength: MAX_ANSWER_LEN,
      isSuccessor: () => true,
    } satisfies Partial<Item<unknown>>
  }
}
