// SPDX-License-Identifier: Apache-2.0
// The image agrees with the code and with what the build makes.

import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { PORT } from '../../src/protocol.js'
import { WEBHOOK } from '../../src/webhook/names.js'
import { readFolder, templates } from '../deploy/manifests.js'
import { lastStage } from '../image/dockerfile.js'

const root = path.resolve(import.meta.dirname, '../..')
const read = (name: string) =>
  lastStage(readFileSync(path.join(root, `deploy/${name}.Dockerfile`), 'utf8'))

const IMAGES = [
  { name: 'sidecar', command: '/attestation-sidecar', port: PORT, user: '0:0' },
  { name: 'webhook', command: '/assay-webhook', port: WEBHOOK.port, user: '65532:65532' },
]

for (const { name, command, port, user } of IMAGES) {
  const image = read(name)

  t.test(`image of the ${name}: port, command and user are the ones agreed on`, async (t) => {
    t.same(image.ports, [`${port}/tcp`])
    t.same(image.entrypoint, [command])
    t.equal(image.user, user)
  })

  t.test(
    `image of the ${name}: the command is one executable file, run by the Node that is copied`,
    async (t) => {
      t.ok(
        image.copies.some((copy) => copy.from === `/src/build/${name}.cjs` && copy.to === command),
      )
      const file = path.join(root, `build/${name}.cjs`)
      const [interpreter] = readFileSync(file, 'utf8').split('\n')
      t.ok(image.copies.some(({ to }) => `#!${to}` === interpreter))
      t.equal(statSync(file).mode & 0o111, 0o111)
    },
  )

  t.test(`image of the ${name}: what is copied out of the source is there`, async (t) => {
    for (const { from } of image.copies) {
      if (from.startsWith('/src/'))
        t.ok(existsSync(path.join(root, from.slice('/src/'.length))), from)
    }
  })
}

t.test('image of the webhook: it holds what its job runs', async (t) => {
  const [job] = templates(readFolder('webhook/no-cert-manager').objects)
  t.same(job.spec.containers[0].command, ['/assay-webhook-certs'])
  const to = '/assay-webhook-certs'
  t.match(read('webhook').copies, [{}, {}, { from: '/src/build/webhook-certs.cjs', to }])
})

t.test('image: an instruction that nobody reads is no image', async (t) => {
  for (const line of ['RUN true', 'COPY a b', 'ENV A=b', 'nothing']) {
    t.throws(() => lastStage(`FROM base\n${line}\n`), line)
  }
})
