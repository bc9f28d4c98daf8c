// SPDX-License-Identifier: Apache-2.0
// A host of the test world: builds the certificate table of an extended guest request.

export const GUIDS = {
  vcek: '63da758d-e664-4564-adc5-f4b93be8accd',
  vlek: 'a8074bc2-a25a-483e-aae6-39c045a0b8a1',
  ask: '4ab7b379-bbac-4fe4-a02f-05aef327c782',
  ark: 'c0b406a4-a803-4952-9743-3fb6014cd0ae',
  crl: '92f81bc3-5811-4d3d-97ff-d19f88dc67ea',
} as const

/** A table with its data behind it, in the order given. GUIDs are text; see `GUIDS`. */
export function mintCertTable(entries: readonly (readonly [guid: string, data: Uint8Array])[]) {
  const head = 24 * (entries.length + 1)
  const table = new Uint8Array(entries.reduce((sum, [, data]) => sum + data.length, head))
  const view = new DataView(table.buffer)
  let next = head
  for (const [i, [guid, data]] of entries.entries()) {
    table.set(Buffer.from(guid.replaceAll('-', ''), 'hex'), 24 * i)
    view.setUint32(24 * i + 16, next, true)
    view.setUint32(24 * i + 20, data.length, true)
    table.set(data, next)
    next += data.length
  }
  return table
}
