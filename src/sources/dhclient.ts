/** ISC's DHCP client: its hook, and the lease files that it wrote before us. */
import { readDhcpEvent } from './dhcp.ts'
import { keepEarlierLeases } from './earlier-leases.ts'
import type { TellingSource } from './source.ts'

export const dhclient: TellingSource = {
  hooks: { dhclient: { device: 'interface', read: (device, env) => readDhcpEvent('dhclient', device, env) } },
  earlier: { when: 'started', keep: keepEarlierLeases },
}
