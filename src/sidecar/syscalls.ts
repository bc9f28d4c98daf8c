// SPDX-License-Identifier: Apache-2.0
// The two system calls that a bare container needs and Node lacks. koffi is loaded only for them.

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
