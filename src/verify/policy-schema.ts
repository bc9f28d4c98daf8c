// SPDX-License-Identifier: Apache-2.0
// The policy document: the one source of its validator, of its TypeScript type and of the JSON Schema
// that is published.

import * as v from 'valibot'
import { VMPL_MAX } from '../core/snp-bits.js'
import { integer, listOf, object, orAny, text, word } from '../document/fields.js'
import { MODES } from '../evidence.js'
import { GpuPolicySchema } from './policy-schema-gpus.js'
import { SnpPolicySchema } from './policy-schema-snp.js'

export const POLICY_FORMAT = 'assay.policy.v1'

const require = (description: string) => word(['require', 'any'], description)

const BindingSchema = object({
  nonce: require('The evidence answers the nonce of this very request.'),
  modes: orAny(
    listOf(v.picklist(MODES, '"raw", "tls", "bound" or "batch" expected')),
    'list of modes',
    'How REPORT_DATA may be composed: the nonce itself, with the TLS key, from a transcript, or for a batch.',
  ),
  boundVmpl: v.pipe(
    integer(0, VMPL_MAX),
    v.description(
      'VMPL of evidence in the modes tls, bound and batch; none that serves caller-chosen REPORT_DATA may have it.',
    ),
  ),
  legacyTlsBinding: word(
    ['forbid', 'allow'],
    'TLS evidence of another VMPL than boundVmpl, where a host in the middle can forge the binding.',
  ),
  tlsKey: require('The TLS key of the connection is bound by the evidence.'),
  hpkeKey: require('An HPKE key, for secrets, is bound by the evidence.'),
  userData: require('User data is bound by the evidence: exactly what was sent, where the call states that.'),
})

export const PolicySchema = v.pipe(
  object({
    $schema: v.exactOptional(
      v.pipe(v.string('text expected'), v.description('For editors; nothing reads it here.')),
    ),
    format: v.pipe(
      v.literal(POLICY_FORMAT, `"${POLICY_FORMAT}" expected`),
      v.description('Version of this format.'),
    ),
    name: v.pipe(
      text(/^[ -~]{1,100}$/, 'up to 100 printable ASCII characters'),
      v.description('For people; results repeat it.'),
    ),
    snp: v.exactOptional(
      v.pipe(
        SnpPolicySchema,
        v.description('What SEV-SNP evidence must be. Without this section all of it is refused.'),
      ),
    ),
    gpus: v.exactOptional(
      orAny(
        GpuPolicySchema,
        'section on GPUs',
        'What GPUs must be. With "any" nothing looks at whose their evidence is and what it says. Without this section it leaves the result undecided.',
      ),
    ),
    binding: v.pipe(
      BindingSchema,
      v.description('What ties the evidence to the request and to the connection.'),
    ),
  }),
  v.check(
    ({ snp, gpus }) => snp !== undefined || typeof gpus === 'object',
    'a section on a kind of evidence (snp, gpus) expected',
  ),
  v.metadata({
    anyOf: [
      { required: ['snp'] },
      { required: ['gpus'], properties: { gpus: { type: 'object' } } },
    ],
  }),
)
