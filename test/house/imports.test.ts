// SPDX-License-Identifier: Apache-2.0
// Who may import whom. What runs in a browser must not reach Node, and no room looks upwards.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')

/** Room (longest matching prefix wins) → what its files may import: rooms, packages, `node:`. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'assembly/': ['assembly/'],
  'src/errors.ts': [],
  'src/encoding.ts': ['src/errors.ts', '@noble/hashes/'],
  'src/plain.ts': ['src/encoding.ts'],
  'src/pem.ts': ['src/core/private-copy.ts', 'src/encoding.ts', 'src/errors.ts'],
  'src/core/': [
    'assembly/',
    'src/core/',
    'src/errors.ts',
    'src/encoding.ts',
    '#core.wasm',
    '@assemblyscript/loader',
    '@noble/hashes/',
  ],
  'src/document/': ['src/document/', 'src/core/', 'valibot'],
  'src/discovery/': [
    'src/discovery/',
    'src/document/',
    'src/core/bytes.ts',
    'src/errors.ts',
    'src/encoding.ts',
    'src/evidence/json.ts',
    'src/protocol.ts',
    '@noble/hashes/',
    'valibot',
  ],
  'src/verify/': [
    'src/verify/',
    'src/document/',
    'src/discovery/',
    'src/core/',
    'src/errors.ts',
    'src/encoding.ts',
    'src/plain.ts',
    'src/pem.ts',
    'src/evidence.ts',
    'assembly/',
    'jose',
    'valibot',
  ],
  'src/verify/xml-parse.ts': ['src/core/', 'src/errors.ts', '@xmldom/xmldom'],
  'src/protocol.ts': [],
  'src/evidence': [
    'src/evidence/',
    'src/core/',
    'src/errors.ts',
    'src/encoding.ts',
    'src/protocol.ts',
    'valibot',
  ],
  'src/client/': [
    'src/client/',
    'src/discovery/',
    'src/core/',
    'src/errors.ts',
    'src/encoding.ts',
    'src/evidence.ts',
    'src/protocol.ts',
    'valibot',
  ],
  'src/disk-store/': ['src/disk-store/', 'src/verify/', 'src/errors.ts', 'node:'],
  'src/service/': [
    'src/service/',
    'src/errors.ts',
    'src/protocol.ts',
    'fastify',
    'pino',
    'prom-client',
    'node:',
  ],
  'src/service/x509-write.ts': ['src/core/private-copy.ts', '@peculiar/'],
  'src/sidecar/': [
    'src/service/',
    'src/sidecar/',
    'src/core/',
    'src/errors.ts',
    'src/encoding.ts',
    'src/pem.ts',
    'src/evidence/json.ts',
    'src/protocol.ts',
    'assembly/',
    'fastify',
    'koffi',
    'pino',
    'prom-client',
    '@peculiar/',
    'node:',
  ],
  // `kube-access` loads the client, and only for a kubeconfig; the others take its types.
  'src/directory/kube-': [
    'src/directory/',
    'src/discovery/',
    'src/service/',
    'src/errors.ts',
    'src/protocol.ts',
    '@kubernetes/client-node',
    'pino',
    'node:',
  ],
  'src/webhook/certs': [
    'src/webhook/certs',
    'src/service/clock.ts',
    'src/service/x509-write.ts',
    'src/core/private-copy.ts',
    'src/errors.ts',
    '@kubernetes/client-node',
    '@peculiar/',
    'rfc6902',
    'node:',
  ],
  'src/directory/': [
    'src/directory/',
    'src/discovery/',
    'src/document/',
    'src/service/',
    'src/errors.ts',
    'src/evidence/json.ts',
    'src/protocol.ts',
    'fastify',
    'pino',
    'prom-client',
    'valibot',
    'node:',
  ],
  'src/webhook/': [
    'src/webhook/',
    'src/service/',
    'src/errors.ts',
    'src/evidence/json.ts',
    'src/protocol.ts',
    '@kubernetes/client-node',
    'rfc6902',
    'fastify',
    'pino',
    'prom-client',
    'node:',
  ],
  'src/simulate/': [
    'src/simulate/',
    'src/sidecar/surface.ts',
    'src/service/clock.ts',
    'src/service/x509-write.ts',
    'src/core/',
    'src/errors.ts',
    'src/encoding.ts',
    'src/pem.ts',
    '@peculiar/',
    'assembly/',
  ],
  'src/index.ts': ['src/core/', 'src/errors.ts', 'src/evidence.ts'],
  'src/bundle.ts': ['src/index.ts', 'src/verify/', 'src/client/'],
  'src/cli/': ['src/', 'assembly/snp/layout.ts', 'commander', 'yocto-spinner', 'node:'],
}

/** SHARED files are read by two compilers and must mean the same to both. */
const isShared = (file: string): boolean =>
  readFileSync(path.join(root, file), 'utf8').includes('SHARED by asc and tsc')

const files = ['assembly', 'src'].flatMap((dir) =>
  readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(dir, name))
    .filter((name) => name.endsWith('.ts')),
)

/** What a file imports: paths from the root for its own files, the specifier for the rest. */
function imports(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const specifiers = [...text.matchAll(/\bfrom '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm)]
  return specifiers.map(([, from, bare, dynamic]) => {
    const specifier = (from ?? bare ?? dynamic) as string
    if (!specifier.startsWith('.')) return specifier
    return path.join(path.dirname(file), specifier.replace(/(\.js)?$/, '.ts'))
  })
}

const room = (file: string): string | undefined =>
  Object.keys(MAY_IMPORT)
    .filter((prefix) => file.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0]

t.test('imports: every file stands in a room and keeps to it', async (t) => {
  for (const file of files) {
    const name = room(file)
    if (name === undefined) {
      t.fail(`${file} is in no room of the table`)
      continue
    }
    const allowed = MAY_IMPORT[name] as readonly string[]
    const strangers = imports(file).filter((target) => !allowed.some((p) => target.startsWith(p)))
    t.same(strangers, [], `${file} keeps to its room`)
  }
})

t.test('imports: no way leads from a real sidecar to a simulated platform', async (t) => {
  const reach = (start: readonly string[]): Set<string> => {
    const reached = new Set(start)
    // Grows while it is walked.
    for (const file of reached) {
      for (const target of files.includes(file) ? imports(file) : []) reached.add(target)
    }
    return reached
  }
  const simulated = (reached: Set<string>) =>
    [...reached].filter((file) => file.startsWith('src/simulate/'))
  const doors = files.filter((file) => /^src\/(sidecar\/|cli\/sidecar)/.test(file))
  t.ok(doors.length > 20)
  t.same(simulated(reach(doors)), [])
  t.not(simulated(reach(['src/cli/main.ts'])).length, 0, 'and this is the way that there is')
})

t.test(
  'imports: SHARED files import nothing, and src reads no other file of the core',
  async (t) => {
    for (const file of files.filter((name) => name.startsWith('assembly/') && isShared(name))) {
      t.same(imports(file), [], file)
    }
    for (const file of files.filter((name) => name.startsWith('src/'))) {
      const reached = imports(file).filter((target) => target.startsWith('assembly/'))
      t.same(
        reached.filter((target) => !isShared(target)),
        [],
        file,
      )
    }
  },
)

t.test(
  'imports: one module starts WebAssembly, and only main.ts touches the process',
  async (t) => {
    const text = (file: string) => readFileSync(path.join(root, file), 'utf8')
    const src = files.filter((name) => name.startsWith('src/'))
    const saying = (pattern: RegExp) => src.filter((file) => pattern.test(text(file)))
    t.same(
      saying(/WebAssembly\./).filter((file) => !file.startsWith('src/core/')),
      [],
    )
    t.same(
      saying(/process\.(env|exit|argv)/).filter((file) => !file.endsWith('main.ts')),
      [],
    )
    t.same(
      saying(/Date\.now|new Date\(\)|Math\.random/).filter(
        (file) => !file.endsWith('main.ts') && file !== 'src/service/system-clock.ts',
      ),
      [],
    )
    t.same(saying(/export default|export \* from/), [])
    // Time and network come from the caller: a page may lack them, and a test must own them.
    const reaching = saying(/\bset(Timeout|Interval|Immediate)\(|[^.#\w]fetch\(/)
    t.same(
      reaching.filter((file) => file.startsWith('src/verify/')),
      [],
    )
  },
)
