/** What stays of a network device when it is plugged in again: Documentation/ABI/testing/sysfs-class-net. */
import { readlinkSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { paths } from '../../layout.ts'
import type { Link } from '../../model/kernel.ts'
import { isInterfaceName } from '../../net/valid.ts'
import { readIfThere } from '../../os/files.ts'

/** addr_assign_type: made up at random for as long as the device is there. */
const randomAddress = '1'

/**
 * Driver with port, and address, where they mean something: a VLAN or bond has the address of what it is built from. A
 * veth stands for a network card in a container. Empty where /sys shows another network namespace than ours.
 */
export function readHardware({ name, index, kind }: Link): readonly string[] {
  if (!isInterfaceName(name)) return []
  const folder = join(paths.netDevices, name)
  const read = (file: string) => readIfThere(join(folder, file), 4096)?.trim() ?? ''
  try {
    if (read('ifindex') !== String(index)) return []
    const port = portOf(folder)
    const isDevice = port !== null || kind === 'veth'
    const address = read('address')
    const isOwn = isDevice && address !== '' && read('addr_assign_type') !== randomAddress
    return [...(port === null ? [] : [`path ${port}`]), ...(isOwn ? [`mac ${address}`] : [])]
  } catch {
    // It went away between two reads.
    return []
  }
}

/** `qmi_wwan /devices/pci0000:00/.../1-2:1.4`; null where it is not a device. */
function portOf(folder: string): string | null {
  try {
    const device = realpathSync.native(join(folder, 'device'))
    // The WWAN subsystem counts its own devices in between, as names do.
    const path = device.replace(/^\/sys/, '').replace(/\/wwan\/wwan\d+$/, '')
    return `${driverOf(join(folder, 'device')) ?? '-'} ${path}`
  } catch {
    return null
  }
}

function driverOf(device: string): string | null {
  try {
    return basename(readlinkSync(join(device, 'driver')))
  } catch {
    return null
  }
}
