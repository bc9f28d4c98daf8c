// SPDX-License-Identifier: Apache-2.0
// Lets Node run the TypeScript sources as they are: `node --import ./tools/typescript.mjs FILE.ts`. Types
// are dropped, and nothing else is changed, so that coverage is that of the sources.

import { register } from 'node:module'

register('./typescript-hooks.mjs', import.meta.url)
