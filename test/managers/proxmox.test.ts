import { interfaces } from './files.ts'
import { managerSuite } from './suite.ts'

/** As Proxmox's installer writes the first one: the card is a port of a bridge that guests are ports of, too. */
const bridge = (i: number, ...more: readonly string[]) =>
  [
    `auto wan${i}\niface wan${i} inet manual\n`,
    `auto vmbr${i - 1}\niface vmbr${i - 1} inet static`,
    `    address 10.${i}.0.10/24`,
    ...more,
    `    bridge-ports wan${i}`,
    '    bridge-stp off',
    '    bridge-fd 0\n',
  ].join('\n')

await managerSuite({
  name: 'ifupdown2, bridges as on Proxmox',
  releases: ['bookworm', 'trixie'],
  packages: () => ['ifupdown2', 'bridge-utils'],
  without: ['ifupdown', 'dhcpcd-base', 'isc-dhcp-client'],
  isStatic: true,
  uplinks: ['vmbr0', 'vmbr1'],
  setup: () => interfaces([bridge(1, '    gateway 10.1.0.1'), bridge(2)], ['networking.service']),
  verbs: {
    down: 'ifdown vmbr1',
    up: 'ifup vmbr1',
    reapply: 'ifreload -a',
    restart: 'systemctl restart networking',
  },
  harmless: ['reapply'],
  toWrite: {
    said: ['write [uplink vmbr0]', 'write [uplink vmbr1] with gateway = ADDRESS'],
    script: `printf '[uplink vmbr0]\\n[uplink vmbr1]\\ngateway = 10.2.0.1\\n' >/etc/ifbalance/conf.d/bridges.conf
      systemctl reload ifbalance`,
  },
})
