// SPDX-License-Identifier: Apache-2.0
// Addresses of Akash accounts: bech32 (BIP 173) with the prefix `akash`.

const PREFIX = 'akash'
const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
/** Generator of the checksum, one coefficient for each bit that leaves the register. */
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const REGISTER_BITS = 30
const SYMBOL_BITS = 5
const VALID = 1

/** Accounts have 20 bytes, those of modules and contracts 32; six symbols of checksum follow. */
export const ADDRESS = new RegExp(`^${PREFIX}1(?:[${CHARSET}]{38}|[${CHARSET}]{58})$`)

/** Whether `text` is the address of an account in lower case, its checksum included. */
export function isAddress(text: string): boolean {
  if (!ADDRESS.test(text)) return false
  const high = [...PREFIX].map((char) => char.charCodeAt(0) >> SYMBOL_BITS)
  const low = [...PREFIX].map((char) => char.charCodeAt(0) & ((1 << SYMBOL_BITS) - 1))
  const symbols = [...text.slice(PREFIX.length + 1)].map((char) => CHARSET.indexOf(char))
  return [...high, 0, ...low, ...symbols].reduce(step, 1) === VALID
}

function step(register: number, symbol: number): number {
  const top = register >>> (REGISTER_BITS - SYMBOL_BITS)
  const rest = (register & ((1 << (REGISTER_BITS - SYMBOL_BITS)) - 1)) << SYMBOL_BITS
  return GENERATOR.reduce((sum, term, bit) => ((top >> bit) & 1 ? sum ^ term : sum), rest ^ symbol)
}
