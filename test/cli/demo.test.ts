// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { demo } from '../../src/cli/demo-run.js'
import { type Appraisal, type AttestationResult, appraise } from '../../src/verify/index.js'
import { pattern } from '../fake/nvidia.js'
import { assay } from './terminal.js'

const ESCAPE = String.fromCharCode(27)
const ORACLE = /^ {2}binding\.oracle: ERR_BINDING_ORACLE: /m
const SWAPPED = /^ {2}binding\.nonce: ERR_BINDING_REPORT_DATA: /m

t.test('demo: honest runs are verified and both attacks refused', async (t) => {
  const { code, out, err } = await assay(['demo'])
  t.equal(code, 0, out)
  t.equal(err, '')
  const order = [
    /^ {2}platform {2}AMD SEV-SNP \(Genoa\), 2 GPUs \(BLACKWELL\)$/m,
    /^ {2}raw {7}POST \/quote +VMPL 0 /m,
    /^ {2}bound {5}POST \/v1\/evidence +VMPL 1 .* TLS key and all GPU evidence$/m,
    /^ {2}batched {3}POST \/v1\/evidence +VMPL 1 {2}32 tenants at once, answered by \d+ reports$/m,
    /^ {2}genuine GPUs: .*( +(\d+)\/\2){3}$/m,
    /^ {2}verdict( +VERIFIED){3}$/m,
    /^Attack: a relay /m,
    ORACLE,
    /^Attack: GPU 0 swapped /m,
    SWAPPED,
    /^Every honest run was verified, and both attacks were rejected /m,
  ].map((line) => out.search(line))
  t.notOk(order.includes(-1), `${order}`)
  t.same(
    order,
    [...order].sort((a, b) => a - b),
    'in the order of the page',
  )
  t.equal(out.match(/^ {2}REJECTED, /gm)?.length, 2)
  t.ok(out.split('\n').length <= 40)
  t.notOk(out.includes(ESCAPE))
})

t.test('demo: one report answers many tenants', async (t) => {
  const { out } = await assay(['demo', '--gpus', '1'])
  const reports = Number(/answered by (\d+) reports/.exec(out)?.[1])
  t.ok(reports < 32, `${reports}`)
  t.match(out, /, 1 GPU \(HOPPER\)$/m)
})

t.test('demo: without GPUs one is smuggled in; colours only where wanted', async (t) => {
  const { code, out } = await assay(['demo', '--gpus', '0'], { color: true })
  t.equal(code, 0)
  t.match(out, /^ {2}platform {2}AMD SEV-SNP \(Genoa\), no GPU$/m)
  t.match(out, /digest of nonce and TLS key$/m)
  t.notMatch(out, /"gpus"/)
  t.match(
    out,
    /^Attack: a GPU of another machine smuggled in, which answered the very same nonce$/m,
  )
  t.match(out, SWAPPED)
  t.ok(out.includes(`${ESCAPE}[32m   VERIFIED${ESCAPE}[0m`))
  t.ok(out.includes(`${ESCAPE}[31mREJECTED${ESCAPE}[0m`))
})

t.test('demo: says so when something is not decided as it must be', async (t) => {
  const said: string[] = []
  const io = {
    out: (text: string) => said.push(text),
    err: (text: string) => said.push(text),
    color: false,
    now: () => new Date(),
    random: (length: number) => pattern(length, 3),
  }
  const isAttack = ({ evidence, policy }: Appraisal, result: AttestationResult) =>
    evidence.mode === 'bound' && policy !== 'authenticity' && result.result === 'rejected'
  const deciders: Record<string, (asked: Appraisal, result: AttestationResult) => object> = {
    gullible: () => ({ result: 'verified' }),
    paranoid: () => ({ result: 'rejected' }),
    'wrong about batches': ({ evidence }, { result }) => ({
      result: evidence.mode === 'batch' ? 'undecided' : result,
    }),
    'right for a wrong reason': (asked, result) =>
      isAttack(asked, result)
        ? { findings: result.findings.filter(({ outcome }) => outcome === 'pass') }
        : {},
  }
  for (const [name, change] of Object.entries(deciders)) {
    said.length = 0
    const decide: typeof appraise = async (asked) => {
      const result = await appraise(asked)
      return { ...result, ...change(asked, result) }
    }
    t.equal(await demo(io, decide, 0), 1, name)
    t.match(said.join(''), /^NOT as it must be: /m)
  }
  t.match(said.join(''), /^ {2}NOT for the reason expected\n/m)
})

t.test('demo: a number of GPUs that no machine has', async (t) => {
  for (const gpus of ['9', '-1', '1.5', 'two', '', '1e3']) {
    const ran = await assay(['demo', '--gpus', gpus])
    t.equal(ran.code, 30, gpus)
    t.match(ran.err, /^assay: ERR_USAGE: --gpus takes a number from 0 to 8, got [^\n]*\n$/)
  }
})
