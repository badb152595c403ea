/** Whether a device has a carrier at this moment (Documentation/ABI/testing/sysfs-class-net). */
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import { isInterfaceName } from '../../net/valid.ts'
import { readIfThere } from '../../os/files.ts'

/** From a file, which starts no program. False also where the device is down, has gone, or /sys shows another network namespace. */
export function hasCarrier(name: string): boolean {
  try {
    return isInterfaceName(name) && readIfThere(join(paths.netDevices, name, 'carrier'), 16)?.trim() === '1'
  } catch {
    // The kernel refuses to read it of a device that is down.
    return false
  }
}
