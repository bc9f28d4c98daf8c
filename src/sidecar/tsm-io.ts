// SPDX-License-Identifier: Apache-2.0
// The file operations that configfs-tsm is asked with, as Node does them.

import { chmod, mkdir, open, readdir, rmdir, writeFile } from 'node:fs/promises'
import type { Bytes } from '../core/private-copy.js'

/** Each rejects with Node's error of the failed system call, `errno` included. */
export interface TsmIo {
  /** Never recursive: what exists already is somebody else's. */
  mkdir(path: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  readdir(path: string): Promise<readonly string[]>
  rmdir(path: string): Promise<void>
  /** All of `bytes` in one write, and no flush, which configfs refuses. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** To the end, whatever the size says; one byte more than `most` where there are more. */
  read(path: string, most: number): Promise<Bytes>
}

export const nodeIo: TsmIo = {
  mkdir: (path) => mkdir(path),
  chmod: (path, mode) => chmod(path, mode),
  readdir: (path) => readdir(path),
  rmdir: (path) => rmdir(path),
  write: (path, bytes) => writeFile(path, bytes),
  read,
}

async function read(path: string, most: number): Promise<Bytes> {
  const file = await open(path, 'r')
  try {
    const room = new Uint8Array(most + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(room, length, room.length - length)
      if (bytesRead === 0) return room.slice(0, length)
      length += bytesRead
    }
  } finally {
    await file.close()
  }
}
