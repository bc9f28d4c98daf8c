// SPDX-License-Identifier: Apache-2.0
// Minimum TCBs and firmware as rows of a table, because levels of different processors do not compare:
// those of different products never, microcode not even between steppings.

import * as v from 'valibot'
import { productOf } from '../core/snp.js'
import { integer, listOf, object, orAny, text } from './fields.js'

const U8_MAX = 0xff
const OLD_PRODUCTS = ['Milan', 'Genoa'] as const

const u8 = integer(0, U8_MAX)
const level = (description: string) => orAny(u8, `integer from 0 to ${U8_MAX}`, description)

const cpuid = orAny(
  object({ family: u8, model: u8, stepping: u8 }),
  'object with family, model and stepping',
  'The processor that this row is for: combined family and model, and stepping. Reports of version 2 do not name theirs.',
)

const components = {
  bootLoader: level('BOOT_LOADER SPL'),
  tee: level('TEE SPL'),
  snp: level('SNP SPL'),
  microcode: level(
    'MICROCODE SPL, the low byte of its revision: name the stepping in cpuid as well',
  ),
}

const tcbFloor = v.pipe(
  v.variant(
    'product',
    [
      object({
        product: v.picklist(OLD_PRODUCTS),
        cpuid,
        fmc: v.pipe(
          v.literal('any', '"any" expected, because only Turin has an FMC'),
          v.description('FMC SPL, which only Turin has'),
        ),
        ...components,
      }),
      object({
        product: v.literal('Turin'),
        cpuid,
        fmc: level('FMC SPL'),
        ...components,
      }),
    ],
    'row with product Milan, Genoa or Turin expected',
  ),
  v.forward(
    v.check(
      ({ product, cpuid }) => cpuid === 'any' || productOf(cpuid) === product,
      'processor of the product of the row expected',
    ),
    ['cpuid'],
  ),
)

export const tcbFloors = (description: string) =>
  orAny(
    listOf(tcbFloor, ({ product, cpuid }) => JSON.stringify([product, cpuid])),
    'list of rows',
    description,
  )

/** @param u8 pattern of one number of a version */
export const firmwareFloors = (description: string, u8: string) =>
  orAny(
    listOf(
      object({
        product: v.picklist([...OLD_PRODUCTS, 'Turin'], 'product Milan, Genoa or Turin expected'),
        version: text(new RegExp(`^${u8}(?:[.]${u8}){2}$`), 'version such as "1.55.35"'),
      }),
      ({ product }) => product,
    ),
    'list of rows',
    description,
  )
