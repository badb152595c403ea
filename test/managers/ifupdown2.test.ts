import { interfaces } from './files.ts'
import { managerSuite } from './suite.ts'

await managerSuite({
  name: 'ifupdown2',
  releases: ['bookworm', 'trixie'],
  packages: () => ['ifupdown2', 'isc-dhcp-client'],
  without: ['ifupdown', 'dhcpcd-base'],
  setup: () =>
    interfaces(['auto wan1\niface wan1 inet dhcp\n', 'auto wan2\niface wan2 inet dhcp\n'], ['networking.service']),
  verbs: {
    down: 'ifdown wan2',
    up: 'ifup wan2',
    reapply: 'ifreload -a',
    restart: 'systemctl restart networking',
  },
  harmless: ['reapply'],
})
