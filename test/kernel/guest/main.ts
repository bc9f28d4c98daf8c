// SPDX-License-Identifier: Apache-2.0
// Runs in the guest of the lab, as its only process of consequence.

import { bareGuest } from './bare.js'
import { configfs } from './configfs.js'
import { device } from './device.js'
import { check } from './lab.js'

const provider = await configfs(await bareGuest())
await device(provider)
provider.firmware.kill('SIGKILL')
// The host misses this line when the guest ends before its time.
await check('the guest reached its end', () => {})
