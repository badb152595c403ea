import { addresses } from '../lab/names.ts'
import { leftToOthers, netplanApply } from './files.ts'
import { managerSuite } from './suite.ts'

await managerSuite({
  name: 'netplan, networkd',
  releases: ['bookworm', 'trixie'],
  packages: () => ['netplan.io'],
  setup: () =>
    leftToOthers(
      {
        '/etc/netplan/01-lines.yaml': `network:
  version: 2
  renderer: networkd
  ethernets:
    wan1: {dhcp4: true}
    wan2: {dhcp4: true}
    lan0: {addresses: [${addresses.lanRouter}/24]}
`,
      },
      ['systemd-networkd.service'],
    ),
  verbs: {
    down: 'networkctl down wan2',
    up: 'networkctl up wan2',
    reapply: netplanApply,
    restart: 'systemctl restart systemd-networkd',
  },
  // `netplan apply` has networkd give up all leases, whoever is there: docs/managers.md.
  harmless: ['restart'],
})
