// SPDX-License-Identifier: Apache-2.0
// What does an appraisal cost beyond the signatures that it has to verify?

import { appraise } from 'assay/verify'
import { appraisalOf, type Chip, chipFactory, forget, realChips } from './chips.js'
import type { Answer } from './harness.js'
import { type AsyncContender, answerAsync } from './harness-async.js'
import { tinfoil } from './tinfoil.js'
import { importP384, verifyAll, verifyReport } from './webcrypto.js'

/** At most this many times the time of the signatures alone, with everything new. */
const COLD = 1 / 1.25
/** At most this many times the time of one verification, of a chip that is known. */
const WARM = 1 / 1.15

/** Answers as they are found. */
export async function* verifyAnswers(): AsyncGenerator<Answer> {
  const mint = await chipFactory()
  yield await answerAsync({
    title: 'SNP appraisal, all new: VCEK, ASK, ARK, CRL, report',
    contenders: [assay, { ...signaturesAlone, atLeast: COLD }],
    prepare: mint,
  })
  const known = await mint()
  yield await answerAsync({
    title: 'SNP appraisal, known chip with CRL, new report',
    contenders: [assay, { ...(await oneVerification(known)), atLeast: WARM }],
    prepare: known.next,
  })
  const real = await realChips()
  if (real.length > 0) yield* realAnswers(real)
  else console.log('real chips: skipped, no real evidence here\n')
}

async function* realAnswers(chips: readonly Chip[]): AsyncGenerator<Answer> {
  yield await answerAsync({
    title: 'SNP appraisal, real chip, VCEK and report new',
    contenders: [assay, { ...signaturesAlone, atLeast: COLD }],
    prepare: async (round) => {
      const chip = chips[round % chips.length] as Chip
      await forget(chip)
      return chip
    },
  })
  const [chip] = chips as [Chip]
  yield await answerAsync({
    title: 'SNP appraisal, real chip that is known',
    contenders: [assay, { ...(await oneVerification(chip)), atLeast: WARM }],
    prepare: () => chip,
  })
  const theirs = await tinfoil(chips)
  if (typeof theirs === 'string') console.log(`@tinfoilsh/verifier: skipped, ${theirs}\n`)
  else {
    yield await answerAsync({
      title: 'SNP appraisal, real Genoa chip that is known',
      contenders: [assay, { ...theirs, atLeast: 8 }],
      prepare: () => theirs.chip,
    })
  }
}

const assay: AsyncContender<Chip> = {
  name: 'assay',
  run: async (chip) => {
    const { result } = await appraise(appraisalOf(chip))
    if (result !== 'verified') throw new Error('the bench measures a refusal')
  },
}

const signaturesAlone: AsyncContender<Chip> = {
  name: 'WebCrypto alone',
  run: ({ signatures }) => verifyAll(signatures),
}

async function oneVerification({ signatures }: Chip): Promise<AsyncContender<Chip>> {
  const key = await importP384(signatures.vek)
  return {
    name: 'one P-384 verification',
    run: ({ signatures }) => verifyReport(key, signatures.report),
  }
}
