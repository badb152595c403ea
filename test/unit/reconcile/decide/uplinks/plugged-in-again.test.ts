import { expect, test } from 'vitest'
import type { KnownUplink } from '../../../../../src/model/state.ts'
import { findByHardware } from '../../../../../src/reconcile/decide/uplinks/uplink-ids.ts'
import { linkOf } from '../../../builders.ts'

const port = (number: number) => `path qmi_wwan /devices/pci0000:00/0000:00:14.0/usb1/1-${number}/1-${number}:1.4`
/** Cheap sticks all have the same. */
const address = 'mac 0c:5b:8f:27:9a:64'

function known(number: number, device: string, ...hardware: readonly string[]): readonly [string, KnownUplink] {
  return [device, { number, interface: device, hardware }]
}

const sticks = [known(1, 'wwan0', port(1), address), known(2, 'wwan1', port(2), address)]

test.for([
  ['in the same port', [port(2), address], sticks, [], 'wwan1'],
  ['in another port', [port(3), address], sticks, [], 'wwan0'],
  ['in another port, where the first is still here', [port(3), address], sticks, ['wwan0'], 'wwan1'],
  ['where none is gone', [port(1), address], sticks, ['wwan0', 'wwan1'], undefined],
  ['another device', [port(3)], sticks, [], undefined],
  ['one that tells nothing', [], [known(1, 'wwan0')], [], undefined],
] as const)('plugged in again %s', ([, hardware, uplinks, here, name]) => {
  expect(
    findByHardware(
      hardware,
      uplinks,
      here.map((device) => linkOf(device)),
    )?.name,
  ).toBe(name)
})
