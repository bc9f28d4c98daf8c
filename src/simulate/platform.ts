// SPDX-License-Identifier: Apache-2.0
// A confidential VM in software: an SNP processor, GPUs, and roots that nobody trusts unless handed
// them by name.

import type { Bytes } from '../core/private-copy.js'
import type { Clock } from '../service/clock.js'
import type { Platform } from '../sidecar/surface.js'
import { Faults } from './faults.js'
import { SimulatedGpus } from './gpus.js'
import type { Machine, MachineOptions } from './machine.js'
import { SimulatedSnp } from './snp.js'

export interface SimulatorOptions extends Omit<MachineOptions, 'now'> {
  readonly clock: Clock
  /** One that was minted before; what of it the other options say is then not asked. */
  readonly machine?: Machine
  /** Lowest VMPL that the guest may ask for: 0 unless given. */
  readonly floor?: number
  /** How long each report takes; unless given, as long as its signature. */
  readonly reportLatencyMs?: number
  /** The same for the GPUs, all of which answer at the same time. */
  readonly gpuLatencyMs?: number
  /** More requests than this per second are refused with `ERR_DEVICE_BUSY`. */
  readonly rateLimitPerSecond?: number
  /** False leaves reports of the CPU unsigned, to measure what is around them. */
  readonly signed?: boolean
}

export interface Simulator extends Platform {
  readonly roots: {
    /** ARK, DER. */
    readonly snp: Bytes
    /** DER; null without GPUs. */
    readonly nvidia: Bytes | null
  }
  /** What the ARK has revoked, which is nothing; DER. */
  readonly crl: Bytes
  readonly faults: Faults
}

const P384: EcKeyImportParams = { name: 'ECDSA', namedCurve: 'P-384' }

export async function simulatePlatform(options: SimulatorOptions): Promise<Simulator> {
  const { clock, floor = 0, reportLatencyMs = 0, gpuLatencyMs = 0, signed = true } = options
  const machine = options.machine ?? (await mint(options))
  const { template, auxblob } = machine
  const faults = new Faults()
  const cpu = new SimulatedSnp({
    clock,
    template,
    auxblob,
    vek: signed ? await signingKey(machine.vek) : null,
    floor,
    latencyMs: reportLatencyMs,
    rateLimit: options.rateLimitPerSecond ?? Number.POSITIVE_INFINITY,
    faults,
  })
  const gpus = await Promise.all(
    machine.gpus.map(async (gpu) => ({ ...gpu, key: await signingKey(gpu.key) })),
  )
  return {
    cpu,
    gpus: gpus.length > 0 ? new SimulatedGpus(gpus, clock, gpuLatencyMs, faults) : null,
    roots: { snp: machine.ark, nvidia: machine.nvidiaRoot },
    crl: machine.crl,
    faults,
  }
}

/** Loaded only where it is needed: what mints takes longer to load than the rest, and more memory. */
async function mint(options: SimulatorOptions): Promise<Machine> {
  const { mintMachine } = await import('./machine.js')
  return mintMachine({ ...options, now: options.clock.now() })
}

const signingKey = (pkcs8: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('pkcs8', pkcs8, P384, false, ['sign'])
