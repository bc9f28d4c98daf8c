// SPDX-License-Identifier: Apache-2.0
// Draws docs/webhook-certificates.svg from 200 days of daily runs of the certificate job, against the API
// server of the tests and by their clock: which authority was trusted when, and under which pods served.
//
//   node --import ./tools/typescript.mjs tools/certs-figure.mjs > docs/webhook-certificates.svg

import { CertsWorld, DAY_MS } from '../test/webhook/certs-world.ts'

const DAYS = 200
const [LEFT, WIDTH, TOP, ROW, BAR] = [150, 740, 76, 46, 22]
const world = new CertsWorld()
/** By subject: days of being trusted and of being the one in the Secret; first and last. */
const lives = new Map()

function note(subject, what, day) {
  const life = lives.get(subject) ?? {}
  life[what] = [life[what]?.[0] ?? day, day + 1]
  lives.set(subject, life)
}
for (let day = 0; day < DAYS; day++) {
  await world.run()
  for (const { subject } of world.trusted) note(subject, 'trusted', day)
  note(world.held[0].subject, 'serving', day)
  world.pass(DAY_MS)
}
if (world.outages.length > 0) throw new Error('there was an outage')

const px = (day) => Number((LEFT + (day / DAYS) * WIDTH).toFixed(1))
const bar = (kind, [from, to], y) =>
  `  <rect class="${kind}" x="${px(from)}" y="${y}" width="${Number((px(to) - px(from)).toFixed(1))}" height="${BAR}"/>`
const text = (x, y, words, kind) => `  <text class="${kind}" x="${x}" y="${y}">${words}</text>`

const all = [...lives.values()]
const bottom = TOP + all.length * ROW
const rows = all.flatMap(({ trusted, serving }, at) => {
  const y = TOP + at * ROW
  const ends =
    trusted[1] < DAYS ? [text(px(serving[1]) + 8, y + 16, `until day ${trusted[1]}`, 'small')] : []
  return [
    text(LEFT - 12, y + 16, `authority ${at + 1}`, 'end'),
    bar('trusted', trusted, y),
    bar('serving', serving, y),
    ...ends,
  ]
})
const renewals = all
  .slice(1)
  .flatMap(({ serving: [day] }) => [
    `  <path class="dash" d="M${px(day)} ${TOP - 14}V${bottom - 8}"/>`,
    text(px(day), TOP - 20, `renewed, day ${day}`, 'small mid'),
  ])
const axis = [0, 30, 60, 90, 120, 150, 180].map((day) =>
  text(px(day), bottom + 18, `${day}`, 'small mid'),
)

process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 ${bottom + 66}" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="14" fill="#1f2328">
  <title id="title">Authorities of the webhook's certificates overlap for a third of their lives</title>
  <desc id="desc">Daily runs of assay webhook-certs over ${DAYS} days, certificates of 90 days. Each is replaced when a third of its lifetime is left; its authority stays in the caBundle until it has expired, so that pods which take up the new certificate late are trusted all the time.</desc>
  <style>
    .trusted { fill: #b6e3ff; stroke: #0969da }
    .serving { fill: #0969da; stroke: #0969da }
    .dash { stroke: #57606a; stroke-dasharray: 4 3; fill: none }
    .small { font-size: 12.5px; fill: #57606a }
    .mid { text-anchor: middle }
    .end { text-anchor: end }
  </style>
  <rect width="920" height="${bottom + 66}" fill="#ffffff"/>
${[...renewals, ...rows, ...axis].join('\n')}
  <rect class="serving" x="${LEFT}" y="${bottom + 36}" width="26" height="14"/>
${text(LEFT + 34, bottom + 48, 'its certificate is in the Secret', 'small')}
  <rect class="trusted" x="${LEFT + 250}" y="${bottom + 36}" width="26" height="14"/>
${text(LEFT + 284, bottom + 48, 'in the caBundle', 'small')}
${text(LEFT + WIDTH, bottom + 48, 'days', 'small end')}
  <text x="24" y="30" font-weight="600">One run a day, certificates of 90 days</text>
</svg>
`)
