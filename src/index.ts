// SPDX-License-Identifier: Apache-2.0
// The public names of `assay`.

export { AttestationError, CODES, type Code, type Layer } from './errors.js'
