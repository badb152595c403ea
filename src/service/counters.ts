/** What a device has carried since it exists. */
import { join } from 'node:path'
import { paths } from '../ids.ts'
import { readIfThere } from '../os/files.ts'
import { isInterfaceName } from '../valid.ts'

/** 0 while there is no such device. */
export function readCounters(device: string) {
  return {
    rxBytes: read(device, 'rx_bytes'),
    rxPackets: read(device, 'rx_packets'),
    txBytes: read(device, 'tx_bytes'),
    txPackets: read(device, 'tx_packets'),
  }
}

/** An uplink that was never seen has a pattern in the place of a name. */
function read(device: string, counter: string): number {
  if (!isInterfaceName(device)) return 0
  try {
    return Number(readIfThere(join(paths.netDevices, device, 'statistics', counter), 64) ?? 0)
  } catch {
    // The device went away between opening and reading.
    return 0
  }
}
