// SPDX-License-Identifier: Apache-2.0
// What a surface has to hold to, whichever it is.

import assert from 'node:assert/strict'
import { randomBytes, verify } from 'node:crypto'
import { parseSnpReport } from '../../../src/core/snp.js'
import { AttestationError, type Code } from '../../../src/errors.js'
import type { CpuSurface } from '../../../src/sidecar/surface.js'
import { calls, during, type Parameters, type Provider, set } from './lab.js'

/** One request, its answer checked as a tenant would. Gives the certificate table. */
export async function collect(
  surface: CpuSurface,
  { key }: Provider,
  vmpl = surface.floor,
): Promise<Uint8Array> {
  const reportData = randomBytes(64)
  const answer = await surface.collect(reportData, vmpl)
  const report = parseSnpReport(answer.report)
  assert.deepEqual(Buffer.from(report.reportData), reportData)
  assert.equal(report.vmpl, vmpl)
  const signature = { key, dsaEncoding: 'ieee-p1363' } as const
  assert.ok(verify('sha384', report.signedBytes, signature, report.signature), 'signature')
  return answer.auxblob
}

/** @param code what `run` is refused with */
export async function refuses(run: Promise<unknown>, code: Code): Promise<void> {
  const outcome = await run.then(
    () => 'an answer',
    (error: unknown) => {
      if (!(error instanceof AttestationError)) throw error
      return error.code
    },
  )
  assert.equal(outcome, code)
}

/** @param requests how many of them the firmware sees */
export async function costs(requests: number, run: () => Promise<unknown>): Promise<void> {
  const before = calls()
  await run()
  assert.equal(calls() - before, requests, 'firmware requests')
}

/** A failure is told by its code, and the next request is as good as ever. */
export async function failsOnce(
  surface: CpuSurface,
  provider: Provider,
  how: Parameters,
  code: Code,
  vmpl = surface.floor,
): Promise<void> {
  await during(how, () => refuses(collect(surface, provider, vmpl), code))
  await collect(surface, provider, vmpl)
}

/** Eight callers with five requests each, all at once. */
export async function crowd(surface: CpuSurface, provider: Provider): Promise<void> {
  const caller = async (level: number) => {
    for (let i = 0; i < 5; i++) await collect(surface, provider, level % 4)
  }
  await costs(40, () => Promise.all(Array.from({ length: 8 }, (_, i) => caller(i))))
}

/** A slow firmware holds up nobody else. */
export async function stallsNobody(
  surface: CpuSurface,
  provider: Provider,
  vmpl = surface.floor,
): Promise<void> {
  let ticks = 0
  const ticker = setInterval(() => ticks++, 20)
  await during({ delay_ms: 500 }, () => collect(surface, provider, vmpl))
  clearInterval(ticker)
  assert.ok(ticks >= 5, `${ticks} ticks of the event loop`)
}

/** Busy twice, then well. */
export async function survivesBusy(
  surface: CpuSurface,
  provider: Provider,
  vmpl = surface.floor,
): Promise<void> {
  await during({ fail_errno: 16 }, async () => {
    const before = calls()
    const answered = collect(surface, provider, vmpl)
    while (calls() < before + 2) await new Promise((resolve) => setTimeout(resolve, 1))
    set({ fail_errno: 0 })
    await answered
  })
}

/** The driver has wiped its key: that is for ever, and it is left alone. Closes the surface. */
export async function losesKey(
  surface: CpuSurface,
  provider: Provider,
  vmpl = surface.floor,
): Promise<void> {
  await during({ fail_errno: 25 }, () =>
    costs(1, () => refuses(collect(surface, provider, vmpl), 'ERR_DEVICE_LOST')),
  )
  await costs(0, () => refuses(collect(surface, provider, vmpl), 'ERR_DEVICE_LOST'))
  await surface.close()
}
