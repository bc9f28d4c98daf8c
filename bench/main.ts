// SPDX-License-Identifier: Apache-2.0
// Asks every question, prints the tables, and writes the figures and the chart beside this file;
// with `--print`, it only prints.

import { writeFileSync } from 'node:fs'
import { chart } from './chart.js'
import { digestQuestions } from './digest.js'
import { gpuAnswers } from './gpus.js'
import { type Answer, answer } from './harness.js'
import { hashQuestions } from './hash.js'
import { setting, table } from './print.js'
import { snpQuestions } from './snp.js'
import { verifyAnswers } from './verify.js'

const here = setting(new Date())
console.log(`${here.machine}; Node ${here.node}; ${here.date}; commit ${here.commit}\n`)

const questions = [...(await hashQuestions()), ...digestQuestions(), ...snpQuestions()]
const answers: Answer[] = []
const show = (result: Answer): void => {
  console.log(`${table(result)}\n`)
  answers.push(result)
}
for (const question of questions) show(answer(question))
for await (const result of verifyAnswers()) show(result)
for await (const result of gpuAnswers()) show(result)

if (!process.argv.includes('--print')) {
  writeFileSync('bench/results.json', `${JSON.stringify({ ...here, answers }, undefined, 2)}\n`)
  writeFileSync('bench/chart.svg', chart(answers, here))
}
