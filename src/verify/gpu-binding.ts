// SPDX-License-Identifier: Apache-2.0
// Whether the CPU vouches for the evidence of the GPUs, and where it does not, what was done to it.

import { gpuEvidenceDigest } from '../core/digest.js'
import type { GpuEvidence } from '../evidence.js'
import { isComposed, mismatch } from './binding.js'
import { reportDataOf } from './gpu-nonce.js'
import type { CheckedAppraisal, CheckedChallenge } from './options.js'
import { blocked, type Finding, fail, pass } from './result.js'

const CHECK = 'gpus.binding'

/** As many devices as one machine has; every two of them are tried in each other's place. */
const SEARCHED = 12

/** @param cpu the findings on the evidence of the CPU, of which `binding.nonce` says what is bound */
export function checkGpuBinding(asked: CheckedAppraisal, cpu: readonly Finding[]): Finding {
  const { mode, gpus } = asked.evidence
  if (!isComposed(mode)) {
    const detail = `${mode} mode binds no evidence of GPUs: those of another machine can answer its nonce`
    return fail(CHECK, 'ERR_GPU_UNBOUND', detail)
  }
  if (gpus.some(({ index }, at) => at > 0 && index <= (gpus[at - 1] as GpuEvidence).index)) {
    return fail(CHECK, 'ERR_GPU_ORDER', 'the indices of the GPUs do not ascend')
  }
  const nonce = cpu.find(({ check }) => check === 'binding.nonce')
  if (nonce?.outcome === 'pass') return pass(CHECK, 'REPORT_DATA binds the evidence of every GPU')
  const done = nonce?.outcome === 'fail' ? tampering(asked) : null
  if (done) return done
  return blocked(CHECK, {
    code: nonce?.code ?? 'ERR_NONCE_MISSING',
    detail: 'REPORT_DATA was not shown to be composed of the evidence of the GPUs',
  })
}

/** What REPORT_DATA would be composed of, had somebody in the middle done one thing to the GPUs. */
function tampering({ evidence, challenge }: CheckedAppraisal): Finding | null {
  const { gpus } = evidence
  const reportData = reportDataOf(evidence)
  const isOf = (candidates: readonly GpuEvidence[]) => {
    const digest = candidates.length > 0 ? gpuEvidenceDigest(candidates) : null
    const composition = { evidence, challenge: challenge as CheckedChallenge }
    return mismatch({ ...composition, gpuDigest: () => digest }, reportData) === null
  }
  if (isOf([])) {
    return fail(CHECK, 'ERR_GPU_UNBOUND', 'REPORT_DATA was composed by a guest without any GPU')
  }
  if (gpus.length > SEARCHED) return null
  const added = gpus.find((gpu) => isOf(gpus.filter((other) => other !== gpu)))
  if (added) {
    const detail = `REPORT_DATA was composed without GPU ${added.index}, which somebody added`
    return { ...fail(CHECK, 'ERR_GPU_UNBOUND', detail), device: added.index }
  }
  const pair = pairs(gpus).find(([a, b]) => isOf(exchanged(gpus, a, b)))
  if (!pair) return null
  const [a, b] = pair.map(({ index }) => index)
  return fail(CHECK, 'ERR_GPU_ORDER', `the evidence of GPU ${a} and GPU ${b} changed places`)
}

const pairs = (gpus: readonly GpuEvidence[]): [GpuEvidence, GpuEvidence][] =>
  gpus.flatMap((a, at) => gpus.slice(at + 1).map((b): [GpuEvidence, GpuEvidence] => [a, b]))

/** The same devices, two of which have the evidence of each other. */
const exchanged = (gpus: readonly GpuEvidence[], a: GpuEvidence, b: GpuEvidence): GpuEvidence[] =>
  gpus.map((gpu) => {
    const { evidence } = gpu === a ? b : gpu === b ? a : gpu
    return { ...gpu, evidence }
  })
