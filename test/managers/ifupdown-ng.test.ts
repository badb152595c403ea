import { interfaces } from './files.ts'
import { managerSuite } from './suite.ts'

await managerSuite({
  name: 'ifupdown-ng',
  releases: ['bookworm', 'trixie'],
  // Debian 13 has what takes the place of ifupdown's programs in a package of its own, which works with the other alone.
  packages: (release) => ['ifupdown-ng', ...(release === 'trixie' ? ['ifupdown-ng-compat'] : []), 'isc-dhcp-client'],
  without: ['ifupdown', 'dhcpcd-base'],
  setup: () =>
    interfaces(['auto wan1\niface wan1 inet dhcp\n', 'auto wan2\niface wan2 inet dhcp\n'], ['networking.service']),
  verbs: { down: 'ifdown wan2', up: 'ifup wan2', restart: 'systemctl restart networking' },
  harmless: [],
})
