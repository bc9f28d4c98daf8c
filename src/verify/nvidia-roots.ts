// SPDX-License-Identifier: Apache-2.0
// NVIDIA's roots by their keys. Keys, because the device root exists as two certificates over one key,
// and a pin on either certificate would break with the other. Public keys are facts, not works.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { fromBase64 } from '../encoding.js'
import type { Anchor } from './chain.js'
import type { Identity } from './x509.js'

/** A root of NVIDIA's. */
export interface NvidiaRoot {
  /** As `Identity` spells it. */
  readonly subject: string
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Bytes
  readonly spkiSha256: string
}

const root = (subject: string, spki: string, spkiSha256: string): NvidiaRoot => ({
  subject,
  spki: fromBase64(spki, 'spki'),
  spkiSha256,
})

/** Of GPUs and NVSwitches: NVIDIA Device Identity CA. */
export const DEVICE_ROOT: NvidiaRoot = root(
  'CN=NVIDIA Device Identity CA, O=NVIDIA',
  'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEDkwUozv4pWJmWNtBKWB+TL9FGcRBJxb00NkXxJeABb3qvq79V7xmCC1xik+LYFLhUW7op8QiuE3oVwcbtY/Tlb6gz6HGPufIDWvWOQHZHLvRh9OFfcFrXM6vI4/4wn29',
  'a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4',
)

/** Of reference values: NVIDIA CoRIM signing Root CA. */
export const RIM_ROOT: NvidiaRoot = root(
  'C=US, O=NVIDIA, CN=NVIDIA CoRIM signing Root CA',
  'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEuECyi9vNM+Iw2lfUzyBldHAwaC1HF7TCgp12QcEyUTm3Tagxwr48d55+K2VIlWYIDk7NlAIQdcV/Ff7euGLI+Qauj93HsSI4WX298PpW54RTgz9tC+Q684caR/BXWEeZ',
  'dec1dc316477aa851eebdf51327ae9f864bc8d89254657ed1e7eb9168af1e1a3',
)

/** Who vouches for a root, of which NVIDIA has `vendor`. */
export function nvidiaAnchor(
  candidate: Identity,
  vendor: NvidiaRoot,
  callers: readonly Identity[],
): Anchor {
  const { subject, spki } = candidate
  if (subject === vendor.subject && equalBytes(spki, vendor.spki)) return 'vendor'
  return callers.some((caller) => equalBytes(caller.spki, spki)) ? 'caller' : 'none'
}
