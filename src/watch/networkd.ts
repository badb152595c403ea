/** systemd-networkd's news: org.freedesktop.network1(5). */
import type { Bus } from '../os/bus.ts'

const service = 'org.freedesktop.network1'

/**
 * Calls `onChange` when a property of the manager or of a link changes (a renewal with a new gateway shows as
 * AdministrativeState configuring -> configured, and in the kernel not always), and when networkd comes or goes.
 * Returns what stops it.
 */
export function watchNetworkd(bus: Bus, onChange: (reason: string) => void): () => void {
  const stops = [
    bus.subscribe(
      {
        sender: service,
        interface: 'org.freedesktop.DBus.Properties',
        member: 'PropertiesChanged',
        pathNamespace: '/org/freedesktop/network1',
      },
      () => onChange('networkd'),
    ),
    bus.watchOwner(service, () => onChange('networkd')),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
