/** dhcpcd(8): its hook, and whether it made a default route. */
import { readDhcpEvent } from './dhcp.ts'
import { withDefaultRoute } from './dhcpcd-route.ts'
import type { TellingSource } from './source.ts'

export const dhcpcd: TellingSource = {
  hooks: {
    dhcpcd: {
      device: 'interface',
      complete: withDefaultRoute,
      read: (device, env) => readDhcpEvent('dhcpcd', device, env),
    },
  },
}
