// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Decision } from '../../src/webhook/decide.js'
import { parseReview, REVIEW_LEN, type Review, reviewAnswer } from '../../src/webhook/review.js'
import { confidentialPod, type Fields, review, UID } from '../fake/reviews.js'
import { throwsCode } from '../helpers.js'

const bytes = (value: unknown) =>
  Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const pod = confidentialPod()

t.test('review: what is to be decided, and nothing beside it', async (t) => {
  t.same(parseReview(bytes(review(pod))), {
    uid: UID,
    dryRun: false,
    request: { operation: 'CREATE', subResource: '', namespace: 'lease', pod, oldPod: null },
  })
  const oldObject = confidentialPod({}, { name: 'before' })
  const update = {
    operation: 'UPDATE',
    oldObject,
    subResource: 'ephemeralcontainers',
    dryRun: true,
  }
  t.match(parseReview(bytes(review(pod, update))), {
    dryRun: true,
    request: { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldPod: oldObject },
  })
})

t.test('review: members that nobody knows are passed over', async (t) => {
  const { request, ...others } = review({ ...pod, spec: { ...(pod.spec as Fields), later: 1 } })
  const known = { ...others, later: {}, request: { ...(request as Fields), later: [1] } }
  t.equal(parseReview(bytes(known)).uid, UID)
  t.equal(parseReview(bytes(review(pod, { dryRun: undefined }))).dryRun, false)
})

t.test('review: a body that is no JSON object, or has two readings', async (t) => {
  const text = JSON.stringify(review(pod))
  const bad: [title: string, body: string | Buffer][] = [
    ['nothing', ''],
    ['no JSON', 'kind: AdmissionReview'],
    ['cut off', text.slice(0, -1)],
    ['null', 'null'],
    ['a list', `[${text}]`],
    ['not UTF-8', Buffer.concat([bytes('{"a":"'), Buffer.of(0xff), bytes('"}')])],
    ['a uid twice', text.replace('{"uid"', `{"uid":"x","uid"`)],
    ['an image twice', text.replace('"image":"web:1"', '"image":"web:1","im\\u0061ge":"other"')],
    [
      'too deep',
      text.replace('{"name":"web"', `{"x":${'['.repeat(64)}${']'.repeat(64)},"name":"web"`),
    ],
    ['too long', text + ' '.repeat(REVIEW_LEN)],
  ]
  for (const [title, body] of bad) {
    throwsCode(t, () => parseReview(bytes(body)), 'ERR_REQUEST_BODY', title)
  }
})

t.test('review: of v1 and no other version', async (t) => {
  for (const change of [
    { apiVersion: 'admission.k8s.io/v1beta1' },
    { apiVersion: undefined },
    { kind: 'ConversionReview' },
    { kind: 1 },
    { kind: 'admissionreview' },
  ]) {
    const message = throwsCode(
      t,
      () => parseReview(bytes({ ...review(pod), ...change })),
      'ERR_REVIEW_VERSION',
      JSON.stringify(change),
    )
    t.match(message, 'admission.k8s.io/v1')
  }
  const long = { ...review(pod), kind: 'K'.repeat(1000) }
  t.ok(throwsCode(t, () => parseReview(bytes(long)), 'ERR_REVIEW_VERSION').length < 250)
})

t.test('review: a request without what an answer needs', async (t) => {
  for (const request of [null, undefined, [], 'x']) {
    const body = bytes({ ...review(pod), request })
    throwsCode(
      t,
      () => parseReview(body),
      'ERR_REVIEW_REQUEST',
      `request ${JSON.stringify(request)}`,
    )
  }
  const members: Fields = {
    uid: [undefined, null, '', 1, 'a b', 'a\n', 'x'.repeat(129)],
    dryRun: [null, 'true', 1],
    namespace: [undefined, null, '', 'Lease', 'a/b', '-a', 'a'.repeat(64)],
    subResource: [null, 1, 'Ephemeral', 'a/b'],
    resource: [undefined, null, 'pods', []],
    object: [undefined, null, [], 'Pod'],
  }
  for (const [name, values] of Object.entries(members)) {
    for (const value of values as unknown[]) {
      const message = throwsCode(
        t,
        () => parseReview(bytes(review(pod, { [name]: value }))),
        'ERR_REVIEW_REQUEST',
        `${name} ${JSON.stringify(value)}`,
      )
      t.match(message, `request.${name}`)
    }
  }
  for (const oldObject of [undefined, null, 1]) {
    const body = bytes(review(pod, { operation: 'UPDATE', oldObject }))
    throwsCode(t, () => parseReview(body), 'ERR_REVIEW_REQUEST')
  }
})

t.test('review: of anything but a Pod that is created or updated', async (t) => {
  const resource = { group: '', version: 'v1', resource: 'pods' }
  for (const change of [
    { operation: 'DELETE' },
    { operation: 'CONNECT' },
    { operation: undefined },
    { resource: { ...resource, resource: 'replicasets' } },
    { resource: { ...resource, group: 'apps' } },
    { resource: { ...resource, version: 'v2' } },
    { object: { ...pod, kind: 'Binding' } },
    { object: { ...pod, apiVersion: 'v2' } },
    { operation: 'UPDATE', oldObject: { kind: 'Pod' } },
  ]) {
    const body = bytes(review(pod, change))
    throwsCode(t, () => parseReview(body), 'ERR_REVIEW_RESOURCE', JSON.stringify(change))
  }
})

const asked = parseReview(bytes(review(pod)))
const answer = (decision: Decision, to: Review = asked) => JSON.parse(reviewAnswer(to, decision))

t.test('review: the answer to a Pod that is changed', async (t) => {
  const patch = [{ op: 'add', path: '/metadata/labels/a~1b', value: 'ü' }] as const
  const { apiVersion, kind, response } = answer({
    allowed: true,
    patch,
    reason: 'injected',
    warnings: [],
  })
  t.same({ apiVersion, kind }, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })
  t.same(JSON.parse(Buffer.from(response.patch, 'base64').toString()), patch)
  t.same(
    { ...response, patch: 0 },
    {
      uid: UID,
      allowed: true,
      patchType: 'JSONPatch',
      patch: 0,
      auditAnnotations: { decision: 'allowed', code: 'injected' },
    },
  )
})

t.test('review: nothing to change is no patch, and a dry run is answered alike', async (t) => {
  const decision: Decision = { allowed: true, patch: [], reason: 'unchanged', warnings: ['w'] }
  const { response } = answer(decision)
  t.same(response, {
    uid: UID,
    allowed: true,
    warnings: ['w'],
    auditAnnotations: { decision: 'allowed', code: 'unchanged' },
  })
  const dry = parseReview(bytes(review(pod, { dryRun: true })))
  t.same(answer(decision, dry).response, response)
})

t.test('review: the answer to a Pod that is refused', async (t) => {
  const code = 'ERR_ARGUMENT'
  t.same(answer({ allowed: false, code, message: 'use another name' }).response, {
    uid: UID,
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: 'ERR_ARGUMENT: use another name' },
    auditAnnotations: { decision: 'refused', code },
  })
})

t.test('review: warnings are as long as the API server lets them be', async (t) => {
  const warn = (warnings: readonly string[]): string[] =>
    answer({ allowed: true, patch: [], reason: 'unchanged', warnings }).response.warnings
  const length = (text: string) => Buffer.byteLength(text)
  t.same(warn(['x'.repeat(256)]), ['x'.repeat(256)])
  t.same(warn(['x'.repeat(257)]), [`${'x'.repeat(253)}…`])
  for (const character of ['ü', '€', '🙂']) {
    const [text = ''] = warn([character.repeat(200)])
    t.ok(length(text) <= 256 && length(text) > 250, `${length(text)} bytes`)
    t.notMatch(text, '\ufffd')
  }
  t.equal(warn(Array(20).fill('x'.repeat(256))).length, 16)
})
