// SPDX-License-Identifier: Apache-2.0
// The measurements of a report against the golden ones of its RIMs (NVIDIA/attestation-sdk,
// generate_set_measurement_claims; nvtrust, verifier.py).

import { equalBytes } from '../core/bytes.js'
import type { GpuReport } from '../core/nvidia.js'
import type { Bytes } from '../core/private-copy.js'
import type { Rim, RimMeasurement } from './rim.js'

/** NVDEC0, the video decoder, whose measurement says nothing while it is off. */
const NVDEC0_INDEX = 35

/** A measurement that is none of the golden values. */
export interface Mismatch {
  /** As the RIM counts, from 0. */
  readonly index: number
  readonly source: 'driver' | 'vbios' | 'bios'
  readonly name: string
}

export interface Comparison {
  /** How many measurements are golden. */
  readonly matched: number
  readonly mismatches: readonly Mismatch[]
  /** Indices that both RIMs have a golden value for: neither counts then. */
  readonly conflicts: readonly number[]
  /** Indices that this device's state leaves without a meaning. */
  readonly skipped: readonly number[]
}

/** What the comparison takes of a report, which reads all of it anew at every access. */
export type Measured = Pick<GpuReport, 'kind' | 'measurements' | 'opaqueData'>

/** What the comparison takes of a RIM. */
export type Golden = Pick<Rim, 'active'>

/**
 * Every golden measurement of the RIMs must be met by the report: one of its alternatives, of which
 * zero is as good as any. Measurements that no RIM speaks of do not count.
 *
 * @param rims either is null where it is not known, or does not exist
 */
export function compareMeasurements(
  report: Measured,
  { driver, firmware }: { readonly driver: Golden | null; readonly firmware: Golden | null },
): Comparison {
  const runtime = report.measurements
  const both = conflictsOf(driver, firmware)
  const off = report.opaqueData.nvdec0Status === 'disabled'
  const rows: (RimMeasurement & Pick<Mismatch, 'source'>)[] = [
    ...golden(driver, 'driver'),
    ...golden(firmware, report.kind === 'gpu' ? 'vbios' : 'bios'),
  ].filter(({ index }) => !both.includes(index))
  const skipped = rows.filter(({ index }) => off && index === NVDEC0_INDEX)
  const counting = rows.filter((row) => !skipped.includes(row))
  const wrong = counting.filter((row) => !isGolden(row, runtime[row.index]))
  return {
    matched: counting.length - wrong.length,
    mismatches: wrong
      .map(({ index, source, name }) => ({ index, source, name }))
      .sort((a, b) => a.index - b.index),
    conflicts: both,
    skipped: skipped.map(({ index }) => index),
  }
}

const golden = (rim: Golden | null, source: Mismatch['source']) =>
  (rim?.active ?? []).map((measurement) => ({ ...measurement, source }))

function conflictsOf(one: Golden | null, other: Golden | null): number[] {
  const indices = new Set(one?.active.map(({ index }) => index))
  return (other?.active ?? []).map(({ index }) => index).filter((index) => indices.has(index))
}

const isGolden = ({ alternatives }: RimMeasurement, runtime: Bytes | undefined): boolean =>
  runtime !== undefined && alternatives.some((value) => equalBytes(value, runtime))
