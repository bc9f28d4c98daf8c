// SPDX-License-Identifier: Apache-2.0
// What this machine can attest with, and what to do about the rest. It looks and touches nothing: a
// request made in passing could be the one that costs the guest its key.

import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'
import type { Tee } from '../protocol.js'
import {
  CONFIGFS,
  configfsMount,
  DEVICES,
  devicePath,
  exists,
  miscMinor,
  TSM_REPORT,
} from './machine.js'

/** One way to evidence. */
export interface Probed {
  readonly surface: 'configfs-tsm' | 'sev-guest' | 'tdx-guest'
  readonly tee: Tee | null
  /**
   * - `ready`: it looks usable; only a request can tell.
   * - `absent`: not here.
   * - `denied`: here, and not ours to use.
   * - `unusable`: here, and it gives no evidence.
   */
  readonly state: 'ready' | 'absent' | 'denied' | 'unusable'
  readonly detail: string
  readonly remedy: string | null
}

type May = (file: string, mode: number) => Promise<boolean>

const AS_ROOT = 'run as root of the guest, or have the owner changed'
const DRIVERS = 'modprobe sev-guest on SNP, tdx-guest on TDX'

/**
 * Every surface, the preferred one first.
 *
 * @param root where the machine's files begin
 */
export async function probe(root = '/', may: May = mayUse): Promise<readonly Probed[]> {
  return Promise.all([configfsTsm(root, may), sevGuest(root, may), tdxGuest(root)])
}

async function configfsTsm(root: string, may: May): Promise<Probed> {
  const surface = 'configfs-tsm'
  const tee = await loadedTee(root)
  const no = (state: Probed['state'], detail: string, remedy: string): Probed => {
    return { surface, tee, state, detail, remedy }
  }
  if (!(await exists(path.join(root, CONFIGFS)))) {
    return no('absent', 'the kernel has no configfs', 'modprobe configfs in the guest')
  }
  const mount = await configfsMount(root)
  if (mount === null) {
    const command = `mount -t configfs none /${CONFIGFS}`
    return no('absent', 'configfs is not mounted', command)
  }
  if (!(await exists(path.join(root, TSM_REPORT)))) {
    return no('absent', 'the kernel has no TSM reports', `Linux 6.7 or later, and ${DRIVERS}`)
  }
  // A directory tsm/report is no sign of a provider, and asking for one would be a touch.
  if (tee === null) return no('absent', 'no driver of a TEE is loaded', DRIVERS)
  if (mount.readOnly) {
    return no('denied', 'configfs is mounted read-only', `mount -o remount,rw,bind /${CONFIGFS}`)
  }
  const isOurs = await may(path.join(root, TSM_REPORT), constants.W_OK | constants.X_OK)
  if (!isOurs) return no('denied', `/${TSM_REPORT} may not be written`, AS_ROOT)
  return { surface, tee, state: 'ready', detail: `/${TSM_REPORT}`, remedy: null }
}

async function sevGuest(root: string, may: May): Promise<Probed> {
  const device = DEVICES.snp
  const base = { surface: 'sev-guest', tee: 'snp' } as const
  if (await exists(devicePath(root, device))) {
    const isOurs = await may(devicePath(root, device), constants.R_OK | constants.W_OK)
    return isOurs
      ? { ...base, state: 'ready', detail: `/dev/${device}`, remedy: null }
      : { ...base, state: 'denied', detail: `/dev/${device} may not be opened`, remedy: AS_ROOT }
  }
  return { ...base, state: 'absent', ...(await missing(root, device)) }
}

async function tdxGuest(root: string): Promise<Probed> {
  const device = DEVICES.tdx
  const base = { surface: 'tdx-guest', tee: 'tdx' } as const
  if (await exists(devicePath(root, device))) {
    return {
      ...base,
      state: 'unusable',
      detail: `/dev/${device} gives a TDREPORT, which is not a quote: only this machine can check it`,
      remedy: 'configfs-tsm gives quotes, from Linux 6.7 on',
    }
  }
  return { ...base, state: 'absent', ...(await missing(root, device)) }
}

async function missing(root: string, device: string) {
  const minor = await miscMinor(root, device)
  if (minor === null) {
    const remedy = `modprobe ${device.replace('_', '-')} in the guest`
    return { detail: `the driver of /dev/${device} is not loaded`, remedy }
  }
  const remedy = `mknod -m 600 /dev/${device} c 10 ${minor}`
  return { detail: `the driver is loaded, but there is no /dev/${device}`, remedy }
}

/** The drivers that make devices are those that provide reports. */
async function loadedTee(root: string): Promise<Tee | null> {
  for (const tee of ['snp', 'tdx'] as const) {
    const hasNode = await exists(devicePath(root, DEVICES[tee]))
    if (hasNode || (await miscMinor(root, DEVICES[tee])) !== null) return tee
  }
  return null
}

const mayUse: May = (file, mode) =>
  access(file, mode).then(
    () => true,
    () => false,
  )
