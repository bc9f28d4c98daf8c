// SPDX-License-Identifier: Apache-2.0
// The answer of NVIDIA's Remote Attestation Service as JSON: a detached EAT bundle, which is one
// token for the whole request and one for each device of it.

import { AttestationError } from '../errors.js'

/** Tokens, none of them opened. */
export interface NrasAnswer {
  /** Of the whole request; it holds the digests of the others. */
  readonly overall: string
  /** By name, such as `GPU-0`: a position in the request, and no identity. */
  readonly devices: ReadonlyMap<string, string>
}

const DEVICE_NAME = /^(GPU|SWITCH)-(0|[1-9]\d{0,2})$/
/**
 * NVIDIA's SDKs put the answer into one of their own. Its outer token is signed with a key that is
 * public, so it is worth nothing and is not looked at.
 */
const WRAPPERS: readonly string[] = ['REMOTE_GPU_CLAIMS', 'REMOTE_SWITCH_CLAIMS']

/**
 * Reads `[["JWT", token], {"GPU-0": token, …}]`, alone or in the answer of an SDK.
 *
 * @throws {AttestationError} `ERR_TOKEN_SHAPE` for anything else, such as the one flat token that
 * version 1 of the service had
 */
export function readNrasAnswer(value: unknown): NrasAnswer {
  const { overall, members } = readPair(value)
  const [[wrapper, wrapped] = ['', null], ...others] = members
  if (WRAPPERS.includes(wrapper) && others.length === 0) return readBundle(wrapped)
  return bundle(overall, members)
}

const readBundle = (value: unknown): NrasAnswer => {
  const { overall, members } = readPair(value)
  return bundle(overall, members)
}

function bundle(overall: string, members: readonly (readonly [string, unknown])[]): NrasAnswer {
  const devices = members.map(([name, token]) => {
    if (!DEVICE_NAME.test(name)) throw wrong('a token of a device is named neither GPU nor SWITCH')
    if (typeof token !== 'string') throw wrong(`${name} is not a token`)
    return [name, token] as const
  })
  return { overall, devices: new Map(devices.sort(([a], [b]) => place(a) - place(b))) }
}

const place = (name: string): number => Number(name.split('-')[1])

/** A labelled token, and an object of whatever. */
function readPair(value: unknown) {
  if (!Array.isArray(value) || value.length !== 2) {
    throw wrong('a list of the overall token and those of the devices expected')
  }
  const [labelled, members] = value
  if (!Array.isArray(labelled) || labelled.length !== 2 || labelled[0] !== 'JWT') {
    throw wrong('the overall token is not labelled "JWT"')
  }
  const overall = labelled[1]
  if (typeof overall !== 'string') throw wrong('the overall token is not text')
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    throw wrong('the tokens of the devices are not members of an object')
  }
  return { overall, members: Object.entries(members) as [string, unknown][] }
}

const wrong = (message: string): AttestationError =>
  new AttestationError('ERR_TOKEN_SHAPE', message)
