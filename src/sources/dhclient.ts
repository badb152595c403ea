/** ISC's DHCP client: its hook, and the lease files that it wrote before we were installed. */
import { readDhcpEvent } from './dhcp.ts'
import type { TellingSource } from './source.ts'

export const dhclient: TellingSource = {
  hooks: { dhclient: { device: 'interface', read: (device, env) => readDhcpEvent('dhclient', device, env) } },
  earlier: { when: 'started', keep: async () => (await import('./earlier-leases.ts')).keepEarlierLeases() },
}
