// SPDX-License-Identifier: Apache-2.0
// Entry of the single-file ESM build: everything a plain `<script type="module">` can use.

export { AttestationError } from './index.js'
