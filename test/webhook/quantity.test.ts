// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import { formatCpu, formatMemory, parseQuantity } from '../../src/webhook/pod-quantity.js'
import { codeOf, throwsCode } from '../helpers.js'

const NANO = 10n ** 9n

t.test('quantity: what Kubernetes writes is read', async (t) => {
  for (const [text, amount] of [
    ['0', 0n],
    ['1', NANO],
    ['+1', NANO],
    ['-1', -NANO],
    ['100m', 100n * 10n ** 6n],
    ['0.1', 100n * 10n ** 6n],
    ['.5', 500n * 10n ** 6n],
    ['5.', 5n * NANO],
    ['1u', 1000n],
    ['1n', 1n],
    ['0.1n', 1n],
    ['1e3', 1000n * NANO],
    ['1E3', 1000n * NANO],
    ['1e-3', 10n ** 6n],
    ['12.5e+1', 125n * NANO],
    ['1k', 1000n * NANO],
    ['1M', 10n ** 6n * NANO],
    ['1G', 10n ** 9n * NANO],
    ['1T', 10n ** 12n * NANO],
    ['1P', 10n ** 15n * NANO],
    ['1E', 10n ** 18n * NANO],
    ['1Ki', 1024n * NANO],
    ['1.5Mi', 1536n * 1024n * NANO],
    ['1Gi', 2n ** 30n * NANO],
    ['1Ti', 2n ** 40n * NANO],
    ['1Pi', 2n ** 50n * NANO],
    ['1Ei', 2n ** 60n * NANO],
    ['128974848000m', 128974848n * NANO],
  ] as const) {
    t.equal(parseQuantity(text, 'it'), amount, text)
  }
  t.equal(parseQuantity(2, 'it'), 2n * NANO, 'a number')
  t.equal(
    parseQuantity(1e21, 'it'),
    10n ** 21n * NANO,
    'a number that JavaScript writes with an exponent',
  )
})

t.test('quantity: anything else is refused', async (t) => {
  for (const value of [
    '',
    ' 1',
    '1 ',
    '1ki',
    '1mi',
    '1mm',
    '--1',
    '1e',
    '1e1.5',
    '1e31',
    '1e-31',
    '1e9999',
    '0x10',
    '1,5',
    '.',
    'NaN',
    'Infinity',
    '١',
    'constructor',
    '1'.repeat(65),
    null,
    undefined,
    true,
    {},
    ['1'],
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    const message = throwsCode(
      t,
      () => parseQuantity(value, 'it.cpu'),
      'ERR_POD_FORMAT',
      String(value),
    )
    t.match(message, 'it.cpu')
  }
})

t.test('quantity: parsing agrees with fractions of integers', async () => {
  const scales: Record<string, [bigint, bigint]> = {
    n: [1n, 10n ** 9n],
    u: [1n, 10n ** 6n],
    m: [1n, 1000n],
    '': [1n, 1n],
    k: [1000n, 1n],
    M: [10n ** 6n, 1n],
    Ki: [1024n, 1n],
    Mi: [1n << 20n, 1n],
    Ei: [1n << 60n, 1n],
  }
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 15n),
      fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 }),
      fc.constantFrom(...Object.keys(scales)),
      (whole, fraction, suffix) => {
        const [up, down] = scales[suffix] as [bigint, bigint]
        const dot = fraction === '' ? '' : `.${fraction}`
        const amount = parseQuantity(`${whole}${dot}${suffix}`, 'it')
        // amount is the least integer that is no less than whole.fraction * up / down * NANO.
        const exact = (whole * 10n ** BigInt(fraction.length) + BigInt(fraction || 0)) * up * NANO
        const per = down * 10n ** BigInt(fraction.length)
        return amount * per >= exact && (amount - 1n) * per < exact
      },
    ),
  )
})

t.test('quantity: what is written is read back, and no more than it was', async (t) => {
  for (const [amount, cpu, memory] of [
    ['1', '1', '1'],
    ['900m', '900m', '0'],
    ['0', '0', '0'],
    ['1.5', '1500m', '1'],
    ['100500u', '100m', '0'],
    ['2Gi', '2147483648', '2Gi'],
    ['448Mi', '469762048', '448Mi'],
    ['1000Ki', '1024000', '1000Ki'],
    ['3Ei', '3458764513820540928', '3Ei'],
    ['1023', '1023', '1023'],
  ] as const) {
    t.equal(formatCpu(parseQuantity(amount, 'it')), cpu, amount)
    t.equal(formatMemory(parseQuantity(amount, 'it')), memory, amount)
  }
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 28n), (amount) => {
      const cpu = parseQuantity(formatCpu(amount), 'it')
      const memory = parseQuantity(formatMemory(amount), 'it')
      return (
        amount - cpu >= 0n &&
        amount - cpu < 10n ** 6n &&
        amount - memory >= 0n &&
        amount - memory < NANO
      )
    }),
  )
})

t.test('quantity: no text makes it do anything but read or refuse', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'0123456789.eE+-numkMGTPiK'), maxLength: 12 }),
  )
  fc.assert(
    fc.property(text, (value) => {
      const code = codeOf(() => parseQuantity(value, 'it'))
      return code === null || code === 'ERR_POD_FORMAT'
    }),
  )
})
