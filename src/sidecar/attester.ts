// SPDX-License-Identifier: Apache-2.0
// The Attester: what a request asks → what the hardware signs → the answer. GPU evidence first, then
// its digest, then the CPU report over everything; any failure fails the whole request.

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import { gpuEvidenceDigest, gpuNonce } from '../core/digest.js'
import type { Bytes } from '../core/private-copy.js'
import { reportDataBound, reportDataRaw, reportDataTls } from '../core/report-data.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { AttestationError } from '../errors.js'
import type { Platform as PlatformName, Tee } from '../protocol.js'
import {
  type AnswerClaims,
  type Body,
  base64,
  type Collected,
  evidenceAnswer,
  QuoteWriter,
  sharedEvidence,
} from './answers.js'
import type { Asked } from './asked.js'
import { Batch } from './batch.js'
import { type BatchAnswer, Batcher } from './batcher.js'
import { certificateReader } from './certificates.js'
import { Deadlines } from './deadlines.js'
import { Devices, type DevicesOptions } from './devices.js'
import { type Caller, late, MANY } from './queue.js'
import type { EvidenceQuery, QuoteQuery } from './requests.js'
import type { GpuReport, PlatformReport } from './surface.js'

/** Public keys that evidence can be bound to. */
export interface Keys {
  /** DER SubjectPublicKeyInfo of the TLS key in use. */
  readonly tlsSpki: Bytes
  /** KEM id (2 bytes, RFC 9180 §7.1), then the public key. */
  readonly hpke: Bytes
}

export interface AttesterOptions extends DevicesOptions {
  readonly keys: Keys
  /** Whether raw mode is served, in which the hardware signs 64 bytes of the caller's. */
  readonly rawQuotes: 'allow' | 'deny'
  /** Told how many requests each batch has. */
  readonly onBatch?: (size: number) => void
}

const NO_GPUS: readonly GpuReport[] = []
const BATCH: Caller = { connection: MANY, gone: () => false }

export class Attester {
  readonly devices: Devices
  readonly platform: PlatformName
  readonly #certificates = certificateReader()
  readonly #quotes: QuoteWriter
  readonly #batcher: Batcher<EvidenceQuery, Body>
  readonly #deadlines: Deadlines
  /** Base64. */
  readonly #keys: { readonly tlsSpki: string; readonly hpke: string }

  constructor(private readonly options: AttesterOptions) {
    const { cpu, gpus } = options.platform
    this.devices = new Devices(options)
    this.platform = gpus ? `${cpu.tee}-gpu` : cpu.tee
    this.#quotes = new QuoteWriter(this.platform)
    this.#keys = { tlsSpki: base64(options.keys.tlsSpki), hpke: base64(options.keys.hpke) }
    this.#deadlines = new Deadlines(options.clock, options.deadlineMs)
    this.#batcher = new Batcher(options, (take) => this.#collectBatch(take))
  }

  /** How many batch requests wait for the next report. */
  get batchWaiting(): number {
    return this.#batcher.waiting
  }

  /**
   * Answers `/quote`: raw mode at the guest's own level, TLS mode at the next (protocol section 2).
   *
   * @throws {AttestationError} `ERR_RAW_DENIED`, `ERR_LEVEL_FLOOR`, and what `Devices` throw
   */
  async quote({ nonce, bindTls }: QuoteQuery, caller: Caller): Promise<Body> {
    if (!bindTls && this.options.rawQuotes === 'deny') throw rawDenied()
    const vmpl = bindTls ? this.#composedVmpl() : this.options.platform.cpu.floor
    const reportData = bindTls
      ? reportDataTls(this.options.keys.tlsSpki, nonce)
      : reportDataRaw(nonce)
    const collected = await this.#collect(
      // AEP-83: the GPU's nonce is the first half of REPORT_DATA.
      () => reportData.subarray(0, REQUEST_NONCE_LEN),
      () => ({ reportData, vmpl }),
      caller,
    )
    return this.#quotes.write(collected, bindTls)
  }

  /**
   * Answers `/v1/evidence`, bound or batched (protocol sections 3 and 4).
   *
   * @throws {AttestationError} `ERR_LEVEL_FLOOR`, and what `Devices` throw
   */
  async evidence(query: EvidenceQuery, caller: Caller): Promise<Body> {
    const vmpl = this.#composedVmpl()
    if (query.batch) return this.#batcher.add(query, caller)
    const collected = await this.#collect(
      () => gpuNonce(query.nonce),
      (digest) => ({ reportData: this.#bound(query, digest), vmpl }),
      caller,
    )
    const shared = sharedEvidence(collected, query.endorsements)
    return evidenceAnswer(this.#tee, shared, this.#claims(query), null)
  }

  /** Resolves when nothing is under way any more, and lets go of the hardware. */
  async close(): Promise<void> {
    this.#batcher.stop()
    await this.devices.close()
    this.#deadlines.stop()
  }

  /**
   * Evidence for one request: of the GPUs first, so that the report can be over it.
   *
   * @param gpuNonce what every GPU is asked
   * @param ask what the CPU is asked, given the digest of what the GPUs answered
   */
  #collect(
    gpuNonce: () => Uint8Array,
    ask: (gpuDigest: Bytes | null) => Asked,
    caller: Caller,
  ): Promise<Collected> {
    if (!this.devices.hasGpus) return this.#report(ask(null), NO_GPUS, caller)
    return this.#within(caller, async (timed) => {
      // Null only for a nonce that is null.
      const gpus = (await this.devices.collectGpus(gpuNonce, timed)) as readonly GpuReport[]
      return this.#report(ask(digestOf(gpus)), gpus, timed)
    })
  }

  /** One deadline for both devices of a request, each of which knows only the time it takes itself. */
  #within<T>(caller: Caller, work: (timed: Caller) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = {
        done: false,
        expire: () => {
          waiting.done = true
          reject(late(this.options.deadlineMs))
        },
      }
      this.#deadlines.add(waiting)
      const gone = () => waiting.done || caller.gone()
      work({ connection: caller.connection, gone })
        .finally(() => {
          waiting.done = true
        })
        .then(resolve, reject)
    })
  }

  async #report(asked: Asked, gpus: readonly GpuReport[], caller: Caller): Promise<Collected> {
    const collected = await this.devices.collect(() => asked, caller)
    // An answer that is written between two reads costs more than twice what it costs after them.
    await everythingRead()
    return this.#collected(collected as PlatformReport, gpus)
  }

  #collected({ report, auxblob }: PlatformReport, gpus: readonly GpuReport[]): Collected {
    return { report, certificates: this.#certificates(auxblob), gpus }
  }

  /** One report for all that wait when its turn comes. */
  async #collectBatch(take: () => readonly EvidenceQuery[]): Promise<BatchAnswer<Body> | null> {
    const batch = new Batch(take)
    const gpus = await this.devices.collectGpus(() => batch.gpuNonce(), BATCH)
    const digest = digestOf(gpus ?? [])
    const vmpl = this.#composedVmpl()
    const report = await this.devices.collect(() => {
      const reportData = batch.reportData((query) => this.#bound(query, digest))
      return reportData && { reportData, vmpl }
    }, BATCH)
    if (report === null || gpus === null) return null
    this.options.onBatch?.(batch.size)
    return this.#batchAnswer(batch, this.#collected(report, gpus))
  }

  #batchAnswer(batch: Batch, collected: Collected): BatchAnswer<Body> {
    // What is the same for all is written once, when the first one needs it.
    const forms = new Map<boolean, Buffer>()
    return (index) => {
      const query = batch.queries[index] as EvidenceQuery
      const { endorsements } = query
      const shared = forms.get(endorsements) ?? sharedEvidence(collected, endorsements)
      forms.set(endorsements, shared)
      return evidenceAnswer(this.#tee, shared, this.#claims(query), batch.place(index))
    }
  }

  get #tee(): Tee {
    return this.options.platform.cpu.tee
  }

  /** The level of what the sidecar composed: one above the guest's own, out of every caller's reach. */
  #composedVmpl(): number {
    const { tee, floor } = this.options.platform.cpu
    if (tee === 'tdx') return 0
    if (floor < VMPL_MAX) return floor + 1
    throw new AttestationError('ERR_LEVEL_FLOOR', 'at VMPL 3 only raw quotes are to be had')
  }

  /** The 64 bytes that bound mode puts into REPORT_DATA, and a batch into its claim tree. */
  #bound({ nonce, tls, hpke, userData }: EvidenceQuery, gpuDigest: Bytes | null): Bytes {
    const { keys } = this.options
    return reportDataBound({
      nonce,
      ...(tls && { tlsSpki: keys.tlsSpki }),
      ...(hpke && { hpke: keys.hpke }),
      ...(gpuDigest && { gpuDigest }),
      ...(userData && { userData }),
    })
  }

  #claims({ tls, hpke, userData }: EvidenceQuery): AnswerClaims {
    return {
      ...(tls && { tls_spki: this.#keys.tlsSpki }),
      ...(hpke && { hpke: this.#keys.hpke }),
      ...(userData && { user_data: base64(userData) }),
    }
  }
}

let reading: Promise<void> | null = null

/** When the event loop has read all that has arrived. */
function everythingRead(): Promise<void> {
  reading ??= new Promise((resolve) => {
    setImmediate(() => {
      reading = null
      resolve()
    })
  })
  return reading
}

/** Null without GPUs, where nothing is bound. */
const digestOf = (gpus: readonly GpuReport[]): Bytes | null =>
  gpus.length === 0
    ? null
    : gpuEvidenceDigest(gpus.map(({ index, report }) => ({ index, evidence: report })))

const rawDenied = () =>
  new AttestationError('ERR_RAW_DENIED', 'the operator has this sidecar sign no bytes of a caller')
