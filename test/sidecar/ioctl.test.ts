// SPDX-License-Identifier: Apache-2.0
// Request numbers, and the real call on something that every machine has.

import { closeSync, mkdtempSync, openSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { memory } from '../../src/sidecar/foreign.js'
import { DIRECTION, requestNumber, systemIoctl } from '../../src/sidecar/ioctl.js'
import { SNP_GET_EXT_REPORT, SNP_GET_REPORT } from '../../src/sidecar/sev-guest-layout.js'

/** <asm-generic/ioctls.h>: how many bytes wait to be read. */
const FIONREAD = 0x541b

t.test('ioctl: numbers are those of the headers', async (t) => {
  t.equal(SNP_GET_REPORT, 0xc0205300)
  t.equal(SNP_GET_EXT_REPORT, 0xc0205302)
  // TDX_CMD_GET_REPORT0, RNDGETENTCNT, FS_IOC_GETFLAGS on 64 bits, RNDADDTOENTCNT, FIOCLEX as _IO.
  t.equal(requestNumber(DIRECTION.both, 'T', 1, 64 + 1024), 0xc4405401)
  t.equal(requestNumber(DIRECTION.read, 'R', 0, 4), 0x80045200)
  t.equal(requestNumber(DIRECTION.read, 'f', 1, 8), 0x80086601)
  t.equal(requestNumber(DIRECTION.write, 'R', 1, 4), 0x40045201)
  t.equal(requestNumber(DIRECTION.none, 'R', 4, 0), 0x5204)
})

t.test('ioctl: a driver writes into the memory that it is given', async (t) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'assay-ioctl-')), 'eleven')
  writeFileSync(file, 'eleven byte')
  const ioctl = await systemIoctl()
  const fd = openSync(file, 'r')
  t.teardown(() => closeSync(fd))
  // What failed before, on whichever thread, is not what happens now.
  await Promise.all(Array.from({ length: 8 }, () => ioctl(fd, SNP_GET_REPORT, memory(32))))
  const arguments_ = Array.from({ length: 8 }, () => memory(8))
  const results = await Promise.all(arguments_.map((one) => ioctl(fd, FIONREAD, one)))
  t.strictSame(results, Array(8).fill(0))
  for (const { bytes } of arguments_) t.same([...bytes], [11, 0, 0, 0, 0, 0, 0, 0])
})

t.test('ioctl: an error is a number, each call its own', async (t) => {
  const ioctl = await systemIoctl()
  const fd = openSync('/dev/null', 'r')
  t.teardown(() => closeSync(fd))
  const { ENOTTY, EBADF } = constants.errno
  const fds = [fd, -1, fd, -1, fd, -1]
  t.same(
    await Promise.all(fds.map((one) => ioctl(one, SNP_GET_REPORT, memory(32)))),
    fds.map((one) => (one === -1 ? EBADF : ENOTTY)),
  )
})
