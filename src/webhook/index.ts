// SPDX-License-Identifier: Apache-2.0
// `assay/webhook`: the admission webhook that gives every confidential Pod its sidecar.

export type { Clock } from '../service/clock.js'
export { systemClock } from '../service/system-clock.js'
export { type AppOptions, buildApp } from './app.js'
export { type Decision, decide, type PodRequest, type WebhookPolicy } from './decide.js'
export { type CertificateState, Readiness } from './health.js'
