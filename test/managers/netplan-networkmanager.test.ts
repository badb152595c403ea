import { addresses } from '../lab/names.ts'
import { leftToOthers, netplanApply } from './files.ts'
import { managerSuite } from './suite.ts'

await managerSuite({
  name: 'netplan, NetworkManager',
  releases: ['bookworm', 'trixie'],
  // As in networkmanager.test.ts.
  renewsLate: ['bookworm'],
  packages: () => ['netplan.io', 'network-manager'],
  setup: () =>
    leftToOthers(
      {
        '/etc/netplan/01-lines.yaml': `network:
  version: 2
  renderer: NetworkManager
  ethernets:
    wan1: {dhcp4: true}
    wan2: {dhcp4: true}
    lan0: {addresses: [${addresses.lanRouter}/24]}
`,
      },
      ['NetworkManager.service'],
    ),
  verbs: {
    down: 'nmcli connection down netplan-wan2',
    up: 'nmcli connection up netplan-wan2',
    reapply: netplanApply,
    restart: 'systemctl restart NetworkManager',
  },
  harmless: ['restart'],
})
