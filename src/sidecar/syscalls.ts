// SPDX-License-Identifier: Apache-2.0
// The two system calls that a bare container needs and Node lacks. koffi is loaded only for them.

/** linux/mount.h */
export const MS_RDONLY = 0x1
export const MS_NOSUID = 0x2
export const MS_NODEV = 0x4
export const MS_NOEXEC = 0x8
export const MS_REMOUNT = 0x20
export const MS_BIND = 0x1000

/** linux/stat.h */
export const S_IFCHR = 0o020000
export const S_IFBLK = 0o060000

/** As `makedev` of glibc: minors above a byte, which newer kernels give, go above the major. */
export const makeDevice = (major: number, minor: number): number =>
  (minor & 0xff) + major * 0x100 + (minor >>> 8) * 0x100000

/** Each gives 0, or the positive error number. */
export interface Syscalls {
  mount(source: string, target: string, type: string, flags: number): number
  /** `mode` with its file type; `device` as `makedev(3)` has it. */
  mknod(path: string, mode: number, device: number): number
}

export async function loadSyscalls(): Promise<Syscalls> {
  const { default: koffi } = await import('koffi')
  // Null is the process itself, whatever its C library is called.
  const libc = koffi.load(null)
  const mount = libc.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
  )
  const mknod = libc.func('int mknod(const char *path, unsigned int mode, uint64_t device)')
  const result = (status: number): number => (status === 0 ? 0 : koffi.errno())
  return {
    mount: (source, target, type, flags) => result(mount(source, target, type, flags, null)),
    mknod: (path, mode, device) => result(mknod(path, mode, device)),
  }
}
