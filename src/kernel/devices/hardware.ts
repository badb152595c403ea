/** What stays of a network device when it is plugged in again (Documentation/ABI/testing/sysfs-class-net). */
import { readlinkSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { paths } from '../../layout.ts'
import type { Link } from '../../model/kernel.ts'
import { isInterfaceName } from '../../net/valid.ts'
import { readIfThere } from '../../os/files.ts'

/** The value of addr_assign_type for an address that was made up at random for as long as the device is there. */
const randomAddress = '1'

/**
 * What identifies a device's hardware, as `Link.hardware`: driver with port, and address where it is the device's own
 * (a VLAN or bond has that of what it is built from). A veth counts as hardware, as it is the network card of a
 * container. Empty where /sys shows another network namespace than ours.
 *
 * What was read of this very device is kept while name, number and `address`, as netlink tells it, are the same, also where
 * it was nothing, as of containers' cables: with 63 uplinks it is a fifth of what looking costs, with 1,000 cables a quarter.
 */
export function readHardware(link: Link, address: string): readonly string[] {
  const key = `${link.name} ${link.index} ${address}`
  const known = kept.get(key)
  if (known) return known
  const found = readAnew(link)
  if (found === null) return []
  if (kept.size >= mostKept) kept.clear()
  kept.set(key, found)
  return found
}

const kept = new Map<string, readonly string[]>()
const mostKept = 4096

/** Null where the device is not to be seen: /sys may show another namespace, or it has gone. */
function readAnew({ name, index, kind }: Link): readonly string[] | null {
  if (!isInterfaceName(name)) return null
  const folder = join(paths.netDevices, name)
  const read = (file: string) => readIfThere(join(folder, file), 4096)?.trim() ?? ''
  try {
    if (read('ifindex') !== String(index)) return null
    const port = portOf(folder)
    const isDevice = port !== null || kind === 'veth'
    const address = read('address')
    const isOwn = isDevice && address !== '' && read('addr_assign_type') !== randomAddress
    return [...(port === null ? [] : [`path ${port}`]), ...(isOwn ? [`mac ${address}`] : [])]
  } catch {
    // The device went away between two reads.
    return null
  }
}

/**
 * Driver and port, such as `qmi_wwan /devices/pci0000:00/.../1-2:1.4`; null where no hardware is behind the interface.
 */
function portOf(folder: string): string | null {
  try {
    const device = realpathSync.native(join(folder, 'device'))
    // The WWAN subsystem puts devices of its own in between, whose numbers may be others each time.
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
