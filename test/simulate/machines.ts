// SPDX-License-Identifier: Apache-2.0
// Machines are slow to make: one of each kind for a whole test run.

import type { Product } from '../../src/core/snp.js'
import { type Machine, mintMachine } from '../../src/simulate/machine.js'
import { AT } from '../fake/amd.js'

const made = new Map<string, Promise<Machine>>()

/** Each product with another version of ATTESTATION_REPORT. */
export const VERSIONS = { Milan: 2, Genoa: 3, Turin: 5 } as const

export function machineOf(product: Product = 'Genoa', gpus = 0): Promise<Machine> {
  const name = `${product} ${gpus}`
  const machine =
    made.get(name) ?? mintMachine({ product, gpus, version: VERSIONS[product], now: AT })
  made.set(name, machine)
  return machine
}
