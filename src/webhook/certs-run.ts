// SPDX-License-Identifier: Apache-2.0
// What one run of the certificate job does, in this order: the API server learns of the new authority, the
// Secret gets the certificate below it, and what nobody can be serving any more is forgotten. A run may be
// killed between any two steps and have others beside it: after every step the API server trusts all that
// pods may serve, and every attempt reads anew what it builds on.

import type { X509Certificate } from 'node:crypto'
import type { V1Secret } from '@kubernetes/client-node'
import { AttestationError } from '../errors.js'
import type { CertsOptions, Outcome } from './certs.js'
import { age, authoritiesInUse, includes, unexpired } from './certs-bundle.js'
import { dueReason, type Reason } from './certs-due.js'
import { type Issued, issueServing } from './certs-issue.js'
import {
  authoritiesData,
  type Found,
  type Held,
  issuedData,
  readHeld,
  type SecretData,
  secretWith,
} from './certs-secret.js'
import { CertsTrust, type Configuration } from './certs-trust.js'

/** The cluster at one time. */
interface Seen {
  readonly now: Date
  readonly configuration: Configuration
  readonly secret: V1Secret | null
  readonly found: Found
}

/** What happened to the Secret, and why. */
type Done = Pick<Outcome, 'secret' | 'reason'>

/** Newest first: whoever renews more often than pods take up certificates ends at some point. */
const PREDECESSORS_MAX = 20

/** Others take an authority for one that is about to be used for longer than this. */
const FRESH_MS = 10 * 60_000

const UNCHANGED: Done = { secret: 'unchanged', reason: null }
/** What happens to a Secret that gets a certificate, by what was found. */
const WORDS = { none: 'created', foreign: 'replaced', held: 'renewed' } as const

export class CertsRun {
  readonly #options: CertsOptions
  readonly #trust: CertsTrust
  /** Made once, as long as it is fresh: an attempt that was cut off may have put it into the Secret. */
  #issued: Issued | null = null
  /** Authorities of this run that no Secret will ever name. */
  readonly #abandoned: X509Certificate[] = []
  #done: Done = UNCHANGED
  /** Fingerprint of the certificate that was there: the one to renew where that was asked for. */
  #first: string | null = null

  constructor(options: CertsOptions) {
    this.#options = options
    this.#trust = new CertsTrust(options)
  }

  /** @throws {AttestationError} `ERR_KUBERNETES_CONFLICT` where somebody else was faster: try again */
  async attempt(): Promise<Outcome> {
    const seen = await this.#look()
    const keep = this.#judge(seen)
    const wrote = typeof keep === 'string' ? this.#renew(seen, keep) : this.#prune(seen, keep)
    return this.#settle((await wrote) ? await this.#look() : seen)
  }

  /**
   * The configuration is read before the Secret, and what is judged by age is judged by the time before
   * both: a run that renews meanwhile has then either changed the configuration, so that ours is refused,
   * or its authority is too young to be dropped, however long this process is held up.
   */
  async #look(): Promise<Seen> {
    const now = this.#options.now()
    const configuration = await this.#trust.read()
    const secret = await this.#options.api.secret()
    return { now, configuration, secret, found: readHeld(secret) }
  }

  /** What may stay, or why it may not. @throws {AttestationError} `ERR_WEBHOOK_SECRET` */
  #judge({ now, found }: Seen): Held | Reason {
    const { names, renew, force } = this.#options
    const serving = found.kind === 'held' ? found.held.certificate.fingerprint256 : ''
    this.#first ??= serving
    if (found.kind === 'none') return 'absent'
    if (found.kind === 'held') {
      const asked = renew && serving === this.#first
      return dueReason(found.held.certificate, names, now, asked) ?? found.held
    }
    if (force) return 'forced'
    const { namespace, secret } = this.#options
    throw new AttestationError(
      'ERR_WEBHOOK_SECRET',
      `the Secret ${namespace}/${secret} ${found.why}, and is left alone; --force replaces it`,
    )
  }

  async #renew({ now, configuration, secret, found }: Seen, reason: Reason): Promise<true> {
    const { names, lifetimeMs, settleMs } = this.#options
    if (this.#issued !== null && age(this.#issued.authority, now) > FRESH_MS) {
      this.#abandoned.push(this.#issued.authority)
      this.#issued = null
    }
    this.#issued ??= issueServing({ names, lifetimeMs, now })
    const before =
      found.kind === 'held'
        ? unexpired(found.held.authorities, now)
        : authoritiesInUse(configuration, this.#options, now)
    const predecessors = before.slice(0, PREDECESSORS_MAX)
    const data = issuedData(this.#issued, predecessors)
    // Nothing is touched unless all of it can be done.
    await this.#write(secret, data, true)
    const held = [...predecessors, this.#issued.authority]
    const trust = { now, held, abandoned: this.#abandoned, prune: false }
    const news = await this.#trust.write(configuration, trust)
    if (news && predecessors.length > 0) await this.#options.sleep(settleMs)
    // Before the answer: where none comes, the next attempt finds the certificate in place.
    this.#done = { secret: WORDS[found.kind], reason }
    await this.#write(secret, data, false)
    return true
  }

  async #prune({ secret }: Seen, { authorities }: Held): Promise<boolean> {
    if (!this.#options.prune || authorities.length === 1) return false
    this.#done = { secret: 'pruned', reason: null }
    await this.#write(secret, authoritiesData([authorities[0]]), false)
    return true
  }

  #write(there: V1Secret | null, data: SecretData, dryRun: boolean): Promise<V1Secret> {
    const { api, namespace, secret: name } = this.#options
    const secret = secretWith(data, there, { name, namespace })
    return there === null
      ? api.createSecret(secret, { dryRun })
      : api.replaceSecret(secret, { dryRun })
  }

  /** The last step, and the only one where nothing was due. */
  async #settle({ now, configuration, found }: Seen): Promise<Outcome> {
    if (found.kind !== 'held') {
      throw new AttestationError(
        'ERR_KUBERNETES_CONFLICT',
        'somebody else has taken the Secret away',
      )
    }
    const { held } = found
    const issued = this.#issued
    const lost = issued !== null && !includes([held.certificate], issued.certificate)
    if (lost) this.#abandoned.push(issued.authority)
    await this.#trust.write(configuration, {
      now,
      held: unexpired(held.authorities, now),
      abandoned: this.#abandoned,
      prune: this.#options.prune && issued === null,
    })
    const { state, bundles } = this.#trust
    return { ...(lost ? UNCHANGED : this.#done), held, configuration: state, bundles }
  }
}
