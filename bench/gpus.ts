// SPDX-License-Identifier: Apache-2.0
// What does an appraisal of GPUs cost beyond the signatures on their reports, and do eight share what
// they have in common?

import { appraiseGpus } from 'assay/verify'
import { type GpuMaterial, knownGpus, verifyReports } from './gpu-world.js'
import type { Answer } from './harness.js'
import { type AsyncContender, answerAsync } from './harness-async.js'

/** At most this many times the time of the verification of its report. */
const ONE = 1 / 1.3
/** Eight GPUs at most this many times the time of one. */
const EIGHT = 1 / 4

/** Answers as they are found. */
export async function* gpuAnswers(): AsyncGenerator<Answer> {
  yield await answerAsync({
    title: 'GPU appraisal, known GPU and both RIMs, new report',
    contenders: [assay, { ...webcrypto, atLeast: ONE }],
    prepare: await knownGpus(1),
  })
  const eight = await knownGpus(8)
  yield await answerAsync({
    title: 'GPU appraisal, eight known GPUs and both RIMs, new reports',
    contenders: [assay, webcrypto, { ...first, atLeast: EIGHT }],
    prepare: eight,
  })
}

const decide = async (appraisal: GpuMaterial['appraisal']): Promise<void> => {
  const { result } = await appraiseGpus(appraisal)
  if (result !== 'verified') throw new Error('the bench measures a refusal')
}

const assay: AsyncContender<GpuMaterial> = {
  name: 'assay',
  run: ({ appraisal }) => decide(appraisal),
}

const webcrypto: AsyncContender<GpuMaterial> = {
  name: 'WebCrypto alone, the reports',
  run: verifyReports,
}

const first: AsyncContender<GpuMaterial> = {
  name: 'assay, the first GPU only',
  run: ({ appraisal }) => decide({ ...appraisal, gpus: appraisal.gpus.slice(0, 1) }),
}
